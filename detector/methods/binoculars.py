"""Binoculars: a text's surprise over the surprise one model expects of another.

Definition, with p_t the performer's and q_t the observer's distribution at token x_t:
    binoculars = (sum_t -ln p_t(x_t)) / (sum_t -sum_v q_t(v) ln p_t(v))
both sums over the same n tokens. Lower is more machine-like: the text is no more surprising than the
observer would have it.
Source: Hans et al. 2024, "Spotting LLMs with Binoculars".
Under the same name elsewhere: the published code averages the denominator over one position more, the
one past the end of the text, and cuts texts at 512 tokens. Its thresholds belong to Falcon-7B and
Falcon-7B-instruct in bfloat16 and to nothing else.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detector.methods._registry import method
from detector.records.pair_scores import PairScores


@method("binoculars", requires="pair")
@dataclass(frozen=True)
class Binoculars:
    """Perplexity over cross-perplexity, in logarithms. ``published``: with the position past the end."""

    published: bool = False
    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "ratio"

    def __call__(self, scores: PairScores) -> float:
        """NaN for no tokens, where the expected surprise is 0, and ``published`` where the end was not read."""
        if not len(scores):
            return float("nan")
        surprise = -scores.log_prob_nats.mean(dtype=np.float64)
        expected = scores.cross_entropy_nats.astype(np.float64)
        if self.published:
            expected = np.append(expected, scores.final_cross_entropy_nats)
        return float(surprise / expected.mean()) if expected.mean() != 0 else float("nan")
