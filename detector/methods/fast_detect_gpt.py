"""Fast-DetectGPT, the analytic form with one model.

Definition, with H_t the entropy of p_t and v_t the variance of ln p_t(V) for V drawn from p_t:
    score = sum_t (ln p_t(x_t) + H_t) / sqrt(sum_t v_t)
the number of standard deviations by which the text is likelier than text sampled from the model
token by token in the same contexts.
Source: Bao et al. 2024, "Fast-DetectGPT", equation 5 with sampling and scoring model the same.
Under the same name elsewhere: the published demo scores with two different models and turns the
value into a probability that is not monotone; neither is done here.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detector.methods._registry import method
from detector.scoring.records import TokenScores


@method("fast_detect_gpt")
@dataclass(frozen=True)
class FastDetectGpt:
    """Conditional probability curvature."""

    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "standard deviations"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens, and where the model was certain of every token (no variance)."""
        variance = scores.log_prob_variance.sum(dtype=np.float64)
        if variance <= 0:
            return float("nan")
        gain = scores.log_prob_nats.sum(dtype=np.float64) + scores.entropy_nats.sum(dtype=np.float64)
        return float(gain / np.sqrt(variance))
