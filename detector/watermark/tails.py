"""How rarely chance alone does as much: tails of sums of fair and of weighted draws."""

import numpy as np
from numpy.typing import NDArray

LEAST_SCORED = 16
"""Fewest scored tokens a statistic is given for: with fewer, even a text all green may be so by chance."""


def weighted_tail(total: int, n: int, steps: NDArray[np.int64]) -> float:
    """P(sum_d steps_d B_d >= total) for independent B_d ~ Binomial(n, 1/2).

    ``steps`` has the shape (depth,).

    The distribution lives on whole numbers, so the Fourier transform of its characteristic function
    gives it exactly up to rounding of about 1e-12; where the tail is smaller, Chernoff's bound is given.
    """
    divisor = int(np.gcd.reduce(steps))
    steps, total = steps // divisor, -(-total // divisor)
    highest = int(n * steps.sum())
    angles = 2 * np.pi * np.arange(highest // 2 + 1 + 1) / (highest + 1)
    # |cos|^n may underflow to 0, which is what it contributes
    characteristic = np.ones(len(angles), dtype=np.complex128)
    for step in steps:
        characteristic *= (0.5 * (1 + np.exp(-1j * angles * step))) ** n
    probabilities = np.fft.irfft(characteristic[: (highest + 1) // 2 + 1], n=highest + 1)
    tail = float(np.clip(probabilities[total:], 0, None).sum())
    return min(1.0, tail) if tail > 1e-9 else chernoff(total, n, steps)


def chernoff(total: int, n: int, steps: NDArray[np.int64]) -> float:
    """Min over s of E exp(s (X - total)): an upper bound of P(X >= total). ``steps`` has the shape (depth,)."""
    low, high = 0.0, 50 / float(steps.max())
    for _ in range(60):  # the exponent is convex in s, so its slope is halved in on
        s = (low + high) / 2
        slope = n * (steps / (1 + np.exp(-s * steps))).sum() - total
        low, high = (low, s) if slope > 0 else (s, high)
    exponent = n * (np.logaddexp(0, low * steps) - np.log(2)).sum() - low * total
    return float(np.exp(min(0.0, float(exponent))))
