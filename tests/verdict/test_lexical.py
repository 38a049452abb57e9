import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector import CalibrationError
from detector.documents.folding import fold
from detector.verdict.lexical import LexicalModel, ngrams, slots_of, words

SLOTS = 4096


def model_of(**weights):
    array = np.zeros(SLOTS, dtype=np.float32)
    for key, weight in weights.items():
        array[slots_of([key.replace("_", " ")], SLOTS)] = weight
    return LexicalModel(array, intercept=-1.0)


def keys(text):
    return [word.key for word in words(text)]


def test_score_by_hand():
    # "to be or to": to, be, or, "to be", "be or", "or to" are distinct; the second "to" weighs nothing
    model = model_of(to=3.0, be_or=0.5)
    assert model.score("To be or to") == pytest.approx(-1 + 3.5 / np.sqrt(6))
    assert model.score("") == -1


def test_a_weight_stands_at_the_word_that_ends_it():
    found, weights, norm = model_of(to=3.0, be_or=0.5).weigh("to be or to")
    assert [(w.start, w.end) for w in found] == [(0, 2), (3, 5), (6, 8), (9, 11)]
    assert weights.tolist() == pytest.approx([3, 0, 0.5, 0])
    assert norm == pytest.approx(np.sqrt(6))


def test_a_dotted_capital_does_not_shift_the_words_behind_it():
    text = "\u0130stanbul and \u0130zmir"
    assert [(word.key, text[word.start : word.end]) for word in words(text)] == [
        ("istanbul", "\u0130stanbul"),
        ("and", "and"),
        ("izmir", "\u0130zmir"),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("She said \u201cno\u201d.", "she said 'no'."),
        ("It can't be", "it ca n't be"),
        ("It's 1999, and they'll come", "it 's 2024, and they 'll come"),
        ("Slowly \u2014 very slowly \u2014 it rose", "slowly--very slowly -- it rose"),
        ("One\n\nline", "one line"),
        ("3,000 of 12.5", "7 of 9"),
    ],
)
def test_how_it_is_set_says_nothing(one, other):
    assert keys(fold(one).text) == keys(fold(other).text)


@given(st.text())
def test_words_stand_where_they_say(text):
    found = words(text.lower())
    assert all(0 <= word.start < word.end <= len(text.lower()) for word in found)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    distinct, places = ngrams(found)
    assert len(distinct) == len(set(distinct)) == len(places)


def test_saving_and_loading_changes_nothing(tmp_path):
    model = model_of(to=3.0, be_or=0.5)
    model.save(tmp_path / "w.safetensors")
    again = LexicalModel.load(tmp_path / "w.safetensors")
    assert again.fingerprint == model.fingerprint
    assert again.score("to be or") == model.score("to be or")
    assert model_of(to=2.0).fingerprint != model.fingerprint


@pytest.mark.parametrize("content", [b"", b"{}", b"\x08\0\0\0\0\0\0\0{}      "])
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(CalibrationError, match="does not hold word weights"):
        LexicalModel.load(tmp_path / "w")
    with pytest.raises(CalibrationError, match="do not exist"):
        LexicalModel.load(tmp_path / "missing")
