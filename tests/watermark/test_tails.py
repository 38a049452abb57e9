"""Tails of weighted draws are exact, and the bound far out holds."""

import numpy as np
import pytest
from scipy.stats import binom

from detector.watermark.tails import chernoff, weighted_tail


def test_the_weighted_tail_against_every_outcome():
    steps = np.array([5, 3, 2])
    outcomes = [(i, j, k) for i in range(5) for j in range(5) for k in range(5)]
    p = {o: np.prod([binom.pmf(b, 4, 0.5) for b in o]) for o in outcomes}
    for total in range(41):
        expected = sum(q for o, q in p.items() if np.dot(steps, o) >= total)
        assert weighted_tail(total, 4, steps) == pytest.approx(expected, abs=1e-9)


def test_equal_weights_are_the_binomial():
    assert weighted_tail(60, 50, np.array([1, 1])) == pytest.approx(binom.sf(59, 100, 0.5))
    assert weighted_tail(120, 50, np.array([2, 2])) == pytest.approx(binom.sf(59, 100, 0.5))


def test_far_out_the_bound_holds():
    exact = binom.sf(179, 200, 0.5)
    assert exact < 1e-20
    bound = weighted_tail(180, 100, np.array([1, 1]))
    assert exact <= bound < exact * 1e3
    assert chernoff(100, 100, np.array([1, 1])) == pytest.approx(1)
    assert binom.sf(199, 200, 0.5) <= chernoff(200, 100, np.array([1, 1])) < 1e-59
