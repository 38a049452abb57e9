"""How the surprise varies along the text, how evenly it is spread, and what stands out."""

import numpy as np
import pytest

from detector.methods import compute
from detector.methods.fluctuation import autocorrelation
from detector.methods.uid import extreme_spans
from tests.conftest import make_scores


def test_surprisal_spread_and_difference():
    # s = 1, 3, 1, 3: mean 2, every deviation 1, every jump 2
    scores = make_scores([-1, -3, -1, -3])
    assert compute("surprisal_std", scores) == pytest.approx(1)
    assert compute("surprisal_difference", scores) == pytest.approx(2)
    # products of neighbours -1, -1, -1 over the sum of squares 4
    assert compute("surprisal_autocorrelation", scores) == pytest.approx(-0.75)


def test_autocorrelation_of_a_longer_lag():
    # deviations 1, -1, 1, -1: products two apart 1, 1 over 4
    assert autocorrelation(np.array([1.0, 3.0, 1.0, 3.0]), lag=2) == pytest.approx(0.5)


def test_uniform_information_density_by_hand():
    # s = 1, 3, 2: mean 2, variance 2/3; |d| = 2, 1; all over n = 3
    scores = make_scores([-1, -3, -2])
    assert compute("uid_variance", scores) == pytest.approx(2 / 3)
    assert compute("uid_difference", scores) == pytest.approx(1)
    assert compute("uid_difference_squared", scores) == pytest.approx(5 / 3)


def test_extreme_spans_are_the_even_and_the_uneven_stretch():
    even, uneven, middle = [1.0, 1.0, 1.0], [0.0, 9.0, 0.0], [1.0, 2.0, 1.0]
    least, most = extreme_spans(make_scores([-s for s in [*middle, *uneven, *even, 5.0]]), length=3)
    assert least.tolist() == even
    assert most.tolist() == uneven
    assert all(np.isnan(span).all() for span in extreme_spans(make_scores([-1.0])))


def test_outliers_are_counted_in_the_models_own_deviations():
    # (s - H) / sqrt(v): 3.5, 2.5, and a sure token that is not the one expected
    scores = make_scores([-8, -6, -0.5], entropy_nats=[1, 1, 0], log_prob_variance=[4, 4, 0])
    assert compute("outlier_share", scores) == pytest.approx(2 / 3)
