import html
import re
from dataclasses import replace

import numpy as np
import pytest

from detector import Detector
from detector.records.result import Finding, Segment
from detector.report.highlight import (
    _breaks_without_tokens,
    paragraphs,
    percent,
    token_lines,
    units_of,
    unshaded_paragraphs,
)
from detector.report.outline import paragraphs_of
from tests.conftest import TRAINING_TEXT, make_classifier

TEXT = "A title\n\n" + TRAINING_TEXT + "\n\n  " + TRAINING_TEXT + " The end.\n"


@pytest.fixture(scope="module")
def result(tiny):
    return Detector(tiny, make_classifier(tiny), alternatives=10).detect(TEXT)


def plain(marked: str) -> str:
    """What the reader sees, without sentence numbers and labels of parts."""
    without = re.sub(r'<sup>\d+</sup>|<span class="part[^"]*">[^<]*</span>|<wbr>', "", marked)
    return html.unescape(re.sub(r"<[^>]*>", "", without))


def test_the_whole_text_is_there_with_its_paragraphs(result):
    shown = [plain(paragraph.html) for paragraph in paragraphs(result, result.evidence)]
    expected = [part.strip() for part in re.split(r"\n\s*\n", TEXT)]
    assert [" ".join(part.split()) for part in shown] == [" ".join(part.split()) for part in expected]


def test_every_row_of_the_table_belongs_to_one_span_in_the_same_order(result):
    spans = re.findall(
        r'<span class="t[^>]*>(.*?)</span>', "".join(p.html for p in paragraphs(result, result.evidence))
    )
    rows = [line.split("\t")[4] for line in token_lines(result.evidence)]
    assert [html.unescape(span).strip() or "(blank)" for span in spans] == rows
    assert "(blank)" in rows  # the paragraphs are parted by a token of their own here
    assert len(rows) == len(result.evidence.spans)


def test_classes_follow_the_numbers_of_whole_words(result):
    """A slow and obvious reading of rank, fraction, surprise and evidence: every piece of a word is marked alike."""
    scores, nats, spans = result.evidence.scores, result.evidence.token_evidence, result.evidence.spans
    found = re.findall(r'<span class="t([^"]*)">', "".join(p.html for p in paragraphs(result, result.evidence)))
    marked = 0
    for word in re.finditer(r"\S+", TEXT):
        inside = [
            i for i, (a, b) in enumerate(spans)
            if TEXT[a:b].strip() and word.start() <= a + len(TEXT[a:b].rstrip()) - 1 < word.end()
        ]  # fmt: skip
        rank = max(scores.rank[i] for i in inside)
        bits = sum(-scores.log_prob_nats[i] for i in inside) / np.log(2)
        fraction = min(np.exp(scores.log_prob_nats[i] - scores.max_log_prob_nats[i]) for i in inside)
        total = sum(nats[i] for i in inside)
        level = 0 if rank == 1 else 1 + (fraction < 0.1) + (fraction < 0.01)
        lean = sum(abs(total) >= limit for limit in (0.1, 0.25))
        names = {
            f"r{sum(rank > limit for limit in (10, 100, 1000))}",
            f"b{sum(bits >= limit for limit in (4, 8, 12))}",
            f"f{level}",
            f"{'m' if total > 0 else 'h'}{lean}",
        } - {"r0", "b0", "f0", "h0", "m0"}
        assert {frozenset(found[i].split()) for i in inside} == {frozenset(names)}, word
        marked += len(inside) > 1
    assert marked  # there are words of more than one token


def test_no_mark_sits_on_layout(tiny):
    text = f"# {TRAINING_TEXT}\n\n1. **Boats**: {TRAINING_TEXT}\n\n- [ ] Ropes.\n\nPage 1 of 2"
    found = Detector(tiny, make_classifier(tiny)).detect(text)
    loud = replace(found.evidence, token_evidence=np.full(len(found.evidence.spans), 9.0))
    shown = [p.html for p in paragraphs(found, loud)]
    tokens = re.findall(r'<span class="t([^"]*)">([^<]*)</span>', "".join(shown))
    marked = {html.unescape(token).strip() for classes, token in tokens if "m2" in classes.split()}
    assert any(token.isalpha() for token in marked)
    assert not [token for token in marked if set(token) & set("#*[]")]
    number, boats = shown[1].index("1."), re.search("m2", shown[1])
    assert number < boats.start()
    assert " m2" in shown[1]
    assert " m2" not in shown[3]  # the footer


def test_tokens_that_share_a_character_are_one_unit(tiny):
    """The tiny vocabulary spells a Chinese character in three bytes, each a token of its own."""
    text = TRAINING_TEXT.replace("harbour", "\u4e2d", 1)
    found = Detector(tiny, make_classifier(tiny)).detect(text)
    units = units_of(found.evidence.spans)
    assert len(units) < len(found.evidence.spans)
    assert sum(unit.last - unit.first + 1 for unit in units) == len(found.evidence.spans)
    shown = "".join(p.html for p in paragraphs(found, found.evidence))
    assert shown.count("\u4e2d") == 1
    assert shown.count('class="t') == len(units) == len(list(token_lines(found.evidence)))


