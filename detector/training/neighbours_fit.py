"""Which human references a text may be near to, and how far from all of them it may be."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.feature_table import FeatureTable
from detector.verdict.neighbours import Neighbours, places
from detector.verdict.register import Register

NTH = 5
WITHIN = 0.98
"""Share of the references that are like the others. Of dev texts by people 1 in 300 is unlike them."""
N_NEAREST = 150
"""At a promise of 1 % none of them may score as high. With 200, one of which may, more machine texts are found, and
sources left out of the references whole are accused nearly twice as often."""


def fit_neighbours(registers: Sequence[Register], humans: FeatureTable, scores: NDArray[np.float64]) -> Neighbours:
    """From human rows, beginnings of texts among them, and their scores; whole texts are the points.

    The limit is a quantile of the distances of all rows, each to the points of other texts.
    """
    found = places(registers, humans.features)
    points = found[humans.is_whole].round(2)
    texts = humans.text_number[humans.is_whole]
    distances = np.empty(len(found))
    for i, place in enumerate(found):
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
