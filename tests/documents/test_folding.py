import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.documents.edits import MappedText
from detector.documents.folding import as_given, fold, lay_out, mend
from tests.documents.honest_passages import HONEST

SAMPLES = sorted((Path(__file__).parents[2] / "datasets" / "samples").glob("*.txt"))
HIDING = "\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2061\u2062\u2063\u2064"
NASTY = st.text(
    alphabet=st.sampled_from(
        "ab eIt.,;:!?)(&#1;0x \n\t\u00a0\u2004\u3000"
        + HIDING
        + "\u0430\u0435\u0456\u03bf\u03b1\u0251\u0131\ua731\uff41\uff0c"
        "\U0001d41a\u0301\u0336\ufe0f\u2764\U0001f468\u3164\u0628\u0915\u201c\u2026\ufb03\U000e0041\u06f0\ud800"
    )
)

fold("\u200b \u0430b \uff41 \u0301")  # what is made once takes longer than Hypothesis allows an example


def test_whitespace_quotes_and_invisible_marks():
    text = "\u201cOne\u00a0two\u201d,\r\n\r\n it\u2019s\u200b so\u2026 "
    folded = fold(text)
    assert folded.text == '"One two", it\'s so...'
    assert [(one.kind, one.start) for one in folded.disguises] == [("invisible_character", text.index("\u200b"))]


@given(st.one_of(st.text(), NASTY))
def test_every_folded_character_leads_back_to_the_text(text):
    for folded in (fold(text), mend(text), lay_out(text), as_given(text)):
        assert len(folded.text) == len(folded.starts) == len(folded.ends)
        previous = 0
        for start, end in zip(folded.starts.tolist(), folded.ends.tolist(), strict=True):
            assert previous <= start < end <= len(text)
            previous = start
        for one in folded.disguises:
            assert 0 <= one.start < one.end <= len(text)


@given(st.text())
def test_a_character_that_stays_leads_back_to_itself(text):
    folded = fold(text)
    told = {one.start for one in folded.disguises}
    for character, start, end in zip(folded.text, folded.starts, folded.ends, strict=True):
        if end - start == 1 and start not in told and text[start] != character:
            assert (
                unicodedata.normalize("NFKC", text[start]) != text[start]
                or text[start].isspace()
                or (not text[start].isascii() or text[start] == "`")
            )


@given(st.one_of(st.text(), NASTY))
def test_folding_twice_changes_nothing_more(text):
    once = fold(text).text
    assert fold(once).text == once


@given(st.text(alphabet=st.sampled_from("ab \n\t\u00a0" + HIDING)))
def test_no_layout_survives(text):
    folded = fold(text).text
    assert "  " not in folded
    assert folded == folded.strip()
    assert not set(folded) & set(HIDING + "\n\t\u00a0")


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


def test_ligatures_lead_back_to_the_whole_of_themselves():
    text = "an o\ufb03ce"
    folded = fold(text)
    assert folded.text == "an office"
    assert [folded.original_span(at, at + 1) for at in (4, 5, 6)] == [(4, 5)] * 3
    assert folded.original_span(7, 9) == (5, 7)


def test_what_is_mended_keeps_its_layout():
    assert mend(" \u201cp\u0430ss\u201d\n\nword\ufe0f , so ").text == " \u201cpass\u201d\n\nword , so "


def test_without_looking_for_disguises_they_stay():
    assert lay_out("a\u200b  p\u0430ss\u2026").text == "a\u200b p\u0430ss..."


