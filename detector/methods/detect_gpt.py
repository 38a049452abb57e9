"""DetectGPT and NPR: how a text compares with slightly changed copies of itself.

Definition, with LL the mean ln p a token and R the mean ln rank a token, x_k the perturbed copies:
    detect_gpt   = LL(x) - mean_k LL(x_k)
    detect_gpt_z = detect_gpt / std_k LL(x_k)                    (population standard deviation)
    npr          = mean_k R(x_k) / R(x)
A machine text stands near a peak of the model's probability, so that every change lowers it.
Source: Mitchell et al. 2023 (DetectGPT, d and z); Su et al. 2023 (DetectLLM, NPR).
Under the same names elsewhere: MGTBench's retry leaves copies unchanged; IMGTB divides NPR by a
standard deviation; DetectGPT's code sets a spread of 0 to 1, here z is NaN.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detector.methods._registry import method
from detector.methods.likelihood import mean
from detector.records.token_scores import PerturbedScores


def _log_likelihoods(scores: PerturbedScores) -> NDArray[np.float64]:
    return np.array([mean(copy.log_prob_nats) for copy in scores.perturbed])


@method("detect_gpt", requires="perturbations")
@dataclass(frozen=True)
class DetectGpt:
    """By how much the text is likelier than its perturbed copies."""

    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "nats a token"

    def __call__(self, scores: PerturbedScores) -> float:
        """NaN for no tokens and no copies."""
        if not scores.perturbed:
            return float("nan")
        return float(mean(scores.original.log_prob_nats) - _log_likelihoods(scores).mean())


@method("detect_gpt_z", requires="perturbations")
@dataclass(frozen=True)
class DetectGptZ:
    """The same in standard deviations of the copies."""

    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "standard deviations"

    def __call__(self, scores: PerturbedScores) -> float:
        """NaN below two copies, and where they are all alike."""
        if len(scores.perturbed) < 2:
            return float("nan")
        copies = _log_likelihoods(scores)
        spread = copies.std()
        return float((mean(scores.original.log_prob_nats) - copies.mean()) / spread) if spread > 0 else float("nan")


@method("npr", requires="perturbations")
@dataclass(frozen=True)
class Npr:
    """Log-rank of the perturbed copies in proportion to that of the text."""

    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "ratio"

    def __call__(self, scores: PerturbedScores) -> float:
        """NaN for no tokens and no copies, and where every token of the text has rank 1."""
        own = mean(np.log(scores.original.rank.astype(np.float64)))
        if not scores.perturbed or not own > 0:
            return float("nan")
        return float(np.mean([mean(np.log(copy.rank.astype(np.float64))) for copy in scores.perturbed]) / own)
