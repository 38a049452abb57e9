"""DetectGPT and NPR: a text against changed copies of it."""

import math

import pytest

from detector.methods import compute
from detector.scoring import PerturbedScores
from tests.conftest import make_scores


def test_detect_gpt_by_hand():
    # the text has -1, the copies -2 and -4: d = 2, spread 1
    copies = (make_scores([-2.0, -2.0]), make_scores([-4.0]))
    found = PerturbedScores(make_scores([-1.0, -1.0]), copies)
    assert compute("detect_gpt", found) == pytest.approx(2)
    assert compute("detect_gpt_z", found) == pytest.approx(2)
    assert math.isnan(compute("detect_gpt_z", PerturbedScores(found.original, copies[:1])))
    assert math.isnan(compute("detect_gpt", PerturbedScores(found.original, ())))


def test_npr_by_hand():
    # log-ranks: text ln 2, copies ln 4 and ln 16: mean 3 ln 2
    copies = (make_scores([-1], rank=[4]), make_scores([-1], rank=[16]))
    assert compute("npr", PerturbedScores(make_scores([-1], rank=[2]), copies)) == pytest.approx(3)
    assert math.isnan(compute("npr", PerturbedScores(make_scores([-1], rank=[1]), copies)))