def test_edits_map_back_through_edits():
    once = MappedText.of("abcdef").edited([(1, 3, "X"), (4, 5, "")])
    assert (once.text, once.starts.tolist(), once.ends.tolist()) == ("aXdf", [0, 1, 3, 5], [1, 3, 4, 6])
    twice = once.edited([(1, 3, "yz")])
    assert (twice.text, twice.starts.tolist(), twice.ends.tolist()) == ("ayzf", [0, 1, 1, 5], [1, 4, 4, 6])


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_ordinary_prose_folds_to_its_words_between_single_spaces(path):
    """As in the versions before, on whose folding calibrations rest."""
    text = path.read_text(encoding="utf-8")
    straight = text.translate(str.maketrans("\u2018\u2019\u201c\u201d", "''\"\""))
    folded = fold(text)
    assert folded.text == " ".join(straight.split())
    assert not folded.disguises


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("One , two . Three ; four", "One, two. Three; four"),
        ('He said "no" , and (so) . They went . ', 'He said "no", and (so). They went.'),
        ("a word , two slips . only", "a word , two slips . only"),
        ("Use .NET , .5 mm , and so . It is \u2026", "Use .NET, .5 mm, and so. It is ..."),
        ("So :) and ;) , well , then , wait . . . yes", "So :) and ;), well, then, wait . . . yes"),
        ("\u00ab Qui est l\u00e0 ? \u00bb he said , so , well .", '" Qui est l\u00e0 ? " he said, so, well.'),
        ("Why ? Well ! No : it is ; so", "Why? Well! No: it is; so"),
    ],
)
def test_spaces_before_punctuation_are_how_a_text_is_set_unless_they_are_few(text, folded):
    assert fold(text).text == folded


def test_full_width_punctuation_is_plain_and_its_space_is_part_of_it():
    text = "Hello\uff0cworld\uff0e Is it\uff1f \uff08Yes\uff09 in \uff11\uff19\uff14\uff15\u3002"
    folded = fold(text)
    assert folded.text == "Hello, world. Is it? (Yes) in 1945."
    assert len(folded.full_width) == 10
    assert fold("\u4f60\u597d\uff0c\u4e16\u754c\u3002").text == "\u4f60\u597d\uff0c\u4e16\u754c\u3002"


def test_accents_behind_their_letters_are_composed():
    text = "cafe\u0301 noir"
    folded = fold(text)
    assert folded.text == "caf\u00e9 noir"
    assert folded.original_span(3, 4) == (3, 5)
    assert not folded.disguises


def test_what_is_left_of_a_web_page_is_read_as_what_it_means():
    folded = fold("Smith &amp;amp; Sons &lt;3 caf&eacute; &nbsp; AT&T &foo; &copy=1")
    assert folded.text == "Smith & Sons <3 caf\u00e9 AT&T &foo; &copy=1"
    assert not folded.disguises


def test_honest_writing_is_not_called_a_disguise():
    """At least 120 passages of many scripts and kinds; under 1 % of them may have a finding."""
    passages = [passage for some in HONEST.values() for passage in some]
    assert len(passages) >= 120
    accused = [passage for passage in passages if fold(passage).disguises]
    assert len(accused) < 0.01 * len(passages), accused


def test_honest_writing_in_one_document_is_not_called_a_disguise():
    """Evidence that adds up over a text must not do so over many honest passages."""
    for kind, passages in HONEST.items():
        assert not fold("\n\n".join(passages)).disguises, kind
    everything = "\n\n".join(passage for some in HONEST.values() for passage in some)
    assert not fold(everything).disguises


def test_joiners_that_writing_needs_stay():
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    assert fold(family).text == family


def lines_run(work, *arguments) -> int:
    """Lines of Python that run while the work is done."""
    count = 0

    def count_line(frame, event, _):
        nonlocal count
        count += event == "line"
        return count_line

    before = sys.gettrace()
    sys.settrace(count_line)
    try:
        work(*arguments)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "unit",
    ["\u200bx", "x\u0336", "\U0001f600", "\u0430bc ", "t h i s  ", "&amp;", "&", "\uff41\uff0c", " ,", "\U0001d41a ",
     "x\u03bdx ", "\u2066a\u2069 ", "\u3164a", "a\u00ad", "a b c ", "e\u0301" * 5, "https://x/\u200b"],
)  # fmt: skip
def test_work_grows_no_faster_than_the_text(unit):
    fold(unit)  # what is made once and kept
    few, many = (lines_run(fold, unit * n) for n in (200, 400))
    assert many <= 2.1 * few + 500
