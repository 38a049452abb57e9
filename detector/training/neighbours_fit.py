"""Which human references a text may be near to, how far from all of them it may be, and how they stand themselves."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.feature_table import FeatureTable
from detector.verdict.neighbours import Neighbours, nth_distances, places, squares_to, standings_of
from detector.verdict.register import Register

NTH = 5
WITHIN = 0.995
"""Share of the references that are like the others. Nearer limits leave more texts without a verdict, machine texts
most, and accuse no fewer people."""
SIZES = (15, 50, 150)
"""Each about three times the one before. One alone accuses sources that are left out of the references more often; with
more of them, or others within a factor of two, little changes."""

_AT_ONCE = 16
"""Rows whose distances to all points are held at once."""


def fit_neighbours(
    registers: Sequence[Register], humans: FeatureTable, scores: NDArray[np.float64]
) -> tuple[Neighbours, NDArray[np.float64]]:
    """From human rows, beginnings of texts among them, and their scores (rows,); whole texts are the points.

    Gives the standings of the rows too, (rows, sizes). They and the distances, a quantile of which is the limit, are
    those to the points of other texts.
    """
    found = places(registers, humans.features)
    points, texts = found[humans.is_whole].round(2), humans.text_key[humans.is_whole]
    of_points = scores[humans.is_whole].round(4)
    columns = points.T.copy()
    others = len(points) - int(np.unique(texts, return_counts=True)[1].max())
    nth, sizes = min(NTH, others), sorted({min(size, others) for size in SIZES})
    distances, standings = np.empty(len(found)), np.empty((len(found), len(sizes)))
    for begin in range(0, len(found), _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        squares = squares_to(columns, found[some])
        squares[humans.text_key[some, None] == texts] = np.inf
        distances[some] = nth_distances(squares, nth)
        standings[some] = standings_of(squares, scores[some], of_points, sizes)
    limit = round(float(np.quantile(distances, WITHIN)), 4)
    return Neighbours(points.tolist(), of_points.tolist(), nth, limit, sizes), standings
