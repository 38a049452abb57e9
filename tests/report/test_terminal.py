import io
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from detector import Detector
from detector.methods.gltr import bucket_of
from detector.records.result import Evidence, Finding, Segment
from detector.report.evidence_summaries import binned_bits, sentence_bits
from detector.report.terminal import marked_text, marks_of, print_result, sparkline
from detector.report.views import VIEWS, word_levels
from tests.conftest import TRAINING_TEXT, make_classifier, make_scores

LONG = "First.\n\n" + TRAINING_TEXT * 2


@pytest.fixture(scope="module")
def result(tiny):
    return Detector(tiny, make_classifier(tiny)).detect(LONG, id="x", path="essay.txt")


def shown(result, view="evidence", width=100, explain=False, is_alone=True, **options):
    console = Console(file=io.StringIO(), width=width, **options)
    print_result(console, result, view, explain, is_alone)
    return console.file.getvalue()


def divided(result):
    """The same in two parts: the heading, and the rest."""
    at = LONG.index(TRAINING_TEXT)
    parts = (
        Segment(0, at - 2, "uncertain", "human", -1.0, 0.3, 0.4),
        Segment(at, len(LONG), "machine", "machine", 9.0, 1.0, 0.001),
    )
    return replace(result, segments=parts)


def leaning(result):
    """The same with evidence of either side, and of every strength."""
    evidence = replace(result.evidence, token_evidence=np.sin(np.arange(len(result.evidence.spans)) / 3) / 3)
    return replace(result, evidence=evidence)


@pytest.mark.parametrize("view", VIEWS)
def test_without_colour_marks_stand_for_the_levels_and_the_text_is_whole(result, view):
    output = shown(leaning(result), view)
    assert "\x1b" not in output
    text = output.split("First.", 1)[1].split("\n\nA score is not proof")[0]
    assert text.translate({ord(mark): None for mark in "~+#<>"}).split() == LONG.split()[1:]
    marks = {re.match("[~+#<>]*", word).group() for word in text.split()}
    assert marks <= set(marks_of(view).values())
    assert marks - {""}


def test_every_level_of_evidence_has_a_mark_and_a_style(result):
    found = leaning(result).evidence
    assert {level for _, _, level in word_levels(found, "evidence")} == set(marks_of("evidence"))
    styles = {span.style for span in marked_text(found, "evidence", colour=True).spans}
    assert len(styles) == 4
    assert {re.match("[<>]*", word).group() for word in marked_text(found, "evidence", colour=False).plain.split()} == {
        "", "<", "<<", ">", ">>"
    }  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_with_colour_the_text_is_unchanged_and_whole_words_are_styled(result, view):
    text = marked_text(leaning(result).evidence, view, colour=True)
    assert text.plain == LONG.rstrip()
    assert text.spans
    for span in text.spans:
        assert LONG[span.start : span.end].split() == [LONG[span.start : span.end]]
        assert LONG[span.start - 1 : span.start].strip() == LONG[span.end : span.end + 1].strip() == ""


def test_a_word_bears_the_mark_of_its_worst_token(result):
    buckets = bucket_of(result.evidence.scores.rank)
    words = marked_text(result.evidence, "rank", colour=False).plain.split()
    position = 0
    for original, marked in zip(LONG.split(), words, strict=True):
        start = LONG.index(original, position)
        position = start + len(original)
        inside = [b for (a, e), b in zip(result.evidence.spans, buckets, strict=True) if a < position and e > start]
        assert marked == marks_of("rank")[max(inside)] + original


def test_a_word_bears_the_sum_of_its_evidence():
    """Two tokens of 0.2 lean strongly together; 0.2 and -0.15 are next to nothing; a blank token is nobody's."""
    spans = [(0, 2), (2, 4), (4, 6), (6, 9), (9, 10)]
    evidence = Evidence(
        "abcd\n\nefg h", make_scores([-1.0] * 5), spans, [(0, 11)], [0] * 5, np.array([0.2, 0.2, 9.0, 0.05, -0.15])
    )
    assert word_levels(evidence, "evidence") == [(0, 4, 2), (6, 9, 0), (10, 11, 0)]
    assert word_levels(replace(evidence, spans=[], token_evidence=np.zeros(0)), "evidence")[0] == (0, 4, 0)


def test_the_verdict_is_said_once_and_a_person_s_questions_are_answered(result):
    output = shown(replace(divided(result), verdict="machine", p_value=0.0123, human_p_value=0.5), view=None)
    first, *rest = output.splitlines()
    assert first == "essay.txt: machine"
    assert not any(line.strip().startswith(("machine", "It reads")) for line in rest)
    assert "Mostly machine-like: paragraph 2 (99 % of the words); paragraph 1 leans human" in output
    assert (
        "how sure  Of 1,000 human texts of its length, at most 12 look this machine-like or more. Of 1,000 machine"
        in output
    )
    assert 'where     line 1, 1 %, leans human, undecided (few words): "First."' in output
    assert "what now  This is a reason to talk with the author" in output
    assert "A score is not proof" in output
    for number in ("score +", "nats", "p-value", "log-rank", "tokens"):
        assert number not in output


