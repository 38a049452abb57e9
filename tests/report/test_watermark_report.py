"""What a watermark test comes to, in words."""

import math

import pytest

from detector.report.watermark import conclude, green_list_lines
from detector.watermark.green_list import PUBLISHED_KEY, GreenList, GreenListResult
from detector.watermark.synthid import SynthIdResult


def green(p, window_p, n=100):
    return GreenListResult(n, 50, 1.0, p, window_p, None, [])


@pytest.mark.parametrize(
    ("p", "window_p", "sign", "words"),
    [
        (0.5, 0.5, "none", "No sign of this mark"),
        (0.006, 0.5, "none", "No sign"),  # two looks at the text, so the smaller counts double
        (0.002, 0.5, "weak", "A weak sign of this mark: about 1 unmarked text in 250 "),
        (0.5, 1e-5, "strong", "A strong sign of this mark: at most 1 unmarked text in 10,000 "),
    ],
)
def test_the_sentence_follows_the_smaller_p_value_doubled(p, window_p, sign, words):
    conclusion = conclude(green(p, window_p), is_empty=False)
    assert (conclusion.reason, conclusion.sign) == (None, sign)
    assert conclusion.explanation.startswith(words)
    leaning = conclude(SynthIdResult(100, 0.5, p, 0.5, window_p), is_empty=False)
    assert leaning.sign == sign
    assert "leans as far" in leaning.explanation


@pytest.mark.parametrize(
    ("n", "is_empty", "reason"), [(0, True, "empty"), (0, False, "too_short"), (15, False, "too_short")]
)
def test_too_little_says_so_and_has_no_sign(n, is_empty, reason):
    for found in (green(math.nan, math.nan, n), SynthIdResult(n, *[math.nan] * 4)):
        conclusion = conclude(found, is_empty)
        assert (conclusion.reason, conclusion.sign) == (reason, None)
        assert "Give a" in conclusion.explanation


def test_the_published_key_is_said():
    assert "published default" in green_list_lines(green(0.5, 0.5), GreenList(400, PUBLISHED_KEY))[-1]
    assert not any("published" in line for line in green_list_lines(green(0.5, 0.5), GreenList(400, 3)))
