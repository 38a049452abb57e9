"""How surprise rises and falls along a text.

Definition, for the surprisals s_t = -ln p_t(x_t), population moments:
    surprisal_std             = standard deviation of s
    surprisal_difference      = mean of |s_{t+1} - s_t|
    surprisal_autocorrelation = correlation of s_t with s_{t+1}
Source: Holtzman et al. 2020, "The curious case of neural text degeneration" (people fluctuate,
machines do not); Venkatraman et al. 2024 (GPT-who) for the first two as uniform-information-density
measures; Basani and Chen 2025 (DivEye) for diversity of surprisal.
Under the same names elsewhere: GPT-who divides the sum of differences by n, not by n - 1, and
squares the spread.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detector.methods._registry import method
from detector.records.token_scores import TokenScores


def surprisal_nats(scores: TokenScores) -> NDArray[np.float64]:
    """-ln p of each token, shape (n,)."""
    return -scores.log_prob_nats.astype(np.float64)


@method("surprisal_std")
@dataclass(frozen=True)
class SurprisalStd:
    """How far surprise strays from its mean."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "nats"

    def __call__(self, scores: TokenScores) -> float:
        """NaN below two tokens."""
        return float(surprisal_nats(scores).std()) if len(scores) > 1 else float("nan")


@method("surprisal_difference")
@dataclass(frozen=True)
class SurprisalDifference:
    """How far surprise jumps from one token to the next."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "nats"

    def __call__(self, scores: TokenScores) -> float:
        """NaN below two tokens."""
        return float(np.abs(np.diff(surprisal_nats(scores))).mean()) if len(scores) > 1 else float("nan")


@method("surprisal_autocorrelation")
@dataclass(frozen=True)
class SurprisalAutocorrelation:
    """Whether a surprising token follows a surprising one."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "correlation"

    def __call__(self, scores: TokenScores) -> float:
        """NaN below three tokens, and where surprise does not vary."""
        return autocorrelation(surprisal_nats(scores), lag=1)


def autocorrelation(series: NDArray[np.float64], lag: int) -> float:
    """Sum of (s_t - m)(s_{t+lag} - m) over sum of (s_t - m)^2; NaN without variance or below lag + 2 values.

    ``series`` has the shape (n_tokens,).
    """
    if len(series) < lag + 2:
        return float("nan")
    centred = series - series.mean()
    total = float(centred @ centred)
    if total <= 1e-12 * len(series):
        return float("nan")
    return float(centred[:-lag] @ centred[lag:]) / total
