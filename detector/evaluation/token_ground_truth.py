"""How well predictors find tokens a model hardly saw, where it is known how often it saw each.

Under-trained is the positive class. Every predictor is turned so that higher is more suspect.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from detector.evaluation.metrics import Rate, auroc

BELOW = (1, 10, 100)
"""A token counts as under-trained if it was seen fewer times than this."""


@dataclass(frozen=True)
class PredictorQuality:
    """One predictor against the counts, over the tokens it has a value for."""

    name: str
    tokens: int
    auroc_below: dict[int, float]
    """By bound: probability that a token seen fewer times is more suspect than one seen as often or more."""
    spearman: float
    """Rank correlation of suspicion with the count; -1 is perfect."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def measure(
    predictors: Mapping[str, NDArray[np.float64]], counts: NDArray[np.integer], ids: NDArray[np.integer]
) -> list[PredictorQuality]:
    """Quality of each predictor (vocabulary,), higher = more suspect, on the tokens ``ids``; NaN is left out."""
    qualities = []
    for name, values in predictors.items():
        known = ids[np.isfinite(values[ids])]
        suspicion, seen = values[known], counts[known]
        qualities.append(
            PredictorQuality(
                name,
                len(known),
                {below: auroc(suspicion[seen >= below], suspicion[seen < below]) for below in BELOW},
                float(stats.spearmanr(suspicion, seen).statistic) if len(known) > 1 else float("nan"),
            )
        )
    return qualities


@dataclass(frozen=True)
class SelectionQuality:
    """A set of tokens called under-trained, against the counts."""

    name: str
    precision_below: dict[int, Rate]
    """By bound: of the tokens called, those seen fewer times."""
    recall_below: dict[int, Rate]
    """By bound: of the tokens seen fewer times, those called."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON, with 95 % intervals."""

        def rates(found: dict[int, Rate]) -> dict[int, Any]:
            return {
                below: {"hits": rate.hits, "total": rate.total, "interval": list(rate.interval)}
                for below, rate in found.items()
            }

        return {"name": self.name, "precision": rates(self.precision_below), "recall": rates(self.recall_below)}


def judge_selection(
    name: str, selected: Iterable[int], counts: NDArray[np.integer], ids: NDArray[np.integer]
) -> SelectionQuality:
    """Precision and recall of the tokens ``selected``, of those of ``ids``."""
    is_selected = np.isin(ids, list(selected))
    rare = {below: counts[ids] < below for below in BELOW}
    return SelectionQuality(
        name,
        {below: Rate(int((is_selected & few).sum()), int(is_selected.sum())) for below, few in rare.items()},
        {below: Rate(int((is_selected & few).sum()), int(few.sum())) for below, few in rare.items()},
    )
