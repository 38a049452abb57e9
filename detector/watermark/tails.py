"""How rarely chance alone does as much: tails of sums of fair and of weighted draws."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

LEAST_SCORED = 16
"""Fewest scored tokens a statistic is given for: with fewer, even a text all green may be so by chance."""

MOST_POINTS = 1 << 25
"""Points of the characteristic function that are looked at: about a second of one processor.

With the published 30 keys they suffice for texts of ten million tokens.
"""

_DEVIATIONS = 8.0
"""Beyond so many on either side lie at most 2 exp(-8^2 / 2) = 2.5e-14 of the distribution (Hoeffding)."""
_NEGLIGIBLE = 1e-18
_CHUNK = 1 << 16
"""Points computed together; a few megabytes."""


def weighted_tail(total: int, n: int, steps: NDArray[np.int64]) -> float:
    """P(sum_d steps_d B_d >= total) for independent B_d ~ Binomial(n, 1/2).

    ``steps`` has the shape (depth,).

    The distribution lives on whole numbers, so the Fourier series of its characteristic function gives it
    exactly; summed over the values within ``_DEVIATIONS`` of the mean, the tail is within 1e-12 of the true one.
    Time grows with the root of ``n``, memory not at all. Where the tail is below 1e-9, or more than
    ``MOST_POINTS`` would be needed, an upper bound is given: Chernoff's, or the normal tail plus the error that
    Berry and Esseen allow it if that is less.
    """
    divisor = int(np.gcd.reduce(steps))
    steps, total = steps // divisor, -(-total // divisor)
    n_points = min(int(n * steps.sum()) + 1, int(2 * _DEVIATIONS * _deviation(n, steps)) + 2) | 1  # odd: pairs and 0
    if n_points > MOST_POINTS:
        return min(chernoff(total, n, steps), _normal_bound(total, n, steps))
    tail = _fourier_tail(total, n, steps, n_points)
    return tail if tail > 1e-9 else chernoff(total, n, steps)


def _deviation(n: int, steps: NDArray[np.int64]) -> float:
    return float(np.sqrt(n * (steps.astype(np.float64) ** 2).sum()) / 2)


def _fourier_tail(total: int, n: int, steps: NDArray[np.int64], n_points: int) -> float:
    """The share from ``total`` to the last of the ``n_points`` whole numbers around the mean.

    With m the mean, the characteristic function is exp(i a m) prod_d cos(a steps_d / 2)^n, real but for its first
    factor. Its Fourier series over angles 2 pi j / n_points wraps what lies outside around; the values from
    ``total`` on are a geometric sum, so that no distribution has to be kept.
    """
    mean = n * int(steps.sum()) / 2
    last = int(np.ceil(mean - n_points / 2)) + n_points - 1
    count = last - total + 1
    if count <= 0 or count >= n_points:
        return float(count > 0)
    middle = (total + last) / 2 - mean
    summed = float(count)
    for start in range(1, (n_points + 1) // 2, _CHUNK):
        half_angles = np.pi * np.arange(start, min(start + _CHUNK, (n_points + 1) // 2)) / n_points
        half_angles, weights = _powers(half_angles, n, steps)
        kernel = np.cos(2 * half_angles * middle) * np.sin(count * half_angles) / np.sin(half_angles)
        summed += 2 * float(weights @ kernel)
    return min(1.0, max(0.0, summed / n_points))


def _powers(
    half_angles: NDArray[np.float64], n: int, steps: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The half angles at which prod_d cos(half angle * steps_d)^n is not negligible, and its values there.

    Most points are given up after a few factors, for every factor is at most 1.
    """
    products = np.ones(len(half_angles))
    least = _NEGLIGIBLE ** (1 / n)
    for step in steps:
        products *= np.cos(half_angles * step)
        kept = np.abs(products) > least
        half_angles, products = half_angles[kept], products[kept]
    return half_angles, products**n


def _normal_bound(total: int, n: int, steps: NDArray[np.int64]) -> float:
    """Normal tail plus 0.56 times the sum of third absolute moments over the cubed deviation (Shevtsova 2010)."""
    deviation = _deviation(n, steps)
    third = n * float(((steps / 2) ** 3).sum())
    return float(norm.sf((total - n * steps.sum() / 2) / deviation)) + 0.56 * third / deviation**3


def chernoff(total: int, n: int, steps: NDArray[np.int64]) -> float:
    """Min over s of E exp(s (X - total)): an upper bound of P(X >= total). ``steps`` has the shape (depth,)."""
    low, high = 0.0, 50 / float(steps.max())
    for _ in range(60):  # the exponent is convex in s, so its slope is halved in on
        s = (low + high) / 2
        slope = n * (steps / (1 + np.exp(-s * steps))).sum() - total
        low, high = (low, s) if slope > 0 else (s, high)
    exponent = n * (np.logaddexp(0, low * steps) - np.log(2)).sum() - low * total
    return float(np.exp(min(0.0, float(exponent))))
