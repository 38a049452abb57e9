"""The human references nearest to a text: what its score is compared with, and whether it is like any of them.

A kind of text is a coarse thing: health information stands among encyclopaedias and answers. So a text's score is also
taken relative to what the human references nearest to it score, in the coordinates of all registers scaled to them:

    standing = (score - mean) / spread      of the ``k`` nearest, for each k of ``sizes``

where the squared spread is drawn towards that of all references as if ``PRIOR`` of these stood among the nearest. The
standings of the references themselves, each among the others, say how often a human text stands as high (conformal
prediction with nearest neighbours, Papadopoulos, Vovk and Gammerman 2011). A few neighbours are like the text and
scatter; many are steady and less like it. So the p-value is taken at each size, and the largest counts: a text is
machine-like only where it is so at every distance. What a text is like, is told without knowing who wrote it.

A promise about human texts like those that were measured says nothing of a kind that nobody measured. A text's distance
is that to the n-th nearest reference; beyond what few references have to the others, no verdict is given.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.verdict.register import Register

Floats = NDArray[np.float64]

PRIOR = 20.0
"""References that the spread of all of them counts for beside that of the nearest."""


@dataclass(frozen=True)
class Neighbours:
    """Reference texts as points, what they score, and how far from them a text may be."""

    points: list[list[float]]
    """Whole human references in scaled coordinates of the registers, (points, coordinates)."""
    scores: list[float]
    """Of each, relative as a text's own."""
    nth: int
    """Which of the nearest points tells how far a text is from all of them."""
    farthest: float
    """Distance up to which a text is like the references; beyond it are few of these themselves."""
    sizes: list[int]
    """How many of the nearest points a score is compared with, rising."""

    def distance(self, place: Floats) -> float:
        """From a place (coordinates,) to the n-th nearest point."""
        return float(nth_distances(squares_to(self._places, place[None]), self.nth)[0])

    def standings(self, place: Floats, score: float) -> Floats:
        """How high a score stands over the nearest points, in their spreads, for each size: (len(sizes),)."""
        return standings_of(squares_to(self._places, place[None]), np.array([score]), self._scores, self.sizes)[0]

    @cached_property
    def _places(self) -> Floats:
        return np.array(self.points, dtype=np.float64).T.copy()

    @cached_property
    def _scores(self) -> Floats:
        return np.asarray(self.scores, dtype=np.float64)


def squares_to(points: Floats, of: Floats) -> Floats:
    """Squared distances of places (n, coordinates) from points, these as (coordinates, points): (n, points)."""
    total, apart = np.zeros((2, len(of), points.shape[1]))
    # Added one by one, not by a matrix product: the same to the last bit whatever places stand beside it.
    for theirs, own in zip(points, of.T, strict=True):
        np.subtract(theirs, own[:, None], out=apart)
        np.square(apart, out=apart)
        total += apart
    return total


def nth_distances(squares: Floats, nth: int) -> Floats:
    """To the n-th nearest of points, from squared distances (n, points): (n,)."""
    return np.sqrt(np.partition(squares, nth - 1)[:, nth - 1])


def standings_of(squares: Floats, scores: Floats, of_points: Floats, sizes: Sequence[int]) -> Floats:
    """``Neighbours.standings`` of scores (n,) from squared distances (n, points) and scores of the points (points,).

    Where there are fewer points than a size, all count.
    """
    sizes = [min(size, len(of_points)) for size in sizes]
    nearest = np.argpartition(squares, sizes[-1] - 1)[:, : sizes[-1]]
    order = np.argsort(np.take_along_axis(squares, nearest, axis=1), kind="stable")
    found = of_points[np.take_along_axis(nearest, order, axis=1)]
    overall, standings = float(of_points.var()), np.empty((len(scores), len(sizes)))
    for column, size in zip(standings.T, sizes, strict=True):
        some = found[:, :size]
        spread = np.sqrt((size * some.var(axis=1) + PRIOR * overall) / (size + PRIOR))
        column[:] = (scores - some.mean(axis=1)) / np.maximum(spread, 1e-9)
    return standings


def places(registers: Iterable[Register], features: Floats) -> Floats:
    """Scaled coordinates of all registers side by side, (n, len(FEATURE_NAMES)) → (n, coordinates)."""
    return np.hstack([register.place(features) for register in registers])
