"""The weights of token evidence: a logistic regression on single sentences of labelled texts."""

from collections.abc import Sequence

import numpy as np

from detector.errors import InputError
from detector.training.register_fit import fit_register
from detector.verdict.features import REGISTER_FEATURES, Series, feature_vector
from detector.verdict.register import Register
from detector.verdict.segments import EvidenceWeights, sentence_sums, token_parts

_TOKENS = 3
"""Column of ``token_parts`` that counts tokens."""
_FEWEST_TOKENS = 8
_FEWEST_REFERENCES = 300
BORDER_PENALTY = 1.0
"""Chosen on texts put together from dev pairs (``benchmarks/segments.py``)."""


def fit_evidence(
    texts: Sequence[tuple[Series, bool, str]], border_penalty: float = BORDER_PENALTY, seed: int = 0
) -> EvidenceWeights:
    """From (series, is machine, data set) of whole texts by one author each.

    Every sentence carries its text's label. Labels weigh the same, and within a label data sets by the
    square root of their number of sentences. Raises ``InputError`` when a label is missing.
    """
    from sklearn.linear_model import LogisticRegression

    sums: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    sets: list[np.ndarray] = []
    for series, is_machine, dataset in texts:
        found = sentence_sums(token_parts(series), series.sentence)
        found = found[found[:, _TOKENS] >= _FEWEST_TOKENS]
        sums.append(found)
        labels.append(np.full(len(found), is_machine))
        sets.append(np.full(len(found), dataset, dtype=object))
    if not sums or len(np.unique(np.concatenate(labels))) < 2:
        raise InputError("Token evidence needs sentences of human and of machine texts; one of them is missing.")
    x, y, dataset_of = np.concatenate(sums), np.concatenate(labels), np.concatenate(sets).astype(str)
    weights = np.zeros(len(y))
    for label in (False, True):
        side = y == label
        for name in np.unique(dataset_of[side]):
            rows = side & (dataset_of == name)
            weights[rows] = 1 / np.sqrt(rows.sum())
        weights[side] /= weights[side].sum()
    scale = np.maximum(x.std(axis=0), 1e-9)
    # No intercept: evidence must add up from sentence to sentence.
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=1000, random_state=seed)
    model.fit(x / scale, y, sample_weight=weights * len(y) / 2)
    ratio, lexical, typicality, token, probe = (float(f"{value:.6g}") for value in model.coef_[0] / scale)
    return EvidenceWeights(ratio, lexical, typicality, token, border_penalty, probe)


def fit_evidence_register(weights: EvidenceWeights, references: Sequence[Series]) -> Register | None:
    """Mean evidence of a token by kind of text, from human reference texts; None for too few of them."""
    if len(references) < _FEWEST_REFERENCES:
        return None
    features = np.array([feature_vector(series, REGISTER_FEATURES) for series in references])
    return fit_register(features, np.array([weights.plain(series).mean() for series in references]), with_kinds=False)
