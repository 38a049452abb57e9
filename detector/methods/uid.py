"""Uniform information density, as GPT-who measures it.

Definition, for the surprisals s_1..s_n in nats with mean m:
    uid_variance             = (1/n) sum_t (s_t - m)^2
    uid_difference           = (1/n) sum_t |s_{t+1} - s_t|
    uid_difference_squared   = (1/n) sum_t (s_{t+1} - s_t)^2
GPT-who's classifier reads these with the mean, and the raw surprisals of the two of all
non-overlapping spans of 50 tokens whose variance is least and greatest (``extreme_spans``).
Source: Venkatraman, Uchendu, Lee 2024, "GPT-who"; EOS is put in front so that the first token counts,
which is this tool's way too where there is no BOS.
Under the same names elsewhere: ``surprisal_difference`` divides by n - 1; GPT-who drops texts of up to 50 tokens.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detector.methods._registry import method
from detector.methods.fluctuation import surprisal_nats
from detector.records.token_scores import TokenScores

SPAN_TOKENS = 50


def extreme_spans(scores: TokenScores, length: int = SPAN_TOKENS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Surprisals of the most even and the least even whole span, each (length,); NaN for a text without one."""
    surprisal = surprisal_nats(scores)
    n_spans = len(surprisal) // length
    if n_spans == 0:
        return np.full(length, np.nan), np.full(length, np.nan)
    spans = surprisal[: n_spans * length].reshape(n_spans, length)
    variance = spans.var(axis=1)
    return spans[variance.argmin()], spans[variance.argmax()]


@method("uid_variance")
@dataclass(frozen=True)
class UidVariance:
    """How unevenly information is spread over the text."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "nats squared"

    def __call__(self, scores: TokenScores) -> float:
        """NaN below two tokens."""
        return float(surprisal_nats(scores).var()) if len(scores) > 1 else float("nan")


@method("uid_difference")
@dataclass(frozen=True)
class UidDifference:
    """How far information jumps from token to token."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "nats"

    def __call__(self, scores: TokenScores) -> float:
        """NaN below two tokens."""
        n = len(scores)
        return float(np.abs(np.diff(surprisal_nats(scores))).sum() / n) if n > 1 else float("nan")


@method("uid_difference_squared")
@dataclass(frozen=True)
class UidDifferenceSquared:
    """The same with great jumps weighing more."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "nats squared"

    def __call__(self, scores: TokenScores) -> float:
        """NaN below two tokens."""
        n = len(scores)
        return float((np.diff(surprisal_nats(scores)) ** 2).sum() / n) if n > 1 else float("nan")
