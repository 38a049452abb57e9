"""Log-likelihood, perplexity, entropy.

Definition, over the n scored tokens x_t with distributions p_t:
    log_likelihood = (1/n) sum_t ln p_t(x_t)                     [nats a token]
    perplexity     = exp(-log_likelihood)
    entropy        = (1/n) sum_t -sum_v p_t(v) ln p_t(v)         [nats a token]
Source: GLTR (Gehrmann, Strobelt, Rush 2019) and Solaiman et al. 2019 for likelihood and its use as
a detector; Gehrmann et al. 2019 and Mitchell et al. 2023 (DetectGPT, baselines) for entropy.
Under the same names elsewhere: most code leaves the first token out when the tokenizer adds no
BOS; here it is scored after BOS or EOS (see ``TokenScores.first_token``). DetectGPT's code takes
higher entropy for a sign of a machine; for today's models the reverse holds.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detector.methods._registry import method
from detector.records.token_scores import TokenScores


@method("log_likelihood")
@dataclass(frozen=True)
class LogLikelihood:
    """Mean ln p of the tokens; machine text tends to be likelier."""

    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "nats a token"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens."""
        return mean(scores.log_prob_nats)


@method("perplexity")
@dataclass(frozen=True)
class Perplexity:
    """exp of the mean surprise; infinite where it exceeds what a float holds."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "equally likely choices a token"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens."""
        with np.errstate(over="ignore"):
            return float(np.exp(-mean(scores.log_prob_nats)))


@method("entropy")
@dataclass(frozen=True)
class Entropy:
    """Mean entropy of the model's distributions: how open the continuation was at each token."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "nats a token"

    def __call__(self, scores: TokenScores) -> float:
        """NaN for no tokens."""
        return mean(scores.entropy_nats)


def mean(values: np.ndarray) -> float:
    """Mean in float64; NaN for an empty array. Shape (n,)."""
    return float(np.mean(values, dtype=np.float64)) if len(values) else float("nan")
