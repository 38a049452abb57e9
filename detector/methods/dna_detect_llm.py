"""DNA-DetectLLM: how far a text is from what the model itself would have written.

Definition, with p_t the performer's and q_t the observer's distribution at token x_t:
    dna_detect_llm = (sum_t -ln p_t(x_t) + sum_t -ln max_v p_t(v)) / (2 sum_t -sum_v q_t(v) ln p_t(v))
Lower is more machine-like.
Source: Zhu et al. 2025, "DNA-DetectLLM", in the form its code computes: one pass, where the paper describes
a repair token by token.
Under the same name elsewhere: the code's thresholds are those of Binoculars, a different score.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detector.methods._registry import method
from detector.records.pair_scores import PairScores


@method("dna_detect_llm", requires="pair")
@dataclass(frozen=True)
class DnaDetectLlm:
    """Mean of the surprise of the text and of the greedy choices, over the expected surprise."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "ratio"

    def __call__(self, scores: PairScores) -> float:
        """NaN for no tokens, and where the expected surprise is 0."""
        expected = scores.cross_entropy_nats.sum(dtype=np.float64)
        if not expected:
            return float("nan")
        surprise = -(scores.log_prob_nats.sum(dtype=np.float64) + scores.max_log_prob_nats.sum(dtype=np.float64))
        return float(surprise / (2 * expected))
