"""AUROC, true-positive rate at a false-positive rate, and exact intervals for rates.

Machine is the positive class; higher scores are more machine-like; ties count half.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


def auroc(human_scores: ArrayLike, machine_scores: ArrayLike) -> float:
    """Probability that a machine text scores above a human one; NaN if a side is empty.

    >>> auroc([0, 1], [1, 2])
    0.875
    """
    human, machine = np.asarray(human_scores, dtype=float), np.asarray(machine_scores, dtype=float)
    if not len(human) or not len(machine):
        return float("nan")
    ranks = stats.rankdata(np.concatenate([human, machine]))
    above = ranks[len(human) :].sum() - len(machine) * (len(machine) + 1) / 2
    return float(above / (len(human) * len(machine)))


def tpr_at_fpr(human_scores: ArrayLike, machine_scores: ArrayLike, fpr: float) -> float:
    """Share of machine texts above the lowest threshold that at most ``fpr`` of the human ones exceed.

    The threshold is an order statistic of the human scores; a text is flagged if it scores above it.

    >>> tpr_at_fpr([1, 2, 3, 4], [2.5, 3.5], fpr=0.25)
    0.5
    """
    human, machine = np.sort(np.asarray(human_scores, dtype=float)), np.asarray(machine_scores, dtype=float)
    if not len(human) or not len(machine):
        return float("nan")
    allowed = int(np.floor(fpr * len(human) + 1e-9))
    threshold = human[len(human) - allowed - 1] if allowed < len(human) else -np.inf
    return float((machine > threshold).mean())


def calibration_error(human_probabilities: ArrayLike, machine_probabilities: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error of probabilities of being machine text, in [0, 1]; NaN if a side is empty.

    Mean over ``bins`` equal bins of |share of machine texts - mean probability|, weighed by what falls in
    the bin; the two labels weigh the same, as the probability supposes.

    >>> calibration_error([0.2, 0.2, 0.2, 0.2], [0.8, 0.8, 0.8, 0.2])
    0.075
    """
    shares, means, weights = reliability(human_probabilities, machine_probabilities, bins)
    if not len(shares):
        return float("nan")
    return float(round((np.abs(shares - means) * weights).sum(), 12))


def reliability(
    human_probabilities: ArrayLike, machine_probabilities: ArrayLike, bins: int = 10
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of every bin that is not empty: share of machine texts, mean probability, weight; empty if a side is."""
    human, machine = np.asarray(human_probabilities, dtype=float), np.asarray(machine_probabilities, dtype=float)
    if not len(human) or not len(machine):
        return (np.zeros(0),) * 3
    p = np.concatenate([human, machine])
    weight = np.concatenate([np.full(len(human), 0.5 / len(human)), np.full(len(machine), 0.5 / len(machine))])
    is_machine = np.arange(len(p)) >= len(human)
    bin_of = np.minimum((p * bins).astype(int), bins - 1)
    totals = np.bincount(bin_of, weight, bins)
    machines = np.bincount(bin_of, weight * is_machine, bins)
    sums = np.bincount(bin_of, weight * p, bins)
    used = totals > 0
    return machines[used] / totals[used], sums[used] / totals[used], totals[used].astype(np.float64)


def det_curve(human_scores: ArrayLike, machine_scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False-positive and false-negative rates at every threshold, false-positive rate rising (Martin et al. 1997).

    >>> fpr, fnr = det_curve([0, 1], [1, 2])
    >>> fpr.tolist(), fnr.tolist()
    ([0.0, 0.0, 0.5, 1.0], [1.0, 0.5, 0.0, 0.0])
    """
    human, machine = np.sort(np.asarray(human_scores, float)), np.sort(np.asarray(machine_scores, float))
    thresholds = np.unique(np.concatenate([human, machine]))[::-1]
    fpr = 1 - np.searchsorted(human, thresholds, side="left") / len(human)
    fnr = np.searchsorted(machine, thresholds, side="left") / len(machine)
    return np.append(0.0, fpr), np.append(1.0, fnr)


@dataclass(frozen=True)
class Rate:
    """A share with its exact 95 % interval."""

    hits: int
    total: int

    @property
    def share(self) -> float:
        """Hits / total; NaN for none."""
        return self.hits / self.total if self.total else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper and Pearson 1934, 95 %."""
        if not self.total:
            return (0.0, 1.0)
        found = stats.binomtest(self.hits, self.total).proportion_ci(0.95, method="exact")
        return float(found.low), float(found.high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.share:.3f} [{low:.3f}, {high:.3f}] ({self.hits}/{self.total})"
