"""How well the verdict's score and each published statistic alone tell the dev sets apart."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.metrics import Rate, auroc, tpr_at_fpr
from detector.methods import METHODS
from detector.training.feature_table import FeatureTable
from detector.verdict.classifier import Classifier
from detector.verdict.features import BASE_NAMES, FEATURE_NAMES


@dataclass(frozen=True)
class Row:
    """One detector on one data set."""

    detector: str
    dataset: str
    n_human: int
    n_machine: int
    auroc: float
    tpr_at_1: float
    tpr_at_5: float


VOICE_CHOICES = {
    "base": BASE_NAMES,
    "base, machine voice": (*BASE_NAMES, "machine_gain", "machine_gain_capped"),
    "base, both voices": FEATURE_NAMES,
    "voice ratio alone": ("voice_ratio_capped",),
}
"""Which features the verdict might rest on."""


def voice_comparison(table: FeatureTable) -> Iterator[Row]:
    """The verdict on the dev sets for each of ``VOICE_CHOICES``, fitted alike."""
    from detector.training.classifier_fit import fit_classifier

    dev = table.rows(table.role == "dev")
    for choice, names in VOICE_CHOICES.items():
        for row in compare(fit_classifier(table, names), dev):
            if row.detector == "verdict":
                yield replace(row, detector=choice)


def compare(classifier: Classifier, table: FeatureTable) -> Iterator[Row]:
    """Rows for every data set with both labels, and for all of them pooled."""
    candidates = {"verdict": classifier.scores(table.features)}
    for column, name in enumerate(table.method_names):
        sign = 1 if METHODS[name]().higher_is_machine else -1
        candidates[name] = sign * table.methods[:, column]
    both = [
        str(name) for name in np.unique(table.dataset) if len(np.unique(table.is_machine[table.dataset == name])) == 2
    ]
    for name, scores in candidates.items():
        for dataset in [*both, "pooled"]:
            rows = np.isin(table.dataset, both) if dataset == "pooled" else table.dataset == dataset
            yield _row(name, dataset, scores, rows & np.isfinite(scores), table.is_machine)


def _row(
    name: str, dataset: str, scores: NDArray[np.float64], rows: NDArray[np.bool_], is_machine: NDArray[np.bool_]
) -> Row:
    human, machine = scores[rows & ~is_machine], scores[rows & is_machine]
    return Row(
        name,
        dataset,
        len(human),
        len(machine),
        auroc(human, machine),
        tpr_at_fpr(human, machine, 0.01),
        tpr_at_fpr(human, machine, 0.05),
    )


def machine_rates(classifier: Classifier, table: FeatureTable, target: float) -> dict[tuple[str, str], Rate]:
    """Share of texts with p-value at or below ``target``, by (data set, label).

    For human texts this is the realised false-alarm rate, on writers no part of the classifier saw.
    """
    return _rates(table, [classifier.p_value(s, n) <= target for s, n in _scored(classifier, table)])


def human_rates(classifier: Classifier, table: FeatureTable, target: float) -> dict[tuple[str, str], Rate]:
    """Share of texts whose human p-value is at or below ``target``, by (data set, label).

    For machine texts this is the realised rate of machine texts passing as human.
    """
    return _rates(table, [classifier.human_p_value(s, n) <= target for s, n in _scored(classifier, table)])


def _scored(classifier: Classifier, table: FeatureTable) -> list[tuple[float, int]]:
    return list(zip(classifier.scores(table.features).tolist(), table.n_tokens.tolist(), strict=True))


def _rates(table: FeatureTable, flags: list[bool]) -> dict[tuple[str, str], Rate]:
    flagged = np.array(flags)
    rates = {}
    for dataset in [*np.unique(table.dataset), "all"]:
        for label, side in (("human", ~table.is_machine), ("machine", table.is_machine)):
            rows = side & (True if dataset == "all" else table.dataset == dataset)
            if rows.any():
                rates[str(dataset), label] = Rate(int(flagged[rows].sum()), int(rows.sum()))
    return rates
