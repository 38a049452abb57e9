"""Lastde: mean log-likelihood over the spread of its multiscale diversity entropy.

Definition, for the series l_t = ln p_t(x_t) of n tokens: for each scale tau = 1..5 take the moving
average of width tau, embed it in windows of s = 3, take the cosine similarity of adjacent windows,
and the entropy of their histogram over [-1, 1] with eps = 10 n bins, in units of ln eps:
    DE(tau) = -(1 / ln eps) sum_k q_k ln q_k
    lastde  = mean(l) / std_tau(DE)                              (unbiased standard deviation)
Source: Xu et al. 2024, "Training-free LLM-generated text detection by mining token probability
sequences"; settings of the open-model experiments.
Under the same name elsewhere: the reference code fails on texts shorter than tau + s tokens and
gives infinity where the diversity does not vary; here both are NaN.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detector.methods._registry import method
from detector.scoring.records import TokenScores


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
        series = scores.log_prob_nats.astype(np.float64)
        n = len(series)
        if n < self.scales + self.embedding:
            return float("nan")
        bins = self.bins_per_token * n
        diversity = [diversity_entropy(series, tau, self.embedding, bins) for tau in range(1, self.scales + 1)]
        spread = np.std(diversity, ddof=1)
        return float(series.mean() / spread) if spread > 0 else float("nan")


def diversity_entropy(series: NDArray[np.float64], tau: int, embedding: int, bins: int) -> float:
    """DE of one scale, in [0, 1]."""
    smooth = np.convolve(series, np.ones(tau) / tau, mode="valid")
    windows = np.lib.stride_tricks.sliding_window_view(smooth, embedding)  # (m, embedding)
    norms = np.linalg.norm(windows, axis=1)
    products = np.einsum("ij,ij->i", windows[:-1], windows[1:])
    similarity = products / np.maximum(norms[:-1] * norms[1:], 1e-12)
    counts, _ = np.histogram(np.clip(similarity, -1, 1), bins=bins, range=(-1, 1))
    shares = counts[counts > 0] / len(similarity)
    return float(-(shares * np.log(shares)).sum() / np.log(bins))
