"""Which features and which sentences moved a score; both add up to it.

A feature moves the score by its coefficient times its distance from the mean of the fitted texts. The part
of a feature that is a mean or sum over tokens is shared out to the sentences it comes from; what
cannot be shared out, such as how surprise fluctuates from sentence to sentence, belongs to the text as a whole.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.verdict.classifier import Classifier
from detector.verdict.features import (
    BASE_FEATURES,
    FEATURE_NAMES,
    FEATURES,
    LEXICAL_FEATURES,
    PROBE_FEATURES,
    REGISTER_FEATURES,
    SECOND_REGISTER_FEATURES,
    VOICE_FEATURES,
    Series,
    feature_vector,
)
from detector.verdict.raw_models import RAW_MODEL_FEATURE

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Contribution:
    """What one feature added to the score."""

    feature: str
    value: float
    contribution: float
    meaning: str


@dataclass(frozen=True)
class Explanation:
    """``intercept`` + all ``features`` = the score = ``intercept`` + all ``sentences`` + ``whole_text``."""

    score: float
    intercept: float
    """Where the score starts: of all texts alike, or of texts of this kind where the calibration knows kinds."""
    features: tuple[Contribution, ...]
    """The one that moved the score most first."""
    sentences: Floats
    """What each sentence added, in the order of the sentences that have tokens."""
    whole_text: float
    """What belongs to no single sentence."""

    def by_kind(self) -> dict[str, float]:
        """The score in sums: voices, hidden states, wording, predictability and its fluctuation, and the start."""
        kinds = {
            "voices": VOICE_FEATURES,
            "hidden states": PROBE_FEATURES,
            "wording": LEXICAL_FEATURES,
            "predictability": BASE_FEATURES,
            "kind of text": {**REGISTER_FEATURES, **SECOND_REGISTER_FEATURES},
        }
        return {
            kind: sum(c.contribution for c in self.features if c.feature in names)
            for kind, names in kinds.items()
            if any(c.feature in names for c in self.features)
        } | {"start": self.intercept}


def _explain_raw_model(classifier: Classifier, series: Series, vector: Floats) -> Explanation:
    """The score of the second rule belongs to one feature, and to the text as a whole."""
    score = classifier.score(vector)
    value = float(vector[FEATURE_NAMES.index(RAW_MODEL_FEATURE)])
    only = Contribution(RAW_MODEL_FEATURE, value, score, FEATURES[RAW_MODEL_FEATURE].meaning)
    return Explanation(score, 0.0, (only,), np.zeros(len(np.unique(series.sentence))), score)


def explain_score(classifier: Classifier, series: Series) -> Explanation:
    """Where the score of a text comes from."""
    vector = feature_vector(series, classifier.needed_features)
    if classifier.is_like_a_raw_model(vector):
        return _explain_raw_model(classifier, series, vector)
    added, start = classifier.contributions(vector), classifier.start(vector)
    coefficients = np.asarray(classifier.coefficients) / classifier.spread(vector)
    counts = np.diff(np.append(np.unique(series.sentence, return_index=True)[1], len(series)))
    sentences, whole = np.zeros(len(counts)), 0.0
    for i, name in enumerate(classifier.feature_names):
        token_shares = FEATURES[name].token_shares
        if token_shares is None:
            whole += added[i]
            continue
        tokens = np.asarray(token_shares(series), dtype=np.float64)
        shares = (tokens - classifier.means[i]) / classifier.scales[i] * coefficients[i] / len(series)
        # A clipped feature, or one with an offset of its own, leaves a rest; every token bears as much of it.
        shares += (added[i] - shares.sum()) / len(series)
        sentences += np.add.reduceat(shares, np.append(0, np.cumsum(counts)[:-1]))
    features = tuple(
        Contribution(name, float(vector[column]), float(amount), FEATURES[name].meaning)
        for name, column, amount in zip(classifier.feature_names, classifier.columns, added, strict=True)
    )
    return Explanation(
        score=float(added.sum() + start),
        intercept=start,
        features=tuple(sorted(features, key=lambda c: -abs(c.contribution))),
        sentences=sentences,
        whole_text=float(whole),
    )
