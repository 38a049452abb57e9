from pathlib import Path

import pytest

from detector.documents.suitability import count_words, other_than_prose, speakers_in, words_of
from detector.scoring import engine
from tests.conftest import TRAINING_TEXT


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        (TRAINING_TEXT, True),
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
    assert (other_than_prose(text) is None) is prose


def test_words():
    assert words_of("It isn\u2019t far, is it? 1984 co-op") == ["It", "isn\u2019t", "far", "is", "it", "co", "op"]
    assert count_words(" one  two\nthree ") == 3


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("12.5 13.7 88.1 0.2 19 22 31 4.4 " * 20, "figures"),
        ("for(i=0;i<n;i++){x[i]+=y[i]*2;} " * 20, "code"),
        ("buy now " * 500, "repetition"),
        ("x" * 5000, "a run of 5,000 characters"),
        (Path(engine.__file__).read_text(encoding="utf-8"), "code"),
        (f"<p>{TRAINING_TEXT}</p><p>{TRAINING_TEXT}</p>", "marked up (4 tags such as <p>)"),
        (TRAINING_TEXT.replace(",", " <c>").replace(".", " <p>"), "marked up"),
        ("".join(f"[21:{at:02}] mira: the train is late\n" for at in range(9)), "a chat log (9 of 9 lines"),
        ("12/03/2021, 21:04 - Mira: are you there\n" * 6, "a chat log"),
        ("<mira> so are you coming\n<jo> i am on the bus\n" * 4, "a chat log"),
        ("one\t12\t-4.5\ntwo\t13\t0.25\n" * 8, "a table"),
        ("- 12.50 a\n- 13.99 b\n- 4/5 !!\n" * 6, "a list"),
        ("1\n00:00:01,000 --> 00:00:02,500\nHello.\n\n" * 6, "subtitles"),
        ('{"text": "a"}\n{"text": "b"}\n', "JSON Lines (2 records)"),
        ("id,text\n1,It rained\n2,It snowed\n", "a table (2 rows of id, text)"),
    ],
)
def test_the_one_thing_that_applies_is_named(text, name):
    assert other_than_prose(text).startswith(name)


def test_a_conversation_is_told_by_its_speakers():
    play = "Ann: I am not going there.\nBob: But you said so.\nAnn: I said no such thing.\nBob: Well then.\n"
    assert speakers_in(play) == ["Ann", "Bob"]
    assert speakers_in(TRAINING_TEXT + "\nNote: it rained.\nNote: it snowed.") == []
