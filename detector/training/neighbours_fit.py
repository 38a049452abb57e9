"""Which human references a text may be near to, how far from all of them it may be, and how they stand themselves."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.feature_table import FeatureTable
from detector.verdict.neighbours import Neighbours, distance_to, places, standings_among
from detector.verdict.register import Register

NTH = 5
WITHIN = 0.98
"""Share of the references that are like the others. Of dev texts by people 1 in 300 is unlike them."""
SIZES = (15, 50, 150)
"""Each about three times the one before. One alone accuses sources that are left out of the references more often; with
more of them, or others within a factor of two, little changes."""


def fit_neighbours(
    registers: Sequence[Register], humans: FeatureTable, scores: NDArray[np.float64]
) -> tuple[Neighbours, NDArray[np.float64]]:
    """From human rows, beginnings of texts among them, and their scores (rows,); whole texts are the points.

    Gives the standings of the rows too, (rows, len(SIZES)). They and the distances, a quantile of which is the limit,
    are those to the points of other texts.
    """
    found = places(registers, humans.features)
    points, texts = found[humans.is_whole].round(2), humans.text_number[humans.is_whole]
    of_points = scores[humans.is_whole].round(4)
    distances, standings = np.empty(len(found)), np.empty((len(found), len(SIZES)))
    for i, place in enumerate(found):
        others = texts != humans.text_number[i]
        squares = np.square(points[others] - place).sum(axis=1)
        distances[i] = distance_to(squares, NTH)
        standings[i] = standings_among(squares, of_points[others], SIZES, float(scores[i]))
    limit = round(float(np.quantile(distances, WITHIN)), 4)
    return Neighbours(points.tolist(), of_points.tolist(), NTH, limit, list(SIZES)), standings
