"""What a watermark test comes to, in words."""

import math

import pytest

from detector.report.watermark import explanation_of, green_list_lines
from detector.watermark.green_list import PUBLISHED_KEY, GreenList, GreenListResult
from detector.watermark.significance import significance_of
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
    test = green(p, window_p)
    significance = significance_of(test, is_empty=False)
    assert (significance.reason, significance.sign) == (None, sign)
    assert significance.chance == min(1, 2 * min(p, window_p))
    assert explanation_of(test, significance).startswith(words)
    leaning = SynthIdResult(100, 0.5, p, 0.5, window_p)
    assert significance_of(leaning, is_empty=False) == significance
    assert "leans as far" in explanation_of(leaning, significance)


@pytest.mark.parametrize(
    ("n", "is_empty", "reason"), [(0, True, "empty"), (0, False, "too_short"), (15, False, "too_short")]
)
def test_too_little_says_so_and_has_no_sign(n, is_empty, reason):
    for found in (green(math.nan, math.nan, n), SynthIdResult(n, *[math.nan] * 4)):
        significance = significance_of(found, is_empty)
        assert (significance.reason, significance.sign, significance.chance) == (reason, None, None)
        assert "Give a" in explanation_of(found, significance)


def test_the_published_key_is_said():
    assert "published default" in green_list_lines(green(0.5, 0.5), GreenList(400, PUBLISHED_KEY))[-1]
    assert not any("published" in line for line in green_list_lines(green(0.5, 0.5), GreenList(400, 3)))
