"""GLTR's buckets: how many tokens were among the model's first 10, 100, 1000 choices.

Definition: shares of tokens with rank in 1-10, 11-100, 101-1000 and above 1000 (ranks from 1).
Source: Gehrmann, Strobelt, Rush 2019, "GLTR".
Under the same name elsewhere: RAID's GLTR counts the first 11; MGTBench feeds the four shares to a
classifier. The single number here is the share of the first bucket.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detector.methods._registry import method
from detector.methods.likelihood import mean
from detector.scoring.records import TokenScores

BUCKET_LIMITS = (10, 100, 1000)
"""Largest rank of each bucket but the last."""


def bucket_of(rank: NDArray[np.int32]) -> NDArray[np.int64]:
    """Bucket 0 to 3 of each rank.

    >>> bucket_of(np.array([1, 10, 11, 1000, 1001], dtype=np.int32)).tolist()
    [0, 0, 1, 2, 3]
    """
    return np.searchsorted(BUCKET_LIMITS, rank, side="left")


def bucket_shares(scores: TokenScores) -> NDArray[np.float64]:
    """Shares of the four buckets, summing to 1; NaN for no tokens. Shape (4,)."""
    if not len(scores):
        return np.full(4, np.nan)
    return np.bincount(bucket_of(scores.rank), minlength=4) / len(scores)


@method("gltr")
@dataclass(frozen=True)
class Gltr:
    """Share of tokens among the model's ten first choices."""

    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "share of tokens"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens."""
        return mean(scores.rank <= BUCKET_LIMITS[0])
