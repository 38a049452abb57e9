"""What the verdict might rest on: sets of features and kinds of estimators, fitted alike, judged on the dev sets."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.evaluation.feature_table import FeatureTable
from detector.evaluation.metrics import auroc, tpr_at_fpr
from detector.evaluation.quality import verdicts_of
from detector.records.verdicts import ACCUSED
from detector.training.classifier_fit import fit_classifier, weights_of
from detector.verdict.classifier import WIDEST
from detector.verdict.features import BASE_NAMES, FEATURE_NAMES, LEXICAL_FEATURES, PROBE_FEATURES, VOICE_FEATURES

Floats = NDArray[np.float64]

FEATURE_CHOICES: dict[str, tuple[str, ...]] = {
    "base": BASE_NAMES,
    "base, machine voice": (*BASE_NAMES, "machine_gain", "machine_gain_capped"),
    "base, both voices": (*BASE_NAMES, *VOICE_FEATURES),
    "base, words": (*BASE_NAMES, *LEXICAL_FEATURES),
    "both voices, words": (*VOICE_FEATURES, *LEXICAL_FEATURES),
    "voice ratio alone": ("voice_ratio_capped",),
    "words alone": tuple(LEXICAL_FEATURES),
    "everything": FEATURE_NAMES,
}
PROBE_CHOICES: dict[str, tuple[str, ...]] = {
    "evidence, words": ("probe_evidence", "probe_sentence_spread", *LEXICAL_FEATURES),
    "hidden layer, words": ("probe_sentence_spread", "probe_units", *LEXICAL_FEATURES),
    "both, words": (*PROBE_FEATURES, *LEXICAL_FEATURES),
}
"""For a table with a probe that has a hidden layer."""
PENALTIES = (0.001, 0.01, 0.1, 1.0)
"""Inverse penalties of the logistic regression on everything."""


def compare_choices(table: FeatureTable) -> Iterator[str]:
    """Lines of a table: AUROC / TPR at 1 % FPR on each dev set with both labels, their mean, and pooled.

    Of a table with a hidden layer: AUROC over all dev texts, and what the verdict says at a promise of 1 %.
    Raises ``InputError`` for a table with neither that nor voices and words.
    """
    if np.isfinite(table.features[:, FEATURE_NAMES.index("probe_units")]).any():
        yield from _compare_probes(table)
        return
    if table.voices_fingerprint is None or table.lexical_fingerprint is None:
        raise InputError("The table was made without voices or word weights; make it again with a model that has both.")
    fit, dev = table.rows(table.role == "fit"), table.rows((table.role == "dev") & table.is_whole)
    sets = [str(name) for name in np.unique(dev.dataset) if len(np.unique(dev.is_machine[dev.dataset == name])) == 2]
    yield f"{'':34} " + " ".join(f"{name[-11:]:11}" for name in [*sets, "mean", "pooled"])
    for name, features in FEATURE_CHOICES.items():
        yield _line(name, fit_classifier(table, features).scores(dev.features), dev, sets)
    for penalty in PENALTIES:
        scores = fit_classifier(table, FEATURE_NAMES, penalty).scores(dev.features)
        yield _line(f"everything, C = {penalty:g}", scores, dev, sets)
    scaled = _scaler(fit)
    results = {}
    for name, make in ESTIMATORS.items():
        model = make()
        model.fit(scaled(fit.features), fit.is_machine, weights_of(fit))
        results[name] = model.decision_function(scaled(dev.features))
        yield _line(name, results[name], dev, sets)
    linear = fit_classifier(table).scores(dev.features)
    yield _line("mean of linear and boosting", _mean([linear, results["gradient boosting"]]), dev, sets)


def _compare_probes(table: FeatureTable) -> Iterator[str]:
    dev = table.rows((table.role == "dev") & table.is_whole)
    yield f"{'':20} AUROC  false alarms  machine texts found"
    for name, features in PROBE_CHOICES.items():
        classifier = fit_classifier(table, features)
        scores = classifier.scores(dev.features)
        accused = np.isin(verdicts_of(classifier, dev, 0.01), ACCUSED)
        area = auroc(scores[~dev.is_machine], scores[dev.is_machine])
        alarms, humans = int(accused[~dev.is_machine].sum()), int((~dev.is_machine).sum())
        yield f"{name:20} {area:.3f}  {alarms} of {humans:,}    {accused[dev.is_machine].mean():.1%}"


def _scaler(fit: FeatureTable) -> Callable[[Floats], Floats]:
    means, scales = fit.features.mean(axis=0), fit.features.std(axis=0) + 1e-9
    return lambda features: np.clip((features - means) / scales, -WIDEST, WIDEST)


def _boosting() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=250, learning_rate=0.05, max_leaf_nodes=15, min_samples_leaf=40, l2_regularization=5, random_state=0
    )


class _Quadratic:
    """Logistic regression on the features, their squares and products."""

    def __init__(self) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import PolynomialFeatures, StandardScaler

        self._products, self._scaler = PolynomialFeatures(2, include_bias=False), StandardScaler()
        self._model = LogisticRegression(C=0.001, max_iter=3000)

    def fit(self, x: Floats, y: NDArray[np.bool_], weights: Floats) -> None:
        self._model.fit(self._scaler.fit_transform(self._products.fit_transform(np.clip(x, -4, 4))), y, weights)

    def decision_function(self, x: Floats) -> Floats:
        return self._model.decision_function(self._scaler.transform(self._products.transform(np.clip(x, -4, 4))))


ESTIMATORS: dict[str, Callable[[], Any]] = {"quadratic": _Quadratic, "gradient boosting": _boosting}


def _mean(scores: list[Floats]) -> Floats:
    return np.mean([one / one.std() for one in scores], axis=0)


def _line(name: str, scores: Floats, dev: FeatureTable, sets: list[str]) -> str:
    figures = [_figures(scores, dev, dev.dataset == one) for one in sets]
    pooled = _figures(scores, dev, np.isin(dev.dataset, sets))
    mean = tuple(np.mean(figures, axis=0))
    return f"{name:34} " + " ".join(f"{a:.3f}/{t:.3f}" for a, t in [*figures, mean, pooled])


def _figures(scores: Floats, dev: FeatureTable, rows: NDArray[np.bool_]) -> tuple[float, float]:
    known = rows & np.isfinite(scores)
    human, machine = scores[known & ~dev.is_machine], scores[known & dev.is_machine]
    return auroc(human, machine), tpr_at_fpr(human, machine, 0.01)
