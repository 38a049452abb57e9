"""The share of machine texts in a corpus, estimated with an interval, not counted from verdicts.

Counting verdicts is wrong in both directions: human texts are flagged at some rate and machine texts missed
at another. Instead, let g be the classifier's probability of a text. Within texts of like length, its mean
over the corpus is a mixture of its mean over machine and over human writing, so the share pi of machine texts is

    pi = (mean_corpus(g) - mean_human(g)) / (mean_machine(g) - mean_human(g))

with the means over the classifier's reference texts of that length: the probabilistic adjusted count (Bella,
Ferri, Hernández-Orallo and Ramírez-Quintana 2010, "Quantification via probability estimators"). Lengths are
weighted by their share of the corpus. The variance is that of a ratio of means (delta method): the corpus is
a sample, and so are the reference texts. Nothing is clipped before the end, so that no length pulls the
estimate to one side.

It supposes that the corpus's human and machine texts score like the reference texts of their kind. Where they
do not, no interval helps; ``misfit`` measures how far the corpus's scores are from any such mixture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.records.references import LengthBucket
from detector.verdict.classifier import Classifier

FEWEST_TEXTS = 30
"""Fewer give no interval worth its name: it rests on a mean being about normal."""
_BINS = 20
_Z95 = 1.959964
_KOLMOGOROV_1_PERCENT = 1.628
_SMALLEST_MISFIT = 0.05
"""Distances below this are of no account, however sure they are."""


@dataclass
class _Length:
    """Texts of one length bucket: sums are all that is kept of them."""

    bucket: LengthBucket
    edges: NDArray[np.float64]
    n: int = 0
    total: float = 0.0
    total_squared: float = 0.0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_BINS, np.int64))


@dataclass(frozen=True)
class Prevalence:
    """Share of machine texts among the distinct scored texts of a corpus."""

    share: float
    low: float
    high: float
    """95 % interval."""
    n_texts: int
    misfit: float
    """Largest distance between the distributions of the corpus's scores and of the mixture, 0 to 1."""
    fits: bool
    """False where that distance is more than chance explains: the share is not to be relied on."""


class PrevalenceEstimator:
    """Takes scores in any order and keeps sums of them, so that its memory does not grow."""

    def __init__(self, classifier: Classifier) -> None:
        self._slope, self._intercept = classifier.probability_slope, classifier.probability_intercept
        self._lengths = [
            _Length(bucket, _edges(bucket)) for bucket in sorted(classifier.buckets, key=lambda b: b.least_tokens)
        ]
        self._least_tokens = np.array([length.bucket.least_tokens for length in self._lengths])

    def add(self, scores: Sequence[float] | NDArray[np.float64], n_tokens: Sequence[int] | NDArray[np.int64]) -> None:
        """Count in some texts. Both have the shape (n_texts,)."""
        scores = np.asarray(scores, dtype=np.float64)
        index = np.searchsorted(self._least_tokens, np.asarray(n_tokens), side="right") - 1
        for i, length in enumerate(self._lengths):
            chosen = scores[np.maximum(index, 0) == i]
            if not len(chosen):
                continue
            g = self._probability(chosen)
            length.n += len(g)
            length.total += float(g.sum())
            length.total_squared += float((g**2).sum())
            length.counts += np.bincount(np.searchsorted(length.edges, chosen, side="right"), minlength=_BINS)

    def estimate(self) -> Prevalence | None:
        """The share with its interval; None for too few texts, or where the classifier tells nothing apart."""
        n = sum(length.n for length in self._lengths)
        if n < FEWEST_TEXTS:
            return None
        share = variance = 0.0
        shares = []
        for length in self._lengths:
            if not length.n:
                shares.append(0.0)
                continue
            human = self._probability(np.asarray(length.bucket.human_scores))
            machine = self._probability(np.asarray(length.bucket.machine_scores))
            gap = float(machine.mean() - human.mean())
            if gap <= 0:
                return None
            mean = length.total / length.n
            pi = (mean - float(human.mean())) / gap
            # subtle: the spread of g in so few texts may be nil by chance; the mixture's own is known.
            inside = min(1.0, max(0.0, pi))
            expected = inside * float((machine**2).mean()) + (1 - inside) * float((human**2).mean()) - mean**2
            seen = length.total_squared / length.n - mean**2
            spread = max(expected, seen, 0.0)
            weight = length.n / n
            share += weight * pi
            variance += (weight / gap) ** 2 * (
                spread / length.n
                + (1 - inside) ** 2 * float(human.var()) / len(human)
                + inside**2 * float(machine.var()) / len(machine)
            )
            shares.append(inside)
        margin = _Z95 * math.sqrt(variance)
        misfit, fits = self._misfit(shares, n)
        share = _within(share)  # before the margin: an interval from beyond an end would have no width
        return Prevalence(
            share=share, low=_within(share - margin), high=_within(share + margin), n_texts=n, misfit=misfit, fits=fits
        )

    def _misfit(self, shares: list[float], n: int) -> tuple[float, bool]:
        """Kolmogorov's distance on the bins, weighted over the lengths, and whether chance explains it."""
        distance = allowed = 0.0
        for length, share in zip(self._lengths, shares, strict=True):
            if not length.n:
                continue
            human, machine = (
                np.bincount(np.searchsorted(length.edges, side, side="right"), minlength=_BINS) / len(side)
                for side in (length.bucket.human_scores, length.bucket.machine_scores)
            )
            mixture = share * machine + (1 - share) * human
            gap = np.abs(np.cumsum(length.counts / length.n) - np.cumsum(mixture)).max()
            references = min(len(length.bucket.human_scores), len(length.bucket.machine_scores))
            distance += length.n / n * float(gap)
            allowed += length.n / n * _KOLMOGOROV_1_PERCENT * math.sqrt(1 / length.n + 1 / references)
        return distance, distance <= max(allowed, _SMALLEST_MISFIT)

    def _probability(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1 / (1 + np.exp(-np.clip(self._slope * scores + self._intercept, -500, 500)))


def _edges(bucket: LengthBucket) -> NDArray[np.float64]:
    """Inner edges of bins that hold as many reference texts each, both kinds having equal weight, (bins - 1,)."""
    shares = np.linspace(0, 1, _BINS + 1)[1:-1]
    human, machine = (np.quantile(np.asarray(side), shares) for side in (bucket.human_scores, bucket.machine_scores))
    return np.sort(np.concatenate([human[::2], machine[1::2]]))[: _BINS - 1]


def _within(share: float) -> float:
    return min(1.0, max(0.0, share))
