"""Which texts to flag when many are tested at once, so that few of the flagged are human.

Benjamini and Hochberg (1995): with m p-values, find the largest k such that the k-th smallest is at most
k q / m, and flag everything up to it. Of what is flagged, a share of at most q (times the share of human
texts) is expected to be false. The procedure needs independent p-values or ones that depend on each other
in a positive way; conformal p-values that share their reference texts do the latter (Bates, Candès, Lei,
Romano and Sesia 2023, "Testing for outliers with conformal p-values", Theorem 2).

A conformal p-value is never below 1 / (references + 1), so in a corpus with few machine texts nothing can be
flagged at a small q; ``fewest_flaggable`` says how many it takes.
"""

import math
from collections.abc import Mapping


def benjamini_hochberg(p_values: Mapping[float, int], q: float) -> float | None:
    """The largest p-value to flag, or None if there is none; ``p_values`` maps each value to how often it occurs.

    Worked example: of 0.01, 0.02, 0.03 and 0.6 at q = 0.05, the third is at most 3 * 0.05 / 4 = 0.0375.

    >>> benjamini_hochberg({0.01: 1, 0.02: 1, 0.03: 1, 0.6: 1}, 0.05)
    0.03
    """
    m = sum(p_values.values())
    rank, threshold = 0, None
    for value in sorted(p_values):
        rank += p_values[value]
        if value <= rank * q / m:
            threshold = value
    return threshold


def fewest_flaggable(smallest_p_value: float, n_tests: int, q: float) -> int:
    """How many texts must reach the smallest possible p-value before any is flagged.

    >>> fewest_flaggable(0.001, 1000, 0.05)
    20
    """
    return max(1, math.ceil(round(smallest_p_value * n_tests / q, 9)))
