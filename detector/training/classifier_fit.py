"""Feature table → ``Classifier``: a logistic regression, and a calibration on texts it never saw."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detector.documents.hashing import unit_hash
from detector.errors import InputError
from detector.evaluation.feature_table import FeatureTable
from detector.records.references import Kind, LengthBucket
from detector.training.neighbours_fit import fit_neighbours
from detector.training.register_fit import FOLDS, fit_register
from detector.verdict.classifier import LENGTH_LIMITS, WIDEST, Classifier
from detector.verdict.features import (
    FEATURE_NAMES,
    FEATURES,
    LEXICAL_FEATURES,
    PROBE_FEATURES,
    REGISTER_FEATURES,
    SECOND_REGISTER_FEATURES,
    VOICE_FEATURES,
)
from detector.verdict.raw_models import RAW_MODEL_FEATURE, RawModelRule
from detector.verdict.register import SECOND_REGISTER_COLUMNS

FEWEST_TO_TELL_KINDS = 1000
"""Human references, beginnings included, from which it is learnt how texts of a kind score."""
RAW_MODEL_HANDICAP = 1.5
"""Chosen on the dev sets: the greatest gain on raw models that costs chat models nothing."""
_FEWEST_REFERENCES = 150
"""Human references a length bucket needs; one with fewer joins the bucket below it."""


def fit_classifier(
    table: FeatureTable,
    feature_names: Sequence[str] | None = None,
    inverse_penalty: float = 0.1,
    seed: int = 0,
) -> Classifier:
    """Fit on the ``fit`` rows, calibrate on the ``calibrate`` rows.

    ``feature_names`` are ``usual_features`` unless given.

    Each label weighs the same, and within a label each data set weighs by the square root of its
    size, so that one large source does not decide. Raises ``InputError`` when a role or a label is
    missing.
    """
    from sklearn.linear_model import LogisticRegression

    if feature_names is None:
        feature_names = usual_features(table)
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
    model.fit(scaled, fit.is_machine, sample_weight=weights_of(fit))
    coefficients, intercept = model.coef_[0], float(model.intercept_[0])
    fitted = Classifier(
        feature_names=list(feature_names),
        means=_rounded(means),
        scales=_rounded(scales),
        coefficients=_rounded(coefficients),
        intercept=round(intercept, 6),
        ranges={},
        probability_slope=1.0,
        probability_intercept=0.0,
        buckets=[LengthBucket(LENGTH_LIMITS[0], [], [], [], [])],
        most_tokens=0,
        human_sentence_bits=table.human_sentence_bits,
        machine_sentence_bits=table.machine_sentence_bits,
        evidence=table.evidence,
        model_name=table.model_name,
        model_fingerprint=table.model_fingerprint,
        voices_fingerprint=table.voices_fingerprint,
        lexical_fingerprint=table.lexical_fingerprint,
        probe_fingerprint=table.probe_fingerprint,
        parts_fingerprint=table.parts_fingerprint,
        extent=table.extent,
        number_formats={table.number_format: table.model_fingerprint},
        data={"fit": _counts(fit)},
        seen=_keys(fit),
    )
    return calibrate(fitted, calibration, seed)


_QUANTILES = np.linspace(0, 1, 21)
"""Of the distances from the nearest kind that a calibration keeps."""
_FEWEST_OF_A_SOURCE = 20
WAYS = ("relative", "kinds", "raw models", "nearest", "second register")
"""What a calibration with a probe does beside references of like length; each is added to those before it, but that the
nearest references take the place of kinds in the p-value."""


def calibrate(classifier: Classifier, table: FeatureTable, seed: int = 0, ways: Sequence[str] = WAYS) -> Classifier:
    """The same classifier with the probability curve, ranges and references of these rows.

    ``ways`` is a beginning of ``WAYS``: fewer are for comparison. Raises ``InputError`` when a label is missing.
    """
    from sklearn.linear_model import LogisticRegression

    columns = classifier.columns
    usable = np.asarray(np.isfinite(table.features[:, columns]).all(axis=1))
    rows = table.rows(np.asarray(usable))
    if not rows.is_machine.any() or rows.is_machine.all():
        raise InputError("The calibrate part needs human and machine texts; one of them is missing.")
    if classifier.probe_fingerprint is None or not ways:
        scores = classifier.plain_scores(rows.features)
    elif (~rows.is_machine).sum() >= FEWEST_TO_TELL_KINDS:
        classifier, scores = _with_register(classifier, rows, ways)
    else:  # what a kind of text scores stays as it was known, if it was; references are by length alone
        scores = classifier.scores(rows.features)
        if classifier.register is not None:
            classifier = replace(classifier, register=replace(classifier.register, centres=[]))
    curve = LogisticRegression(C=1e6, random_state=seed)
    curve.fit(scores[:, None], rows.is_machine, sample_weight=weights_of(rows))
    if curve.coef_[0, 0] <= 0:
        raise InputError(
            "Among the texts of the calibration, human ones score above machine ones: are the labels the wrong way "
            "round?"
        )
    names = [name for i, name in enumerate(FEATURE_NAMES) if np.isfinite(rows.features[:, i]).all()]
    low, high = np.quantile(rows.features[:, [FEATURE_NAMES.index(n) for n in names]], [0.001, 0.999], axis=0)
    kinds, neighbours, standings = _kinds(classifier, scores, rows), None, np.zeros((len(scores), 0))
    if kinds and "nearest" in ways:
        human = ~rows.is_machine
        neighbours, of_humans = fit_neighbours(classifier.registers, rows.rows(human), scores[human])
        standings = np.full((len(scores), of_humans.shape[1]), np.nan)
        standings[human] = of_humans
    distances = _distances(classifier, rows)
    return replace(
        classifier,
        neighbours=neighbours,
        ranges={name: _rounded(np.array(limits)) for name, *limits in zip(names, low, high, strict=True)},
        probability_slope=round(float(curve.coef_[0, 0]), 6),
        probability_intercept=round(float(curve.intercept_[0]), 6),
        buckets=_buckets(scores, rows, distances, standings),
        kinds=kinds,
        source_distances=_source_distances(rows, distances),
        most_tokens=int(rows.n_tokens.max()),
        human_sentence_bits=table.human_sentence_bits,
        machine_sentence_bits=table.machine_sentence_bits,
        data={**classifier.data, "calibrate": _counts(rows)},
        seen=sorted({*classifier.seen, *_keys(rows)}),
    )


def _with_register(
    classifier: Classifier, rows: FeatureTable, ways: Sequence[str]
) -> tuple[Classifier, NDArray[np.float64]]:
    """The classifier with the registers of the human rows, and the relative score of every row.

    The score of a human reference is relative to registers fitted without it (cross-conformal, Vovk 2015), so
    that references and new texts are treated alike.
    """
    human, plain = ~rows.is_machine, classifier.plain_scores(rows.features)
    unlikely = rows.features[:, FEATURE_NAMES.index(RAW_MODEL_FEATURE)]
    has_second = bool(np.isfinite(rows.features[:, SECOND_REGISTER_COLUMNS]).all())

    def fitted_on(chosen: NDArray[np.bool_]) -> Classifier:
        features = rows.features[chosen]
        register, second, raw_models = fit_register(features, plain[chosen], with_kinds="kinds" in ways), None, None
        if "second register" in ways and has_second:
            second = fit_register(features, plain[chosen], with_kinds=False, is_second=True)
        if "raw models" in ways and np.isfinite(unlikely).all():  # a quick table holds no probabilities
            raw_models = RawModelRule(fit_register(features, unlikely[chosen], with_kinds=False), RAW_MODEL_HANDICAP)
        return replace(classifier, register=register, second_register=second, raw_models=raw_models)

    whole = fitted_on(human)
    scores = whole.scores(rows.features)
    fold = np.array([int(unit_hash(f"register:{key}") * FOLDS) for key in rows.text_key])
    for number in range(FOLDS):
        inside = human & (fold == number)
        if inside.any():
            scores[inside] = fitted_on(human & (fold != number)).scores(rows.features[inside])
    return whole, scores


def usual_features(table: FeatureTable) -> list[str]:
    """Probe and words where the table has a probe; voices and words where it has both; else all it has.

    Beside voices and words the features of the base model add nothing on data sets that took no part
    in fitting (``python -m detector.training choices``), and fewer features leave less to go wrong.
    """
    has_voices, has_words = table.voices_fingerprint is not None, table.lexical_fingerprint is not None
    if table.probe_fingerprint is not None:
        known = [name for name in PROBE_FEATURES if np.isfinite(table.features[:, FEATURE_NAMES.index(name)]).any()]
        return [*known, *(LEXICAL_FEATURES if has_words else ())]
    kinds = {**VOICE_FEATURES, **LEXICAL_FEATURES} if has_voices and has_words else FEATURES
    missing = {*PROBE_FEATURES, *REGISTER_FEATURES, *SECOND_REGISTER_FEATURES}
    missing |= {name for name in VOICE_FEATURES if not has_voices} | {
        name for name in LEXICAL_FEATURES if not has_words
    }
    return [name for name in kinds if name not in missing]


def _keys(table: FeatureTable) -> list[str]:
    return sorted(set(table.text_key.tolist()))


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.7g}") for value in values]


def weights_of(table: FeatureTable) -> NDArray[np.float64]:
    """Each label weighs the same; within a label each data set by the square root of its rows."""
    weights = np.zeros(len(table.is_machine))
    for label in (False, True):
        side = table.is_machine == label
        for dataset in np.unique(table.dataset[side]):
            rows = side & (table.dataset == dataset)
            weights[rows] = 1 / np.sqrt(rows.sum())
        weights[side] /= weights[side].sum()
    return weights * len(weights) / 2


def _buckets(
    scores: NDArray[np.float64],
    table: FeatureTable,
    distances: NDArray[np.float64] | None,
    standings: NDArray[np.float64],
) -> list[LengthBucket]:
    """Length buckets of ``LENGTH_LIMITS``, thin ones merged with the one below."""
    limits = _limits(table)
    buckets = []
    for least, limit in zip(limits, [*limits[1:], np.iinfo(np.int64).max], strict=True):
        rows = (table.n_tokens >= least) & (table.n_tokens < limit)
        human, machine = rows & ~table.is_machine, rows & table.is_machine
        buckets.append(
            LengthBucket(
                least,
                human_scores=_sorted(scores[human]),
                machine_scores=_sorted(scores[machine]),
                human_strongest=_sorted(table.strongest_machine[human]),
                machine_strongest=_sorted(table.strongest_human[machine]),
                human_mixture=_sorted((scores + table.contrast)[human]),
                machine_contrast=_sorted(table.contrast[machine]),
                human_distances=[]
                if distances is None
                else np.quantile(distances[human], _QUANTILES).round(4).tolist(),
                human_standings=[_sorted(of_size) for of_size in standings[human].T],
            )
        )
    return buckets


def _limits(table: FeatureTable) -> list[int]:
    return [limit for limit in LENGTH_LIMITS if limit == LENGTH_LIMITS[0] or _enough(table, limit)]


def _distances(classifier: Classifier, rows: FeatureTable) -> NDArray[np.float64] | None:
    """How far each row lies from the nearest kind, where kinds are told apart."""
    if classifier.register is None or not classifier.register.centres:
        return None
    return classifier.register.distance(rows.features)


def _source_distances(rows: FeatureTable, distances: NDArray[np.float64] | None) -> dict[str, float]:
    """Mean distance of the human texts of each source, over that of all human texts of their lengths.

    A source is a data set, or a genre of the corpus, with ``_FEWEST_OF_A_SOURCE`` texts.
    """
    if distances is None:
        return {}
    human = ~rows.is_machine
    bucket = np.searchsorted(_limits(rows), rows.n_tokens, side="right")
    usual = {number: distances[human & (bucket == number)].mean() for number in np.unique(bucket[human])}
    whole = human & rows.is_whole
    names = np.array(
        [" ".join(filter(None, pair)) for pair in zip(rows.dataset.tolist(), rows.domain.tolist(), strict=True)]
    )
    found = {}
    for name in np.unique(names[whole]):
        of_it = whole & (names == name)
        if of_it.sum() >= _FEWEST_OF_A_SOURCE:
            usual_there = np.mean([usual[number] for number in bucket[of_it]])
            found[str(name)] = round(float(distances[of_it].mean() / usual_there), 3)
    return found


def _kinds(classifier: Classifier, scores: NDArray[np.float64], rows: FeatureTable) -> list[Kind]:
    """Human references of each kind that the register tells apart."""
    if classifier.register is None or not classifier.register.centres:
        return []
    kinds = np.where(rows.is_machine, -1, classifier.register.kinds(rows.features))
    return [
        Kind(*(_sorted(values[kinds == i]) for values in (scores, rows.strongest_machine, scores + rows.contrast)))
        for i in range(len(classifier.register.centres))
    ]


def _sorted(values: NDArray[np.float64]) -> list[float]:
    """References for a file; those that were not measured are none."""
    return np.sort(values[np.isfinite(values)]).round(4).tolist()


def _enough(table: FeatureTable, least: int) -> bool:
    """Whether the bucket from ``least`` tokens on has references of its own of both labels."""
    later = [limit for limit in LENGTH_LIMITS if limit > least]
    rows = (table.n_tokens >= least) & (table.n_tokens < (later[0] if later else np.iinfo(np.int64).max))
    return int((rows & ~table.is_machine).sum()) >= _FEWEST_REFERENCES and bool((rows & table.is_machine).any())


def _counts(table: FeatureTable) -> dict[str, dict[str, int]]:
    return {
        label: {str(name): int((side & (table.dataset == name)).sum()) for name in np.unique(table.dataset[side])}
        for label, side in (
            ("human", table.is_whole & ~table.is_machine),
            ("machine", table.is_whole & table.is_machine),
        )
    }
