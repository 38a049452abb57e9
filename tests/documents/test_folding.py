import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.documents.folding import INVISIBLE, fold


def test_whitespace_quotes_and_invisible_marks():
    text = "\u201cOne\u00a0two\u201d,\r\n\r\n it\u2019s\u200b so\u2026 "
    folded = fold(text)
    assert folded.text == '"One two", it\'s so...'
    assert folded.invisible == (text.index("\u200b"),)


@given(st.text())
def test_every_folded_character_leads_back_to_the_text(text):
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    previous = 0
    for character, start, end in zip(folded.text, folded.starts, folded.ends, strict=True):
        assert previous <= start < end <= len(text)
        previous = int(start)
        if character == " ":
            assert text[start:end].isspace()
        elif text[start:end] == character:
            pass
        elif start in folded.disguised:
            assert character == folded.disguised[int(start)]
        else:
            assert character in "'\".fil\ufffd"


@given(st.text(alphabet=st.characters()))
def test_folding_twice_changes_nothing_more(text):
    once = fold(text).text
    assert fold(once).text == once


@given(st.text(alphabet=st.sampled_from("ab \n\t\u00a0" + INVISIBLE)))
def test_no_layout_survives(text):
    folded = fold(text).text
    assert "  " not in folded
    assert folded == folded.strip()
    assert not set(folded) & set(INVISIBLE + "\n\t\u00a0")


@pytest.mark.parametrize(("start", "end", "expected"), [(0, 3, "One"), (4, 7, "two"), (3, 4, "\r\n \n")])
def test_original_span(start, end, expected):
    text = "One\r\n \ntwo"
    a, b = fold(text).original_span(start, end)
    assert text[a:b] == expected


def test_half_a_surrogate_pair_becomes_the_replacement_character():
    assert fold("a\ud800b").text == "a\ufffdb"


def test_empty_spans():
    assert fold("").original_span(0, 0) == (0, 0)
    assert fold("ab").original_span(2, 2) == (2, 2)
