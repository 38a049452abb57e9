"""Rank, log-rank and LLM-deviation.

Definition, with rank r_t = 1 + #{v : p_t(v) > p_t(x_t)}, so ties share the better rank:
    rank     = (1/n) sum_t r_t
    log_rank = (1/n) sum_t ln r_t
    llm_deviation = (1/n) sum_t (ln r_t)^2
Source: Gehrmann et al. 2019 (rank); Mitchell et al. 2023 (log-rank); Wu and Xiang
2023, "MFD", for the deviation.
Under the same names elsewhere: the DetectGPT and Fast-DetectGPT code returns the negatives and
breaks ties at random (unstable sort); GLTR counts ranks from 0.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detector.methods._registry import method
from detector.methods.likelihood import mean
from detector.records.token_scores import TokenScores


@method("rank")
@dataclass(frozen=True)
class Rank:
    """Mean rank of the tokens, 1 is the model's first choice."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "rank, from 1"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens."""
        return mean(scores.rank)


@method("log_rank")
@dataclass(frozen=True)
class LogRank:
    """Mean natural logarithm of the rank; 0 if every token was the first choice."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "ln rank"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens."""
        return mean(np.log(scores.rank.astype(np.float64)))


@method("llm_deviation")
@dataclass(frozen=True)
class LlmDeviation:
    """Mean squared log-rank: far choices weigh more than in the log-rank."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "ln rank, squared"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens."""
        return mean(np.log(scores.rank.astype(np.float64)) ** 2)