def test_a_human_verdict_rests_on_machine_texts_and_says_them_first(result):
    output = shown(replace(result, verdict="human", p_value=0.9, human_p_value=0.004), view=None)
    assert "how sure  Of 1,000 machine texts of its length, at most 4 look this human or more. Of 1,000 human" in output


def test_the_numbers_are_for_those_who_ask(result):
    output = shown(result, view=None, explain=True)
    for number in ("probability machine", "p-value", "statistics ", "guesses ", "surprise ", "by sentence"):
        assert number in output


def test_a_score_that_no_sentence_moves_says_so(result):
    alone = replace(result.explained, sentences=np.zeros_like(result.explained.sentences))
    output = shown(replace(result, explained=alone), view=None, explain=True)
    assert "it rests on the text as a whole" in output
    assert "by sentence" not in output


def test_many_parts_and_sentences_are_counted(result):
    edges = np.linspace(0, len(LONG), 2001).astype(int)
    sides = ["human", "machine"] * 1000
    parts = tuple(
        Segment(int(a), int(b), "uncertain", s, 0.0, 0.5, 0.5) for a, b, s in zip(edges, edges[1:], sides, strict=False)
    )
    output = shown(replace(result, segments=parts), view=None)
    assert "and 1994 more parts" in output
    assert len(output.splitlines()) < 20


def test_parts_of_one_line_are_told_by_their_sentences(tiny):
    text = TRAINING_TEXT * 2
    found = Detector(tiny, make_classifier(tiny)).detect(text)
    at = text.index("He had counted")
    parts = (Segment(0, at, "human", "human", -1, 0.3, 0.1), Segment(at, len(text), "machine", "machine", 1, 0.7, 0.1))
    output = shown(replace(found, segments=parts), view=None)
    assert "where     sentence 1, " in output
    assert "line 1" not in output


def test_one_of_many_is_told_in_short(result):
    output = shown(divided(result), view=None, is_alone=False)
    assert len(output.splitlines()) == 3
    assert "Mostly machine-like" in output


@pytest.mark.parametrize("width", [44, 80, 120])
@pytest.mark.parametrize("view", VIEWS)
def test_lines_fit(result, width, view):
    output = shown(divided(result), view, width, True, force_terminal=True, no_color=True, color_system=None)
    assert max(map(len, output.splitlines())) <= width


def test_a_pipe_gets_whole_lines(result):
    line = next(line for line in shown(result).splitlines() if "how sure" in line)
    assert line.endswith("if every second text were one.")
    assert "this human or more" in line


def test_no_number_is_certain_and_none_reads_as_a_share_of_the_text(result):
    output = shown(replace(result, probability_machine=0.99992, p_value=0.00037), explain=True)
    line = next(line for line in output.splitlines() if "probability machine" in line)
    assert "probability machine above 0.99   p-value below 0.001" in line
    sure = next(line for line in output.splitlines() if "how sure" in line)
    assert "Of 1,000 human texts of its length, fewer than 1 looks this machine-like or more." in sure
    assert "%" not in line + sure


def test_a_text_cannot_steer_the_terminal(tiny):
    hostile = LONG.replace("The old", "\x1b[31m\x07[bold]The\u202e old")
    output = shown(Detector(tiny, make_classifier(tiny)).detect(hostile), force_terminal=False)
    assert "\x1b" not in output
    assert "\x07" not in output
    assert "\u202e" not in output
    assert "[bold]" in output


def test_a_terminal_without_unicode_gets_plain_bars():
    assert sparkline(np.array([0.0, 7.0, 14.0]), ascii_only=True).isascii()


def test_bins_and_sentences_average_the_same_tokens(result):
    bits = result.evidence.scores.surprisal_bits
    assert binned_bits(result.evidence, 1)[0] == pytest.approx(bits.mean())
    assert len(binned_bits(result.evidence, 10**6)) == len(bits)
    sentences = sentence_bits(result.evidence)
    assert sum((b - a) * mean for a, b, mean in sentences) == pytest.approx(bits.sum())
    assert sentences[0][0] == 0
    assert sentences[-1][1] == len(bits)


def test_unscored_results_say_why(tiny):
    output = shown(Detector(tiny, make_classifier(tiny)).detect("Too short."))
    assert "unscored" in output
    assert "more" in output


def test_a_terminal_without_a_letter_gets_a_stand_in(result):
    class Ascii(io.StringIO):
        encoding = "ascii"

    found = divided(result)
    console = Console(file=Ascii(), width=80)
    print_result(console, replace(found, verdict="machine", path="caf\u00e9.txt"), None)
    text = console.file.getvalue().splitlines()
    assert "".join(text[1:]).isascii()


def test_a_finding_is_told_by_its_line(result):
    at = LONG.index("The old")
    found = replace(result, findings=(Finding("lookalike_letter", at, at + 1, "a letter"),) * 7)
    output = shown(found, view=None)
    assert "  found     lookalike letter in line 3: a letter" in output
    assert "  found     2 more, see --html or --json" in output
