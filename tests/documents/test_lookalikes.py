"""Letters that pose as Latin ones, and those that are at home in their text."""

import pytest

from detector.documents.folding import fold
from detector.documents.lookalikes import lookalikes


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("p\u0430ssw\u043erd", "password"),
        ("\uff48\uff45\uff4c\uff4c\uff4f", "hello"),
        ("\U0001d5ba\U0001d5bb\U0001d5bc", "abc"),
        ("\uff2e\uff28\uff2b", "NHK"),
        ("H\u0395LLO", "HELLO"),
        ("p\u200b\u0430ss \u0436", "pass \u0436"),
    ],
)
def test_disguises_are_undone(text, plain):
    assert fold(text).text == plain


@pytest.mark.parametrize(
    "text",
    [
        "plain words",
        "\u043f\u0430\u0440\u043e\u043b\u044c \u0438 \u0430",  # Russian, with a word of lookalikes alone
        "\u0430 word and \u043e\u0441\u043e",  # whole words of another alphabet
        "\u0421\u0421\u0421\u0420, \u0422-34",
        "h\u03bd, TNF\u03b1, sin\u03b1",  # symbols of science
        "VIP\u0430 \u0438 VIP\u0443 \u043f\u0440\u0438\u0448\u043b\u0438",  # Russian endings on a foreign word
        "the function \U0001d453 of \U0001d465",  # single symbols of mathematics
        "I\u015f\u0131k caf\u00e9 na\u00efve",  # Latin letters with marks, a dotless i
        "Topkap\u0131 and Ayd\u0131n",
        "\u03bb\u03cc\u03b3\u03bf\u03c2",  # Greek
        "x\u00b2 and 10\u2076, 1\u02e2\u1d57 and 2\u207f\u1d48",
    ],
)
def test_ordinary_writing_is_left_alone(text):
    if "VIP" not in text:
        assert lookalikes(text) == {}
    assert fold(text).text == text


def test_the_mark_leads_back_to_its_place():
    text = "a  p\u0430ss"
    folded = fold(text)
    assert [(one.start, one.meant) for one in folded.disguises] == [(4, "a")]
    assert folded.original_span(3, 4) == (4, 5)
