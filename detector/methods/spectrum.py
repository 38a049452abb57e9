"""The spectrum of relative likelihood, after FourierGPT.

Definition, for the surprisals s_t (nats) of n tokens: z_t = standardised ln(s_t + 1); X = |FFT(z)| at the
frequencies 0, 1/n, 2/n ... up to 1/2 cycle a token; read at 500 evenly spaced frequencies from 0 to 1/2 by
linear interpolation. ``low_frequency_share`` is the share of the power (of z, without its mean) below 1/8
cycle a token, 0.25 for white noise.
Source: Xu et al. 2024, "Detecting subtle differences between human and model languages using spectrum of
relative likelihood", pre-processing "logzs"; there a classifier reads the 500 points.
Under the same name elsewhere: the reference code averages over all circular shifts of the text, which
changes nothing, since the magnitude does not depend on the shift; left out here.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detector.methods._registry import method
from detector.methods.fluctuation import surprisal_nats
from detector.records.token_scores import TokenScores

POINTS = 500
_LEAST_TOKENS = 8
_LOW = 1 / 8


def standardised(scores: TokenScores) -> NDArray[np.float64]:
    """z, shape (n,); NaN where surprise does not vary."""
    logs = np.log1p(surprisal_nats(scores))
    spread = logs.std() if len(logs) else 0.0
    return (logs - logs.mean()) / spread if spread > 1e-9 else np.full(len(logs), np.nan)


def spectrum(scores: TokenScores) -> NDArray[np.float64]:
    """|FFT(z)| at ``POINTS`` frequencies from 0 to 1/2 cycle a token, shape (POINTS,); NaN below 8 tokens."""
    z = standardised(scores)
    if len(z) < _LEAST_TOKENS or not np.isfinite(z).all():
        return np.full(POINTS, np.nan)
    return np.interp(np.linspace(0, 0.5, POINTS), np.fft.rfftfreq(len(z)), np.abs(np.fft.rfft(z)))


@method("low_frequency_share")
@dataclass(frozen=True)
class LowFrequencyShare:
    """How much of the fluctuation of surprise is slow."""

    higher_is_machine: ClassVar[bool] = False
    unit: ClassVar[str] = "share of power"

    def __call__(self, scores: TokenScores) -> float:
        """NaN below 8 tokens, and where surprise does not vary."""
        z = standardised(scores)
        if len(z) < _LEAST_TOKENS or not np.isfinite(z).all():
            return float("nan")
        power = np.abs(np.fft.rfft(z)[1:]) ** 2
        return float(power[np.fft.rfftfreq(len(z))[1:] < _LOW].sum() / power.sum())
