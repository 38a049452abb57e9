"""Which human references stand for all of them, and how far a text may be from these."""

import numpy as np

from detector.documents.hashing import unit_hash
from detector.evaluation.feature_table import FeatureTable
from detector.verdict.neighbours import Neighbours, unclipped
from detector.verdict.register import Register

POINTS = 1000
NTH = 5
WITHIN = 0.995
"""Share of the references that are like the others."""


def fit_neighbours(register: Register, humans: FeatureTable) -> Neighbours:
    """From human rows, beginnings of texts among them: which of them are points is decided by hash.

    The limit is a quantile of the distances of all rows, each to the points of other texts.
    """
    places = unclipped(register, humans.features)
    rows = zip(humans.text_key.tolist(), humans.n_tokens.tolist(), strict=True)
    chosen = np.argsort([unit_hash(f"neighbour:{key}:{n}") for key, n in rows])[:POINTS]
    points = places[chosen].round(2)
    distances = np.empty(len(places))
    for i, place in enumerate(places):
        others = humans.text_number[chosen] != humans.text_number[i]
        apart = np.square(points[others] - place).sum(axis=1)
        nth = min(NTH, len(apart)) - 1
        distances[i] = np.sqrt(np.partition(apart, nth)[nth])
    return Neighbours(points.tolist(), NTH, round(float(np.quantile(distances, WITHIN)), 4))
