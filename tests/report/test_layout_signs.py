"""What is layout and what is wording, by example."""

import numpy as np
import pytest

from detector.report.layout_signs import are_layout, layout_mask, layout_spans
from detector.report.views import words_of


def left(text):
    """The text without its layout."""
    return "".join(c for c, is_layout in zip(text, layout_mask(text), strict=True) if not is_layout).strip()


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("## A heading", "A heading"),
        ("A heading\n---------", "A heading"),
        ("* * *", ""),
        ("- first\n* second\n\u2022 third", "first\n second\n third"),
        ("1. first\n 2) second\n(3) third", "first\n  second\n third"),
        ("- [ ] to do", "to do"),
        ("> quoted", "quoted"),
        ("**bold** and _slanted_ and `code`", "bold and slanted and code"),
        ("[words](https://example.org/a)", "words"),
        ("| a | b |\n|---|---|", "a  b"),
        ("Words.\nPage 3 of 12", "Words."),
        ("Words.\n- 7 -", "Words."),
        ("Words.\n\u00a9 2024 Somebody", "Words."),
    ],
)
def test_layout_is_told(text, wording):
    assert left(text) == wording


@pytest.mark.parametrize(
    "text",
    [
        "In 1984. There were twenty - or more - boats.",
        "He said 5 > 3, snake_case and a*b.".replace("*", "x"),
        "I. Newton wrote it, and C. Darwin did not.",
        "The copyright is mine.",
        "It is 3.5 km (see [1]).",
    ],
)
def test_prose_has_none(text):
    assert layout_spans(text) == []


def test_a_line_that_comes_again_and_again_is_a_running_head():
    page = "The Harbour\nA long day it was.\n"
    assert left(page * 2) == (page * 2).strip()
    assert "Harbour" not in left(page * 3)
    assert left("Go home.\n" * 5) == ("Go home.\n" * 5).strip()  # a sentence is none


def test_a_token_is_layout_where_it_holds_no_wording():
    text = "1. **Salt**: white"
    spans = [(0, 1), (1, 2), (2, 5), (5, 9), (9, 12), (12, 18)]  # 1 . _** Salt **: _white
    assert are_layout(text, spans).tolist() == [True, True, True, False, True, False]
    assert not are_layout("Plain words.", [(0, 5)]).any()
    assert np.array_equal(are_layout(text, []), np.zeros(0, dtype=bool))


def test_words_are_shown_without_the_signs_around_them():
    text = "# **Salt**: a *b* \u2014 --- c*d"
    assert [text[a:b] for a, b in words_of(text)] == ["#", "Salt", "a", "b", "\u2014", "---", "c*d"]
