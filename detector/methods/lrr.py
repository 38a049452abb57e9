"""LRR, the log-likelihood log-rank ratio.

Definition: LRR = -(sum_t ln p_t(x_t)) / (sum_t ln r_t), ranks from 1.
Source: Su et al. 2023 (DetectLLM), section 3.1.
Under the same name elsewhere: MGTBench and IMGTB return the negative.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detector.methods._registry import method
from detector.records.token_scores import TokenScores


@method("lrr")
@dataclass(frozen=True)
class Lrr:
    """Surprise in proportion to log-rank."""

    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "ratio"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens, and where every token has rank 1, which makes the denominator 0."""
        log_rank_sum = np.log(scores.rank.astype(np.float64)).sum()
        if log_rank_sum == 0:
            return float("nan")
        return float(-scores.log_prob_nats.sum(dtype=np.float64) / log_rank_sum)
