"""Feature table → ``Classifier``: a logistic regression, and a calibration on texts it never saw."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.training.feature_table import FeatureTable
from detector.verdict.classifier import LENGTH_LIMITS, WIDEST, Classifier, LengthBucket
from detector.verdict.features import BASE_NAMES, FEATURE_NAMES

_FEWEST_REFERENCES = 150
"""Human references a length bucket needs; one with fewer joins the bucket below it."""


def fit_classifier(
    table: FeatureTable,
    feature_names: Sequence[str] | None = None,
    inverse_penalty: float = 0.1,
    seed: int = 0,
) -> Classifier:
    """Fit on the ``fit`` rows, calibrate on the ``calibrate`` rows.

    ``feature_names`` are all that the table has, unless given: those of the voices are left out
    where the table was made without them.

    Each label weighs the same, and within a label each data set weighs by the square root of its
    size, so that one large source does not decide. Raises ``InputError`` when a role or a label is
    missing.
    """
    from sklearn.linear_model import LogisticRegression

    if feature_names is None:
        feature_names = BASE_NAMES if table.voices_fingerprint is None else FEATURE_NAMES
    columns = [FEATURE_NAMES.index(name) for name in feature_names]
    usable = np.isfinite(table.features[:, columns]).all(axis=1)
    fit = table.rows((table.role == "fit") & usable)
    calibration = table.rows((table.role == "calibrate") & usable)
    for name, part in (("fit", fit), ("calibrate", calibration)):
        if not part.is_machine.any() or part.is_machine.all():
            raise InputError(f"The {name} part needs human and machine texts; one of them is missing.")
    used = fit.features[:, columns]
    means, scales = used.mean(axis=0), used.std(axis=0) + 1e-9
    scaled = np.clip((used - means) / scales, -WIDEST, WIDEST)
    model = LogisticRegression(C=inverse_penalty, max_iter=2000, random_state=seed)
    model.fit(scaled, fit.is_machine, sample_weight=_weights(fit))
    coefficients, intercept = model.coef_[0], float(model.intercept_[0])
    low, high = np.quantile(calibration.features[:, columns], [0.001, 0.999], axis=0)
    fitted = Classifier(
        feature_names=list(feature_names),
        means=_rounded(means),
        scales=_rounded(scales),
        coefficients=_rounded(coefficients),
        intercept=round(intercept, 6),
        lowest=_rounded(low),
        highest=_rounded(high),
        probability_slope=1.0,
        probability_intercept=0.0,
        buckets=[LengthBucket(LENGTH_LIMITS[0], [], [])],
        most_tokens=int(calibration.n_tokens.max()),
        human_sentence_bits=_rounded(np.quantile(table.human_sentence_bits, [0.1, 0.5, 0.9])),
        model_name=table.model_name,
        model_fingerprint=table.model_fingerprint,
        voices_fingerprint=table.voices_fingerprint,
        data={"fit": _counts(fit), "calibrate": _counts(calibration)},
    )
    scores = fitted.scores(calibration.features)
    curve = LogisticRegression(C=1e6, random_state=seed)
    curve.fit(scores[:, None], calibration.is_machine, sample_weight=_weights(calibration))
    return replace(
        fitted,
        probability_slope=round(float(curve.coef_[0, 0]), 6),
        probability_intercept=round(float(curve.intercept_[0]), 6),
        buckets=_buckets(scores, calibration),
    )


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.7g}") for value in values]


def _weights(table: FeatureTable) -> NDArray[np.float64]:
    weights = np.zeros(len(table.is_machine))
    for label in (False, True):
        side = table.is_machine == label
        for dataset in np.unique(table.dataset[side]):
            rows = side & (table.dataset == dataset)
            weights[rows] = 1 / np.sqrt(rows.sum())
        weights[side] /= weights[side].sum()
    return weights * len(weights) / 2


def _buckets(scores: NDArray[np.float64], table: FeatureTable) -> list[LengthBucket]:
    """Length buckets of ``LENGTH_LIMITS``, thin ones merged with the one below."""
    limits = [limit for limit in LENGTH_LIMITS if limit == LENGTH_LIMITS[0] or _enough(table, limit)]
    buckets = []
    for least, limit in zip(limits, [*limits[1:], np.iinfo(np.int64).max], strict=True):
        rows = (table.n_tokens >= least) & (table.n_tokens < limit)
        human = np.sort(scores[rows & ~table.is_machine]).round(4).tolist()
        machine = np.sort(scores[rows & table.is_machine]).round(4).tolist()
        buckets.append(LengthBucket(least, human, machine))
    return buckets


def _enough(table: FeatureTable, least: int) -> bool:
    """Whether the bucket from ``least`` tokens on has references of its own of both labels."""
    later = [limit for limit in LENGTH_LIMITS if limit > least]
    rows = (table.n_tokens >= least) & (table.n_tokens < (later[0] if later else np.iinfo(np.int64).max))
    return int((rows & ~table.is_machine).sum()) >= _FEWEST_REFERENCES and bool((rows & table.is_machine).any())


def _counts(table: FeatureTable) -> dict[str, dict[str, int]]:
    return {
        label: {str(name): int((side & (table.dataset == name)).sum()) for name in np.unique(table.dataset[side])}
        for label, side in (("human", ~table.is_machine), ("machine", table.is_machine))
    }
