"""A text as shares: GLTR's three histograms and its spectrum, in bins that never change.

The same bins are filled by the text on a page and by the reference texts it is shown against.
"""

import numpy as np
from numpy.typing import NDArray

from detector.methods.gltr import bucket_shares, fractions_of_top, top10_entropies
from detector.methods.spectrum import standardised
from detector.records.token_scores import TokenScores

Floats = NDArray[np.float64]

RANK_LABELS = ("1-10", "11-100", "101-1000", "over 1000")
FRACTION_EDGES = np.linspace(0, 1, 11)
"""Of p / p_max; the last bin holds the first choices."""
ENTROPY_EDGES = np.linspace(0, np.log(10), 11)
"""Of the entropy of the ten likeliest tokens, nats; ten equal choices have ln 10."""
SPECTRUM_EDGES = np.linspace(0, 0.5, 17)
"""Cycles a token."""
_LEAST_FOR_SPECTRUM = 50


def rank_shares(scores: TokenScores) -> Floats:
    """Share of tokens in each of GLTR's rank buckets, shape (4,)."""
    return bucket_shares(scores)


def fraction_shares(scores: TokenScores) -> Floats:
    """Share of tokens in each bin of p / p_max, shape (10,); NaN for no tokens."""
    return _shares(fractions_of_top(scores), FRACTION_EDGES)


def entropy_shares(scores: TokenScores) -> Floats:
    """Share of tokens in each bin of top-10 entropy, shape (10,); NaN where the ten likeliest were not kept."""
    if scores.top_log_prob_nats.shape[1] < 10:
        return np.full(len(ENTROPY_EDGES) - 1, np.nan)
    return _shares(top10_entropies(scores), ENTROPY_EDGES)


def spectrum_power(scores: TokenScores) -> Floats:
    """Mean power of standardised log surprise in each band of frequency, shape (16,); 1 everywhere for white noise.

    NaN below 50 tokens, where a band would hold next to nothing, and where surprise does not vary.
    """
    z = standardised(scores)
    n_bands = len(SPECTRUM_EDGES) - 1
    if len(z) < _LEAST_FOR_SPECTRUM or not np.isfinite(z).all():
        return np.full(n_bands, np.nan)
    frequency = np.fft.rfftfreq(len(z))[1:]
    power = np.abs(np.fft.rfft(z)[1:]) ** 2 / len(z)
    band = np.clip(np.searchsorted(SPECTRUM_EDGES, frequency, side="left") - 1, 0, n_bands - 1)
    return np.bincount(band, power, n_bands) / np.maximum(np.bincount(band, minlength=n_bands), 1)


def _shares(values: Floats, edges: Floats) -> Floats:
    if not len(values):
        return np.full(len(edges) - 1, np.nan)
    return np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values)


DISTRIBUTIONS = {
    "rank": rank_shares,
    "fraction": fraction_shares,
    "top10_entropy": entropy_shares,
    "spectrum": spectrum_power,
}
"""By name, scores of a text → its bins."""
