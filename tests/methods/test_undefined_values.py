"""Too few tokens or no variance: NaN, never 0 and never an error."""

import math

import pytest

from detector.methods import compute, plain_methods
from tests.conftest import make_scores


@pytest.mark.parametrize("name", sorted(plain_methods()))
def test_no_tokens_gives_nan(name):
    assert math.isnan(compute(name, make_scores([])))


@pytest.mark.parametrize("name", sorted(plain_methods()))
def test_one_token_and_one_repeated_token_give_a_number_or_nan_but_no_error(name):
    for scores in (make_scores([-2.0]), make_scores([-2.0] * 100, log_prob_variance=[0.0] * 100)):
        assert isinstance(compute(name, scores), float)


def test_undefined_values():
    assert math.isnan(compute("surprisal_std", make_scores([-1.0])))
    assert math.isnan(compute("surprisal_autocorrelation", make_scores([-1.0] * 9)))
    assert math.isnan(compute("lastde", make_scores([-1.0] * 7)))
    assert math.isnan(compute("fast_detect_gpt", make_scores([-1.0], log_prob_variance=[0.0])))
