"""Tokens far less likely than the model expected there.

Definition, with s_t = -ln p_t(x_t), H_t the entropy and v_t the variance of ln p_t:
    outlier_share = (1/n) #{t : (s_t - H_t) / sqrt(v_t) > 3}
A token the model is sure of (v_t below 1e-6) is no outlier unless another stands there; then it is.
Source: the outlier counts among Ghostbuster's features (Verma et al. 2024), measured here in the model's
own standard deviations; Ghostbuster's published count compares a probability with 3 and is always 0.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detector.methods._registry import method
from detector.methods.fluctuation import surprisal_nats
from detector.methods.likelihood import mean
from detector.records.token_scores import TokenScores

_LEAST_VARIANCE = 1e-6


@method("outlier_share")
@dataclass(frozen=True)
class OutlierShare:
    """Share of tokens that surprised the model far beyond its own uncertainty."""

    deviations: float = 3.0
    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "share of tokens"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens."""
        excess = surprisal_nats(scores) - scores.entropy_nats
        spread = np.sqrt(np.maximum(scores.log_prob_variance.astype(np.float64), _LEAST_VARIANCE))
        return mean(excess > self.deviations * spread)
