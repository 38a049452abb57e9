"""DivEye's ten features of how surprise varies.

Definition, for the surprisals s (nats, n tokens), d = diff(s), e = diff(d), population moments:
    mean, standard deviation, variance, skewness and excess kurtosis of s; mean and standard deviation
    of d; variance of e; entropy (nats) of e in 20 equal bins over its own range; correlation of
    neighbours in e.
Source: Basani and Chen 2025, "DivEye"; there a boosted classifier decides. ``diveye_features`` gives the
ten; there is no single published number.
Under the same name elsewhere: the reference code runs the model twice for each text and never ends on
texts below ten tokens; here those give NaN.
"""

import numpy as np

from detector.methods.fluctuation import autocorrelation, surprisal_nats
from detector.records.token_scores import TokenScores

BINS = 20
LEAST_TOKENS = 10
NAMES = (
    "surprisal_mean", "surprisal_std", "surprisal_variance", "surprisal_skewness", "surprisal_kurtosis",
    "difference_mean", "difference_std", "second_difference_variance", "second_difference_entropy",
    "second_difference_autocorrelation",
)  # fmt: skip


def diveye_features(scores: TokenScores) -> dict[str, float]:
    """The ten features by name; NaN below ``LEAST_TOKENS`` tokens, and a ratio NaN where nothing varies."""
    if len(scores) < LEAST_TOKENS:
        return dict.fromkeys(NAMES, float("nan"))
    s = surprisal_nats(scores)
    d, e = np.diff(s), np.diff(s, 2)
    spread = s.std()
    shape = ((s - s.mean()) / spread) if spread > 1e-9 else np.full(len(s), np.nan)
    counts, _ = np.histogram(e, bins=BINS)
    shares = counts[counts > 0] / len(e)
    values = (
        s.mean(), spread, s.var(), (shape**3).mean(), (shape**4).mean() - 3,
        d.mean(), d.std(), e.var(), -(shares * np.log(shares)).sum(), autocorrelation(e, 1),
    )  # fmt: skip
    return dict(zip(NAMES, map(float, values), strict=True))
