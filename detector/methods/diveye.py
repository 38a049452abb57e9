"""DivEye's ten features of how surprise varies.

Definition, for the surprisals s (nats, n tokens), d = diff(s), e = diff(d), population moments:
    mean, standard deviation, variance, skewness and excess kurtosis of s; mean and standard deviation
    of d; variance of e; entropy (nats) of e in 20 equal bins over its own range; Pearson's correlation of
    e without its last value with e without its first, each centred on its own mean.
Source: Basani and Chen 2025, "DivEye"; there a boosted classifier decides. ``diveye_features`` gives the
ten; there is no single published number.
Under the same name elsewhere: the reference code runs the model twice for each text and never ends on
texts below ten tokens; here those give NaN. ``fluctuation.autocorrelation`` divides by the spread of the
whole series, as is usual for time series; in short texts the two differ by more than 0.1.
"""

import numpy as np
from numpy.typing import NDArray

from detector.methods.fluctuation import surprisal_nats
from detector.records.token_scores import TokenScores

BINS = 20
LEAST_TOKENS = 10
FEATURES: dict[str, tuple[bool | None, str, str]] = {
    "surprisal_mean": (False, "nats", "Mean surprise of a token."),
    "surprisal_std": (False, "nats", "How far surprise strays from its mean."),
    "surprisal_variance": (False, "square nats", "The same, squared."),
    "surprisal_skewness": (None, "ratio", "Whether surprise strays further up than down."),
    "surprisal_kurtosis": (None, "ratio", "How heavy the tails of surprise are, beyond a normal distribution's."),
    "difference_mean": (None, "nats", "Mean step of surprise from one token to the next."),
    "difference_std": (False, "nats", "How far these steps stray from their mean."),
    "second_difference_variance": (False, "square nats", "How far the steps of these steps stray, squared."),
    "second_difference_entropy": (False, "nats", "How evenly these fill 20 bins."),
    "second_difference_autocorrelation": (None, "correlation", "Whether one of these follows from the one before."),
}
"""Name → whether higher is machine-like (None: left to the classifier), unit, and what it is.

The paper's claim is that surprise varies less in machine text; of the others it names no direction.
"""


def diveye_features(scores: TokenScores) -> dict[str, float]:
    """The ten features by name; NaN below ``LEAST_TOKENS`` tokens, and a ratio NaN where nothing varies."""
    if len(scores) < LEAST_TOKENS:
        return dict.fromkeys(FEATURES, float("nan"))
    s = surprisal_nats(scores)
    d, e = np.diff(s), np.diff(s, 2)
    spread = s.std()
    shape = ((s - s.mean()) / spread) if spread > 1e-9 else np.full(len(s), np.nan)
    counts, _ = np.histogram(e, bins=BINS)
    shares = counts[counts > 0] / len(e)
    values = (
        s.mean(), spread, s.var(), (shape**3).mean(), (shape**4).mean() - 3,
        d.mean(), d.std(), e.var(), -(shares * np.log(shares)).sum(), _correlation(e[:-1], e[1:]),
    )  # fmt: skip
    return dict(zip(FEATURES, map(float, values), strict=True))


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Pearson's; a and b have the shape (n,). NaN where either does not vary."""
    a, b = a - a.mean(), b - b.mean()
    spread = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / spread) if spread > 1e-9 * len(a) else float("nan")
