"""Lastde: mean log-likelihood over the spread of its multiscale diversity entropy; Lastde++: against samples.

Definition, for the series l_t = ln p_t(x_t) of n tokens: for each scale tau = 1..5 take the moving
average of width tau, embed it in windows of s = 3, take the cosine similarity of adjacent windows,
and the entropy of their histogram over [-1, 1] with eps = 10 n bins, in units of ln eps:
    DE(tau) = -(1 / ln eps) sum_k q_k ln q_k
    lastde  = mean(l) / std_tau(DE)                              (unbiased standard deviation)
    lastde_plus_plus = (lastde(x) - mean_k lastde(x_k)) / std_k lastde(x_k)
over series x_k of the log-probabilities of tokens drawn at each position, with s = 4, eps = 8 n, tau = 1..10.
Source: Xu et al. 2024, "Training-free LLM-generated text detection by mining token probability
sequences"; settings of the open-model experiments and, for Lastde++, of its tables (100 samples).
Under the same name elsewhere: the reference code fails on texts shorter than tau + s tokens and
gives infinity where the diversity does not vary; here both are NaN. Its command line takes tau up to 15 for
Lastde++ where the tables have 10.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detector.methods._registry import method
from detector.methods.fast_detect_gpt import sampled_of
from detector.records.token_scores import TokenScores


@method("lastde")
@dataclass(frozen=True)
class Lastde:
    """Likelihood, sharpened where the fluctuation looks alike at all scales."""

    embedding: int = 3
    bins_per_token: int = 10
    scales: int = 5
    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "ratio"

    def __call__(self, scores: TokenScores) -> float:
        """NaN below ``scales + embedding`` tokens, and where the diversity is the same at all scales."""
        return self.of(scores.log_prob_nats.astype(np.float64))

    def of(self, series: NDArray[np.float64]) -> float:
        """Lastde of a series of log-probabilities, shape (n,)."""
        n = len(series)
        if n < self.scales + self.embedding:
            return float("nan")
        bins = self.bins_per_token * n
        diversity = [diversity_entropy(series, tau, self.embedding, bins) for tau in range(1, self.scales + 1)]
        spread = np.std(diversity, ddof=1)
        return float(series.mean() / spread) if spread > 0 else float("nan")


@method("lastde_plus_plus", requires="samples")
@dataclass(frozen=True)
class LastdePlusPlus:
    """Lastde in standard deviations of the Lastde of sampled texts."""

    embedding: int = 4
    bins_per_token: int = 8
    scales: int = 10
    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "standard deviations"

    def __call__(self, scores: TokenScores) -> float:
        """NaN where Lastde is NaN for the text or for all but one sample, and where the samples do not vary."""
        lastde = Lastde(self.embedding, self.bins_per_token, self.scales)
        own = lastde(scores)
        sampled = np.array([lastde.of(series) for series in sampled_of(scores).T])
        sampled = sampled[np.isfinite(sampled)]
        spread = sampled.std(ddof=1) if len(sampled) > 1 else 0.0
        return float((own - sampled.mean()) / spread) if spread > 0 else float("nan")


def diversity_entropy(series: NDArray[np.float64], tau: int, embedding: int, bins: int) -> float:
    """DE of one scale, in [0, 1]. ``series`` has the shape (n_tokens,)."""
    smooth = np.convolve(series, np.ones(tau) / tau, mode="valid")
    norms = np.sqrt(_sliding_sums(smooth * smooth, embedding))
    products = _sliding_sums(smooth[:-1] * smooth[1:], embedding)  # of adjacent windows
    similarity = products / np.maximum(norms[:-1] * norms[1:], 1e-12)
    # Not numpy.histogram, which takes five times as long over so few values.
    bin_of_each = ((similarity.clip(-1, 1) + 1) * (bins / 2)).astype(np.int64)
    counts = np.bincount(np.minimum(bin_of_each, bins - 1))
    shares = counts[counts > 0] / len(similarity)
    return float(-(shares * np.log(shares)).sum() / np.log(bins))


def _sliding_sums(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Sums of ``width`` values in a row, (n,) → (n - width + 1,)."""
    n = len(values) - width + 1
    total = values[:n].copy()
    for shift in range(1, width):
        total += values[shift : shift + n]
    return total
