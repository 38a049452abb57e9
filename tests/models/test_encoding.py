"""Spans of tokens, whatever the tokenizer does to the text first; long texts are read in pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from detector.models.encoding import TextEncoder
from tests.conftest import TRAINING_TEXT

TEXT = "caf\u00e9 noir caf\u00e9s na\u00efve \u00e9t\u00e9 boats "


def encoder(*steps, pre_tokenizer=None):
    backend = Tokenizer(models.BPE())
    backend.normalizer = normalizers.Sequence(list(steps))
    backend.pre_tokenizer = pre_tokenizer or pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator([TEXT * 20], trainer)
    return TextEncoder(PreTrainedTokenizerFast(tokenizer_object=backend))


def pieces(found, text):
    """The distinct stretches of text that tokens span, in order."""
    _, starts, ends = found.encode(text)
    return list(dict.fromkeys(text[a:b] for a, b in zip(starts, ends, strict=True)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cafe\u0301 noir", ["cafe\u0301", " noir"]),
        ("e\u0301te\u0301", ["e\u0301", "te\u0301"]),
        ("cafe\u0301", ["cafe\u0301"]),
        # composed to one letter that is cut into bytes: each of its tokens spans the whole of it
        ("a\u0323\u0302 b", ["a\u0323\u0302", " ", "b"]),
        # the second accent stays a character of its own
        ("e\u0301\u0301 b", ["e\u0301", "\u0301", " ", "b"]),
        # Hangul of three letters is composed to one syllable
        ("\u1100\u1161\u11a8 b", ["\u1100\u1161\u11a8", " ", "b"]),
        # nothing to compose: a mark with tokens of its own keeps them
        ("x\u0301 noir", ["x", "\u0301", " noir"]),
        ("caf\u00e9 noir", ["caf\u00e9", " noir"]),
    ],
)
@pytest.mark.parametrize("form", [normalizers.NFC, normalizers.NFKC])
def test_a_composed_accent_belongs_to_its_letter(form, text, expected):
    assert pieces(encoder(form()), text) == expected


def test_an_accent_that_is_dropped_belongs_to_its_letter_too():
    dropping = encoder(normalizers.NFD(), normalizers.StripAccents())
    assert pieces(dropping, "cafe\u0301 boats")[-1] == " boats"


def test_what_is_no_mark_belongs_to_the_token_after_it():
    words = encoder(normalizers.NFC(), pre_tokenizer=pre_tokenizers.WhitespaceSplit())
    assert pieces(words, "cafe\u0301 boats")[-1].startswith(" ")
    assert pieces(words, "  \u0301cafe\u0301")[0].startswith("  ")


@pytest.mark.parametrize("text", ["\u0301a", "\u0301", "a \u0301 b", "e\u0301" * 50, "\u1161\u1100\u1161\u1161"])
def test_spans_leave_no_gap(text):
    for found in (encoder(normalizers.NFC()), encoder(normalizers.NFD(), normalizers.StripAccents())):
        ids, starts, ends = found.encode(text)
        if len(ids):
            assert (starts[0], ends[-1]) == (0, len(text))
            assert (starts[1:] <= ends[:-1]).all()
            assert (starts[:-1] <= starts[1:]).all()
            assert (ends[:-1] <= ends[1:]).all()
            assert (starts < ends).all()


WILD = st.lists(
    st.one_of(
        st.sampled_from(
            [" ", "  ", "\n", "\n\n ", "\t", "'s", " don't ", "1984", ".", " \u00e9t\u00e9", "\U0001f6a2", "\u0301"]
        ),
        st.text("abcXY ", max_size=12),
        st.text(max_size=5),
    ),
    max_size=60,
).map("".join)


def bare(pre_tokenizer, *added):
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    backend.train_from_iterator(
        [TRAINING_TEXT * 5], trainers.BpeTrainer(vocab_size=500, initial_alphabet=alphabet, show_progress=False)
    )
    backend.add_tokens(list(added))
    return TextEncoder(PreTrainedTokenizerFast(tokenizer_object=backend))


BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False)
DIGITS = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), BYTES])


@pytest.mark.parametrize("found", [bare(BYTES), bare(DIGITS)], ids=["bytes", "digits"])
@given(text=WILD)
def test_a_long_text_read_in_pieces_has_the_tokens_it_has_as_a_whole(found, text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detector.models.encoding.PIECE_CHARACTERS", 3)
        assert found._reads_words_alone
        in_pieces = found.encode(text)
        assert len(list(found._cuts("ab cd ef gh" * 3))) > 3
        found._reads_words_alone = False
        whole = found.encode(text)
        found._reads_words_alone = True
    for one, other in zip(in_pieces, whole, strict=True):
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize(
    "found",
    [
        encoder(normalizers.NFC()),  # rewrites the text first
        bare(pre_tokenizers.ByteLevel(add_prefix_space=True)),  # puts a space in front
        bare(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)),  # does not part words
        bare(pre_tokenizers.Metaspace()),
        bare(BYTES, "the boats"),  # a token that reaches over a space
    ],
    ids=["normalizer", "prefix space", "no words", "metaspace", "added"],
)
def test_a_text_whose_tokens_a_cut_might_change_is_never_cut(found):
    assert list(found._cuts("the boats " * 30_000)) == [(0, 300_000)]
