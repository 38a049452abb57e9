from hypothesis import given
from hypothesis import strategies as st

from detector.training.tokenizer import train_tokenizer
from tests.conftest import TRAINING_TEXT

TOKENIZER = train_tokenizer([TRAINING_TEXT * 20], vocabulary_size=600)


@given(st.text())
def test_any_string_round_trips(text):
    assert TOKENIZER.decode(TOKENIZER.encode(text).ids, skip_special_tokens=False) == text


@given(st.binary())
def test_any_bytes_that_are_text_round_trip(data):
    text = data.decode("utf-8", errors="ignore")
    assert TOKENIZER.decode(TOKENIZER.encode(text).ids, skip_special_tokens=False) == text


def test_every_byte_has_a_token_and_digits_stand_alone():
    vocabulary = TOKENIZER.get_vocab()
    assert sum(len(token) == 1 for token in vocabulary) >= 256
    assert [t for t in TOKENIZER.encode("in 1984 and 12").tokens if any(c.isdigit() for c in t)] == list("198412")


def test_a_leading_space_belongs_to_its_word():
    assert TOKENIZER.encode("the harbour").tokens[-1].startswith("Ġ")
