"""Fast-DetectGPT: analytic with one model or two, and by sampling.

Definition, with H_t the entropy of p_t and v_t the variance of ln p_t(V) for V drawn from p_t:
    score = sum_t (ln p_t(x_t) + H_t) / sqrt(sum_t v_t)
the number of standard deviations by which the text is likelier than text sampled from the model
token by token in the same contexts. With a sampling model q beside the scoring model p
(``fast_detect_gpt_pair``) the expectation and the variance of ln p_t(V) are taken for V drawn from q_t.
By sampling (``fast_detect_gpt_sampled``), with L_k the sum of ln p_t over the k-th token drawn at each t:
    score = (sum_t ln p_t(x_t) - mean_k L_k) / std_k L_k              (unbiased)
which approaches the analytic score as the samples grow.
Source: Bao et al. 2024, "Fast-DetectGPT", section 2.3 and equation 5.
Under the same name elsewhere: the published demo turns the value into a probability that is not
monotone, which is not done here, and cuts the larger vocabulary where two models differ, which is refused.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detector.methods._registry import method
from detector.records.pair_scores import PairScores
from detector.records.token_scores import TokenScores


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


@method("fast_detect_gpt_pair", requires="pair")
@dataclass(frozen=True)
class FastDetectGptPair:
    """The curvature of the performer's log-probability where the observer samples."""

    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "standard deviations"

    def __call__(self, scores: PairScores) -> float:
        """NaN for no tokens, and where the variance is 0."""
        variance = scores.cross_variance.sum(dtype=np.float64)
        if variance <= 0:
            return float("nan")
        gain = scores.log_prob_nats.sum(dtype=np.float64) + scores.cross_entropy_nats.sum(dtype=np.float64)
        return float(gain / np.sqrt(variance))


@method("fast_detect_gpt_sampled", requires="samples")
@dataclass(frozen=True)
class FastDetectGptSampled:
    """The curvature against texts actually drawn; the published code draws 10,000."""

    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "standard deviations"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens, fewer than two samples, and where they do not vary."""
        sampled = sampled_of(scores).sum(axis=0)
        spread = sampled.std(ddof=1) if len(scores) and len(sampled) > 1 else 0.0
        return float((scores.log_prob_nats.sum(dtype=np.float64) - sampled.mean()) / spread) if spread else float("nan")


def sampled_of(scores: TokenScores) -> NDArray[np.float64]:
    """Ln p of the sampled tokens, (n, samples); a ``ValueError`` where none were drawn."""
    if scores.sampled_log_prob_nats is None:
        raise ValueError("these scores hold no samples; score with score_texts(..., samples=100)")
    return scores.sampled_log_prob_nats.astype(np.float64)
