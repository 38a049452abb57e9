from pathlib import Path

import pytest

from detector.documents.suitability import count_words, is_prose, words_of
from detector.scoring import engine
from tests.conftest import TRAINING_TEXT


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        (TRAINING_TEXT, True),
        ("", False),
        ("12.5 13.7 88.1 0.2 19 22 31 4.4 " * 20, False),
        ("for(i=0;i<n;i++){x[i]+=y[i]*2;} " * 20, False),
        ("buy now " * 500, False),
        ("x" * 5000, False),
        (Path(engine.__file__).read_text(encoding="utf-8"), False),
        (f"<html><body><p>{TRAINING_TEXT}</p><p>{TRAINING_TEXT}</p></body></html>", False),
        (TRAINING_TEXT + " See <b>there</b>.", True),
    ],
)
def test_prose(text, prose):
    assert is_prose(text) is prose


def test_words():
    assert words_of("It isn\u2019t far, is it? 1984 co-op") == ["It", "isn\u2019t", "far", "is", "it", "co", "op"]
    assert count_words(" one  two\nthree ") == 3
