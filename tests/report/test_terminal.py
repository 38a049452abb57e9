import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from detector import Detector
from detector.report.evidence_summaries import binned_bits, sentence_bits, token_buckets
from detector.report.terminal import BUCKET_MARKS, marked_text, print_result, sparkline
from tests.conftest import TRAINING_TEXT, make_classifier

LONG = "First.\n\n" + TRAINING_TEXT * 2


@pytest.fixture(scope="module")
def result(tiny):
    return Detector(tiny, make_classifier(tiny)).detect(LONG, id="x", path="essay.txt")


def shown(result, **options):
    console = Console(file=io.StringIO(), width=100, **options)
    print_result(console, result, show_text=True)
    return console.file.getvalue()


def test_without_colour_marks_stand_for_the_buckets_and_the_text_is_whole(result):
    output = shown(result)
    assert "\x1b" not in output
    text = output.split("over 1000\n\n")[-1].split("\n\nA score is not proof")[0]
    assert text.translate({ord(mark): None for mark in "~+#"}).split() == LONG.split()
    assert any(mark in text for mark in BUCKET_MARKS[1:])


def test_with_colour_the_text_is_unchanged_and_styled(result):
    text = marked_text(result.evidence, colour=True)
    assert text.plain == LONG
    assert text.spans


def test_a_word_bears_the_mark_of_its_worst_token(result):
    buckets = token_buckets(result.evidence)
    words = marked_text(result.evidence, colour=False).plain.split()
    position = 0
    for original, marked in zip(LONG.split(), words, strict=True):
        start = LONG.index(original, position)
        position = start + len(original)
        inside = [b for (a, e), b in zip(result.evidence.spans, buckets, strict=True) if a < position and e > start]
        assert marked == BUCKET_MARKS[max(inside)] + original


def test_a_terminal_gets_lines_that_fit_and_a_pipe_whole_ones(result):
    narrow = Console(file=io.StringIO(), width=44, force_terminal=True, no_color=True, color_system=None)
    print_result(narrow, result, show_text=True)
    assert max(map(len, narrow.file.getvalue().splitlines())) <= 44
    explanation = next(line for line in shown(result).splitlines() if result.explanation[:20] in line)
    assert explanation.strip() == result.explanation


def test_no_number_is_certain_and_none_reads_as_a_share_of_the_text(result):
    output = shown(replace(result, probability_machine=0.99992, p_value=0.00037))
    line = next(line for line in output.splitlines() if "probability machine" in line)
    assert "probability machine above 0.99   p-value below 0.001" in line
    assert "%" not in line


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
