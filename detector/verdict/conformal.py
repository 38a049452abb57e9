"""Conformal p-values: the share of reference texts that are at least as extreme, the text itself counted in.

If a text is drawn as its references were, every place among them is equally likely for it, so that a p-value at or
below a target happens to at most that share of such texts, however their numbers are distributed (Vovk 2005).
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def share_at_least(references: Sequence[float], value: float) -> float:
    """Share of the sorted references at or above ``value``, the value itself counted in: in (0, 1]; 1 for NaN.

    >>> share_at_least([1.0, 2.0, 3.0], 2.0), share_at_least([1.0, 2.0, 3.0], 9.0)
    (0.75, 0.25)
    """
    below = bisect_left(references, value) if math.isfinite(value) else 0
    return (1 + len(references) - below) / (1 + len(references))


def share_at_most(references: Sequence[float], value: float) -> float:
    """Share of the sorted references at or below ``value``, the value itself counted in: in (0, 1]; 1 for NaN."""
    up_to = bisect_right(references, value) if math.isfinite(value) else len(references)
    return (1 + up_to) / (1 + len(references))


def share_of_kind(kind: Sequence[float], like_length: Sequence[float], value: float) -> float:
    """The larger of two shares at or above ``value``; where it exceeds its whole kind, that of like length alone.

    A kind that is exceeded whole has too few references to say how far.
    """
    of_kind, of_length = share_at_least(kind, value), share_at_least(like_length, value)
    return max(of_kind, of_length) if of_kind > 1 / (1 + len(kind)) else of_length
