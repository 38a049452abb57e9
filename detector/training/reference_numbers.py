"""Labelled texts and the feature table → the reference numbers that reports are drawn against."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.evaluation.feature_table import FeatureTable
from detector.evaluation.labelled_texts import LabelledText
from detector.evaluation.metrics import auroc
from detector.methods import METHODS, plain_methods
from detector.models.language_model import LanguageModel
from detector.report.distributions import DISTRIBUTIONS
from detector.report.references import Distribution, MethodReference, References, Spread
from detector.scoring.engine import score_texts
from detector.verdict.classifier import LENGTH_LIMITS, Classifier

_TOP_K = 10
"""What GLTR's entropy needs."""


@dataclass(frozen=True)
class Histograms:
    """What ``measure_histograms`` found; it depends on the model alone."""

    model_fingerprint: str
    distributions: dict[str, Distribution]
    n_human: int
    n_machine: int

    @classmethod
    def kept_in(cls, references: References) -> "Histograms":
        """Those of references made before, where only the table or the classifier is new."""
        found = references
        return cls(found.model_fingerprint, found.distributions, found.n_human, found.n_machine)


def measure_histograms(
    language_model: LanguageModel,
    labelled: Sequence[tuple[str, LabelledText]],
    most_texts: int = 600,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Histograms:
    """Score calibration texts, at most ``most_texts`` of each kind drawn with a fixed seed, and fill the bins.

    ``report`` is called with (texts scored, texts to score). Raises ``InputError`` for too few texts.
    """
    rows: dict[str, dict[bool, list[NDArray[Any]]]] = {name: {False: [], True: []} for name in DISTRIBUTIONS}
    chosen = _choose(labelled, most_texts)
    scored = score_texts(language_model, [text.text for text in chosen], top_k=_TOP_K)
    counts = {False: 0, True: 0}
    for number, (text, scores) in enumerate(zip(chosen, scored, strict=True), start=1):
        report(number, len(chosen))
        if len(scores) < LENGTH_LIMITS[0]:
            continue
        counts[text.is_machine] += 1
        for name, bins_of in DISTRIBUTIONS.items():
            rows[name][text.is_machine].append(bins_of(scores))
    if not all(counts.values()):
        raise InputError("References need calibration texts of both kinds, of 50 tokens or more.")
    distributions = {
        name: Distribution(Spread.of(kinds[False]), Spread.of(kinds[True])) for name, kinds in rows.items()
    }
    return Histograms(language_model.fingerprint, distributions, counts[False], counts[True])


def make_references(classifier: Classifier, table: FeatureTable, histograms: Histograms) -> References:
    """Histograms beside what the table says of every method; AUROCs over its dev texts, whole texts alone.

    Raises ``InputError`` where they do not belong to one model.
    """
    for owner in (table, histograms):
        if owner.model_fingerprint != classifier.model_fingerprint:
            raise InputError(
                f"The {type(owner).__name__} belongs to the model {owner.model_fingerprint} and the classifier to "
                f"{classifier.model_name} ({classifier.model_fingerprint}); make both again for one model."
            )
    whole = table.rows(table.is_whole)
    judged, reference = whole.rows(whole.role == "dev"), whole.rows(whole.role == "calibrate")
    methods = {}
    for column, name in enumerate(table.method_names):
        if name not in plain_methods():
            continue  # not of the references, and no report shows it
        sign = 1 if METHODS[name]().higher_is_machine else -1
        human, machine = _both(judged, sign * judged.methods[:, column])
        methods[name] = MethodReference(
            auroc=round(auroc(human, machine), 4),
            human=_middle(reference, column, is_machine=False),
            machine=_middle(reference, column, is_machine=True),
        )
    human, machine = _both(judged, classifier.scores(judged.features))
    return References(
        model_name=classifier.model_name,
        model_fingerprint=classifier.model_fingerprint,
        n_human=histograms.n_human,
        n_machine=histograms.n_machine,
        n_human_judged=int((~judged.is_machine).sum()),
        n_machine_judged=int(judged.is_machine.sum()),
        distributions=histograms.distributions,
        methods=methods,
        verdict_auroc=round(auroc(human, machine), 4),
        number_formats=classifier.number_formats,
    )


def _choose(labelled: Sequence[tuple[str, LabelledText]], most: int) -> list[LabelledText]:
    chosen = []
    for is_machine in (False, True):
        texts = [text for role, text in labelled if role == "calibrate" and text.is_machine == is_machine]
        order = np.random.default_rng(0).permutation(len(texts))[:most]
        chosen += [texts[i] for i in sorted(order.tolist())]
    return chosen


def _both(table: FeatureTable, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    finite = np.isfinite(values)
    return values[finite & ~table.is_machine], values[finite & table.is_machine]


def _middle(table: FeatureTable, column: int, is_machine: bool) -> list[float]:
    values = table.methods[table.is_machine == is_machine, column]
    return [float(f"{v:.4g}") for v in np.quantile(values[np.isfinite(values)], [0.05, 0.5, 0.95])]
