"""Tails of weighted draws are exact, cost little, and the bounds far out and beyond the largest size hold."""

import time
import tracemalloc

import numpy as np
import pytest
from scipy.stats import binom, norm

from detector.watermark import tails
from detector.watermark.synthid import _integer_weights
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


def convolved(n, steps):
    """P(X = x) for every x: one binomial after the other."""
    found = np.ones(1)
    for step in steps:
        one = np.zeros(n * step + 1)
        one[::step] = binom.pmf(np.arange(n + 1), n, 0.5)
        found = np.convolve(found, one)
    return found


@pytest.mark.parametrize("n", [1, 2, 17, 60, 300])
@pytest.mark.parametrize("steps", [[1], [10, 1], [20, 11, 2], [40, 31, 22, 13, 4]])
def test_the_stated_error_holds_wherever_the_sum_is_cut(n, steps):
    pmf = convolved(n, steps)
    for total in np.linspace(0, len(pmf), 30).astype(int).tolist():
        expected = float(pmf[total:].sum())
        if expected > 1e-9:
            assert weighted_tail(total, n, np.array(steps)) == pytest.approx(expected, abs=1e-12)
        else:
            assert weighted_tail(total, n, np.array(steps)) >= expected


def test_a_long_text_costs_little_time_and_no_memory():
    steps, n = _integer_weights(30), 100_000
    deviation = np.sqrt(n * (steps**2).sum()) / 2
    total = int(n * steps.sum() / 2 + 3 * deviation)
    tracemalloc.start()
    start = time.process_time()
    found = weighted_tail(total, n, steps)
    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # so many draws are all but normal
    assert found == pytest.approx(norm.sf((total - 0.5 - n * steps.sum() / 2) / deviation), rel=1e-4)
    assert seconds < 2
    assert peak < 20e6


@pytest.mark.parametrize("deviations", [-1.0, 0.0, 2.0, 3.5])
def test_beyond_the_largest_size_a_close_upper_bound_is_given(monkeypatch, deviations):
    steps, n = _integer_weights(30), 4000
    total = int(n * steps.sum() / 2 + deviations * np.sqrt(n * (steps**2).sum()) / 2)
    exact = weighted_tail(total, n, steps)
    monkeypatch.setattr(tails, "MOST_POINTS", 1000)
    # 0.56 E|X|^3 / deviation^3 of 120,000 draws with weights between 1 and 10
    assert exact <= weighted_tail(total, n, steps) <= exact + 0.0025
