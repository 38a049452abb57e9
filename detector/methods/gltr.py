"""GLTR's three views: rank buckets, fraction of the top probability, entropy of the first ten choices.

Definition:
    shares of tokens with rank in 1-10, 11-100, 101-1000 and above 1000 (ranks from 1)
    gltr_fraction      = (1/n) sum_t p_t(x_t) / max_v p_t(v)
    gltr_top10_entropy = (1/n) sum_t -sum_v q_t(v) ln q_t(v), q the ten largest p renormalised to 1
Source: Gehrmann, Strobelt, Rush 2019, "GLTR".
Under the same name elsewhere: RAID's GLTR counts the first 11; MGTBench feeds the four shares to a
classifier. The single number ``gltr`` here is the share of the first bucket. GLTR's server rounds
probabilities to five digits, so that its fractions of rare tokens are 0.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detector.methods._registry import method
from detector.methods.likelihood import mean
from detector.records.token_scores import TokenScores

_TOP = 10
BUCKET_LIMITS = (10, 100, 1000)
"""Largest rank of each bucket but the last."""


def bucket_of(rank: NDArray[np.int32]) -> NDArray[np.int64]:
    """Bucket 0 to 3 of each rank.

    Shapes (n_tokens,).

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


def fractions_of_top(scores: TokenScores) -> NDArray[np.float64]:
    """p(x) / p_max of each token, in (0, 1], shape (n,)."""
    return np.exp(np.minimum(scores.log_prob_nats.astype(np.float64) - scores.max_log_prob_nats, 0.0))


def top10_entropies(scores: TokenScores) -> NDArray[np.float64]:
    """Entropy in nats of each position's ten likeliest tokens, shape (n,); needs ``top_k`` of at least 10."""
    if scores.top_log_prob_nats.shape[1] < _TOP:
        raise ValueError(f"the entropy of the top {_TOP} needs scores made with top_k={_TOP} or more")
    log_q = scores.top_log_prob_nats[:, :_TOP].astype(np.float64)
    log_q = log_q - np.log(np.exp(log_q).sum(axis=1, keepdims=True))
    return -(np.exp(log_q) * log_q).sum(axis=1)


@method("gltr_fraction")
@dataclass(frozen=True)
class GltrFraction:
    """Mean fraction of the top probability: 1 for greedy text."""

    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "fraction of the top probability"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens."""
        return mean(fractions_of_top(scores))


@method("gltr_top10_entropy", requires="top_k")
@dataclass(frozen=True)
class GltrTop10Entropy:
    """How open the choice among the first ten was; machine text keeps to certain contexts."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "nats a token"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens; a ``ValueError`` without the ten likeliest tokens."""
        return mean(top10_entropies(scores))
