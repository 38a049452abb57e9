"""AUROC, true-positive rate at a false-positive rate, and exact intervals for rates.

Machine is the positive class; higher scores are more machine-like; ties count half.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
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
