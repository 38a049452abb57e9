"""Ranks, their logarithms and what is made of them."""

import math

import pytest

from detector.methods import compute
from tests.conftest import make_scores

LN2 = math.log(2)


def test_rank_and_log_rank():
    # ranks 1, 1, 4: mean 2; ln 4 / 3 = 2 ln 2 / 3
    scores = make_scores([-1, -1, -1], rank=[1, 1, 4])
    assert compute("rank", scores) == pytest.approx(2)
    assert compute("log_rank", scores) == pytest.approx(2 * LN2 / 3)


def test_lrr():
    # -(-1 - 2 - 3) / (ln 1 + ln 2 + ln 4) = 6 / (3 ln 2)
    assert compute("lrr", make_scores([-1, -2, -3], rank=[1, 2, 4])) == pytest.approx(2 / LN2)


def test_lrr_is_undefined_when_every_token_is_the_first_choice():
    assert math.isnan(compute("lrr", make_scores([-0.1, -0.2], rank=[1, 1])))


def test_llm_deviation():
    # ranks 1 and 4: (0 + (2 ln 2)^2) / 2
    assert compute("llm_deviation", make_scores([-1, -1], rank=[1, 4])) == pytest.approx(2 * LN2**2)
