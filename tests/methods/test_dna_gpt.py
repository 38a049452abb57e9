"""DNA-GPT: the ending of a text against other endings."""

import math

import pytest

from detector.methods import compute
from detector.scoring import RegeneratedScores
from tests.conftest import make_scores


def test_dna_gpt_by_hand():
    # ending "a b c d", drawn "x a b c" and "q": 3-grams abc, bcd of the text, one shared by the first
    found = RegeneratedScores(
        make_scores([-1.0]), (make_scores([-2.0]), make_scores([-4.0])), "A b, c d.", ("x a b c", "q"), 0
    )
    assert compute("dna_gpt", found) == pytest.approx(2)
    assert compute("dna_gpt_overlap", found) == pytest.approx(3 * math.log(3) / (4 * 2) / 2)
    same = RegeneratedScores(make_scores([-1.0]), (make_scores([-1.0]),), "a b c", ("a b c",), 0)
    assert compute("dna_gpt_overlap", same) == pytest.approx(3 * math.log(3) / 3)
    assert math.isnan(compute("dna_gpt_overlap", RegeneratedScores(make_scores([-1.0]), (), "a b c", (), 0)))


def test_dna_gpt_takes_the_mean_of_each_ending_however_long():
    # a head of 100 tokens at -5 counts nowhere; endings at -3, drawn ones of 100, 50 and 10 tokens at -3: 0
    def text(n, ending=-3.0):
        return make_scores([-5.0] * 100 + [ending] * n)

    def dna_gpt(own, *others):
        return compute("dna_gpt", RegeneratedScores(own, others, "", ("",) * len(others), 100))

    for n in (100, 50, 10):
        assert dna_gpt(text(100), text(n)) == pytest.approx(0)
    # endings at -2 and, ended early, at -4: -1 - (-2 - 4) / 2 = 2; an empty one is none
    assert dna_gpt(text(40, -1), text(40, -2), text(2, -4), text(0)) == pytest.approx(2)
    assert math.isnan(dna_gpt(text(40), text(0)))
    assert math.isnan(dna_gpt(text(0), text(40)))