def test_a_line_says_what_the_scores_say(result):
    rank, probability, bits, nats, token, *choices = list(token_lines(result.evidence))[7].split("\t")
    scores = result.evidence.scores
    assert int(rank) == scores.rank[7]
    assert probability.strip() == percent(float(np.exp(scores.log_prob_nats[7])))
    assert bits.strip() == f"{scores.surprisal_bits[7]:.1f}"
    assert nats.strip() == f"{result.evidence.token_evidence[7]:+.2f}"
    assert token == TEXT[slice(*result.evidence.spans[7])].strip()
    assert [choice.rsplit(" ", 2)[1] + " %" for choice in choices] == [
        percent(float(np.exp(v))) for v in scores.top_log_prob_nats[7, :5]
    ]


def test_without_alternatives_there_are_no_choices(tiny):
    found = Detector(tiny, make_classifier(tiny)).detect(TEXT)
    assert all(line.count("\t") == 4 for line in token_lines(found.evidence))


def test_parts_and_findings_are_marked_in_the_text(result):
    middle = TEXT.index("  " + TRAINING_TEXT) + 2
    parts = (
        Segment(0, middle, "human", "human", -9.0, 0.0, 0.01),
        Segment(middle, len(TEXT), "machine", "machine", 9.0, 1.0, 0.001),
    )
    at = TEXT.index("harbour")
    findings = (Finding("invisible_character", at, at + 1, "x"), Finding("quotation", 0, 7, "x"))
    marked = replace(result, segments=parts, findings=findings)
    shown = [p.html for p in paragraphs(marked, marked.evidence)]
    assert "Part 1: reads like human writing" in shown[0]
    assert "Part 2: reads like machine text" in shown[2]
    assert shown[1].count(" flag") == 1
    assert " quoted" in shown[0]
    assert "Part" not in "".join(p.html for p in paragraphs(result, result.evidence))


def test_a_part_that_begins_within_a_sentence_is_marked_where_it_does(result):
    middle = TEXT.index("and the boats", 50 + len(TRAINING_TEXT))  # in the first sentence of the last paragraph
    parts = (
        Segment(0, middle - 1, "human", "human", -9.0, 0.0, 0.01),
        Segment(middle, len(TEXT), "machine", "machine", 9.0, 1.0, 0.001),
    )
    marked = replace(result, segments=parts)
    shown = [str(p.html) for p in paragraphs(marked, marked.evidence)]
    before, after = shown[2].split("Part 2: reads like machine text")
    assert plain(before.rpartition("<span")[0]).split()[-2:] == ["the", "harbour,"]
    assert plain(after.partition("</span>")[2]).split()[:2] == ["and", "the"]
    assert [plain(p) for p in shown] == [plain(p.html) for p in paragraphs(result, result.evidence)]
    ids = re.findall(r'id="s(\d+)"', "".join(shown))
    assert ids == [str(number) for number in range(1, len(ids) + 1)]


def test_a_word_without_end_may_be_broken(result):
    """The same scores over a text whose blanks are gone."""
    evidence = replace(result.evidence, text=result.evidence.text.replace(" ", "x").replace("\n", "x"))
    found = replace(result, evidence=evidence)
    shown = "".join(p.html for p in paragraphs(found, found.evidence))
    assert shown.count("<wbr>") >= 6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one", ["one"]),
        ("one\ntwo", ["one", "two"]),
        ("one\n\ntwo\nthree", ["one", "two\nthree"]),
        ("\r\n\r\none\r\n\r\n\r\ntwo\r\nthree", ["one", "two\r\nthree"]),
        ("one\r\ntwo", ["one", "two"]),
        ("  \n \n ", []),
        ("", []),
    ],
)
def test_paragraphs(text, expected):
    assert [text[a:b] for a, b in paragraphs_of(text)] == expected


def test_a_run_of_pictures_is_searched_once():
    """Each search for a place to break begins behind the last one, and none goes on where there is no such place."""
    assert _breaks_without_tokens("\U0001f600" * 5000) == set()
    assert _breaks_without_tokens("y" * 95 + " " + "z" * 41) == {40, 80, 136}
    assert _breaks_without_tokens("\U0001f600" * 50 + "y") == {50}


def test_unshaded_paragraphs_hold_every_character_once():
    text = "  Plain <b> words.\r\n\r\n" + "y" * 95 + " \U0001f468\u200d\U0001f469 end.\n"
    findings = [Finding("quotation", 2, 12, ""), Finding("lookalike_letter", 8, 9, ""), Finding("odd", 900, 901, "")]
    found = [str(paragraph.html) for paragraph in unshaded_paragraphs(text, findings)]
    assert len(found) == 2
    assert [plain(shown) for shown in found] == [text[a:b] for a, b in paragraphs_of(text)]
    assert found[0].startswith(
        '  <span class="quoted">Plain </span><span class="flag">&lt;</span><span class="quoted">'
    )
    assert found[1].split("<wbr>")[:2] == ["y" * 40, "y" * 40]
    assert list(unshaded_paragraphs("", [])) == []
