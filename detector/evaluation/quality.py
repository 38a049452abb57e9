"""How good a verdict is, on texts that took no part in making it: in all, and by every group there is.

A group of machine texts (a generator, an attack) is compared with the human texts of the same data sets,
or with all human texts where those have none. Intervals are 95 % percentile bootstrap intervals over
texts, seeded; those of rates are exact.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.feature_table import FeatureTable
from detector.evaluation.metrics import Rate, auroc, calibration_error, tpr_at_fpr
from detector.records.verdicts import ACCUSED
from detector.verdict.classifier import LENGTH_LIMITS, Classifier
from detector.verdict.judgement import judge

RESAMPLES = 200
GROUPINGS = ("all", "dataset", "domain", "generator", "attack", "length")
_FEWEST = 10
"""Texts of either label below which a group is not shown."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Quality:
    """One detector on one group of texts."""

    detector: str
    grouping: str
    group: str
    n_human: int
    n_machine: int
    auroc: Estimate
    tpr_at_1: Estimate
    tpr_at_5: Estimate
    calibration_error: float | None = None
    """Expected calibration error of the probability, both labels weighing the same; None for other scores."""
    false_alarms: Rate | None = None
    """Human texts called machine or mixed."""
    detected: Rate | None = None
    """Machine texts called machine or mixed."""
    recognised: Rate | None = None
    """Human texts called human."""
    passing: Rate | None = None
    """Machine texts called human."""

    def to_dict(self) -> dict[str, object]:
        """For JSON; a rate with its interval."""
        record = asdict(self)
        for name in ("false_alarms", "detected", "recognised", "passing"):
            rate = getattr(self, name)
            record[name] = rate and {"hits": rate.hits, "total": rate.total, "interval": list(rate.interval)}
        return record


def verdict_quality(
    classifier: Classifier,
    table: FeatureTable,
    target_fpr: float,
    groupings: tuple[str, ...] = GROUPINGS,
    seed: int = 0,
) -> Iterator[Quality]:
    """The verdict on whole texts, group by group; on beginnings as well for the grouping by length."""
    scores = classifier.scores(table.features)
    verdicts = verdicts_of(classifier, table, target_fpr)
    accused, human_verdict = np.isin(verdicts, ACCUSED), verdicts == "human"
    probabilities = np.array([classifier.probability_machine(s) for s in scores])
    for grouping, group, rows in groups(table, groupings):
        human, machine = rows & ~table.is_machine, rows & table.is_machine
        yield Quality(
            "verdict",
            grouping,
            group,
            int(human.sum()),
            int(machine.sum()),
            *intervals(scores[human], scores[machine], seed),
            calibration_error=calibration_error(probabilities[human], probabilities[machine]),
            false_alarms=_rate(accused[human]),
            detected=_rate(accused[machine]),
            recognised=_rate(human_verdict[human]),
            passing=_rate(human_verdict[machine]),
        )


def _rate(flags: NDArray[np.bool_]) -> Rate:
    return Rate(int(flags.sum()), len(flags))


def verdicts_of(classifier: Classifier, table: FeatureTable, target_fpr: float) -> NDArray[np.str_]:
    """What the tool says of each row."""
    return np.array(
        [judge(classifier, measured, target_fpr).verdict for measured in table.measured()] or np.zeros(0, dtype=str)
    )


def score_quality(
    name: str, scores: Floats, table: FeatureTable, groupings: tuple[str, ...] = ("all", "dataset"), seed: int = 0
) -> Iterator[Quality]:
    """The same of any score of the table's rows, higher = more machine-like; rows where it is NaN are left out."""
    for grouping, group, rows in groups(table, groupings):
        known = rows & np.isfinite(scores)
        human, machine = known & ~table.is_machine, known & table.is_machine
        if min(human.sum(), machine.sum()) < _FEWEST:
            continue
        yield Quality(
            name, grouping, group, int(human.sum()), int(machine.sum()),
            *intervals(scores[human], scores[machine], seed),
        )  # fmt: skip


def groups(table: FeatureTable, groupings: tuple[str, ...]) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """(grouping, group, rows) of every group with enough texts of both labels."""
    with_humans = np.isin(table.dataset, np.unique(table.dataset[~table.is_machine]))
    for grouping in groupings:
        for group, rows in _GROUPERS[grouping](table):
            human, machine = rows & ~table.is_machine, rows & table.is_machine
            if grouping in ("generator", "attack"):
                own = ~table.is_machine & np.isin(table.dataset, np.unique(table.dataset[machine & with_humans]))
                human = (own if own.any() else ~table.is_machine) & table.is_whole
            if min(human.sum(), machine.sum()) >= _FEWEST:
                yield grouping, group, human | machine


def _by_column(name: str) -> Callable[[FeatureTable], Iterator[tuple[str, NDArray[np.bool_]]]]:
    def found(table: FeatureTable) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        values = getattr(table, name)
        for value in np.unique(values):
            if value:
                yield str(value), (values == value) & table.is_whole

    return found


def _by_length(table: FeatureTable) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    limits = [*LENGTH_LIMITS, np.iinfo(np.int64).max]
    for least, limit in pairwise(limits):
        name = f"{least}-{limit - 1} tokens" if limit < limits[-1] else f"{least} tokens or more"
        yield name, (table.n_tokens >= least) & (table.n_tokens < limit)


_GROUPERS: dict[str, Callable[[FeatureTable], Iterator[tuple[str, NDArray[np.bool_]]]]] = {
    "all": lambda table: iter([("all", table.is_whole)]),
    "dataset": _by_column("dataset"),
    "domain": _by_column("domain"),
    "generator": _by_column("generator"),
    "attack": _by_column("attack"),
    "length": _by_length,
}


def intervals(human: Floats, machine: Floats, seed: int) -> tuple[Estimate, Estimate, Estimate]:
    """AUROC and TPR at 1 % and 5 % FPR with bootstrap intervals."""
    rng = np.random.default_rng(seed)
    levels, places = np.unique(np.concatenate([human, machine]), return_inverse=True)
    humans, machines = places[: len(human)], places[len(human) :]
    resampled = [
        _figures_of_counts(
            np.bincount(rng.choice(humans, len(humans)), minlength=len(levels)),
            np.bincount(rng.choice(machines, len(machines)), minlength=len(levels)),
        )
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0).tolist()
    figures = auroc(human, machine), tpr_at_fpr(human, machine, 0.01), tpr_at_fpr(human, machine, 0.05)
    first, second, third = map(Estimate, figures, low, high)
    return first, second, third


def _figures_of_counts(humans: NDArray[np.int64], machines: NDArray[np.int64]) -> tuple[float, float, float]:
    """``auroc`` and ``tpr_at_fpr`` at 1 % and 5 % of texts counted by score, the lowest first: no sorting anew."""
    up_to = np.cumsum(humans)
    n_humans, n_machines = int(up_to[-1]), int(machines.sum())
    area = float((machines * (up_to - humans / 2)).sum() / (n_humans * n_machines))
    rates = []
    for fpr in (0.01, 0.05):
        threshold = np.searchsorted(up_to, n_humans - int(np.floor(fpr * n_humans + 1e-9)))
        rates.append(float(machines[threshold + 1 :].sum() / n_machines))
    return area, rates[0], rates[1]
