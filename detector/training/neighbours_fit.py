"""Which human references a text may be near to, and how far from all of them it may be."""

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.feature_table import FeatureTable
from detector.verdict.neighbours import Neighbours, unclipped
from detector.verdict.register import Register

NTH = 5
WITHIN = 0.995
"""Share of the references that are like the others."""
N_NEAREST = 200
"""The least with which a p-value of 1 % leaves room for one reference above; fewer cost detection, more know less."""


def fit_neighbours(register: Register, humans: FeatureTable, scores: NDArray[np.float64]) -> Neighbours:
    """From human rows, beginnings of texts among them, and their scores; whole texts are the points.

    The limit is a quantile of the distances of all rows, each to the points of other texts.
    """
    places = unclipped(register, humans.features)
    points = places[humans.is_whole].round(2)
    texts = humans.text_number[humans.is_whole]
    distances = np.empty(len(places))
    for i, place in enumerate(places):
        apart = np.square(points[texts != humans.text_number[i]] - place).sum(axis=1)
        nth = min(NTH, len(apart)) - 1
        distances[i] = np.sqrt(np.partition(apart, nth)[nth])
    return Neighbours(
        points.tolist(),
        scores[humans.is_whole].round(4).tolist(),
        NTH,
        round(float(np.quantile(distances, WITHIN)), 4),
        N_NEAREST,
    )
