"""The human references nearest to a text: what its score is compared with, and whether it is like any of them.

A kind of text is a coarse thing: health information stands among encyclopaedias and answers. So a text's score is also
taken relative to what the human references nearest to it score, in the coordinates of all registers scaled to them:

    standing = (score - mean) / spread      of the ``k`` nearest, for each k of ``sizes``

where the squared spread is drawn towards that of all references as if ``PRIOR`` of these stood among the nearest. The
standings of the references themselves, each among the others, say how often a human text stands as high (localised
conformal prediction, Guan 2023). A few neighbours are like the text and scatter; many are steady and less like it. So
the p-value is taken at each size, and the largest counts: a text is machine-like only where it is so at every distance.
What kind of text it is, is told without knowing who wrote it.

A promise about human texts like those that were measured says nothing of a kind that nobody measured. A text's distance
is that to the n-th nearest reference; beyond what few references have to the others, no verdict is given.
"""

from collections.abc import Iterable
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
        return distance_to(self._squares(place), self.nth)

    def standings(self, place: Floats, score: float) -> Floats:
        """How high a score stands over the nearest points, in their spreads, for each size: (len(sizes),)."""
        return standings_among(self._squares(place), self._scores, self.sizes, score)

    def _squares(self, place: Floats) -> Floats:
        return np.square(self._places - place).sum(axis=1)

    @cached_property
    def _places(self) -> Floats:
        return np.asarray(self.points, dtype=np.float64)

    @cached_property
    def _scores(self) -> Floats:
        return np.asarray(self.scores, dtype=np.float64)


def distance_to(squares: Floats, nth: int) -> float:
    """To the n-th nearest of points (or the farthest of fewer), from squared distances (points,)."""
    nth = min(nth, len(squares)) - 1
    return float(np.sqrt(np.partition(squares, nth)[nth]))


def standings_among(squares: Floats, scores: Floats, sizes: Iterable[int], score: float) -> Floats:
    """``Neighbours.standings`` from squared distances and scores of the points, both (points,).

    Points at the same distance count in the order in which they stand. Where there are fewer points than a size, all
    count.
    """
    sizes = [min(size, len(squares)) for size in sizes]
    # Sorting the few that may count, not all: the points are thousands, and a text is asked about for each beginning.
    limit = np.partition(squares, max(sizes) - 1)[max(sizes) - 1]
    within = np.flatnonzero(squares <= limit)
    nearest = scores[within[np.argsort(squares[within], kind="stable")]]
    overall = float(scores.var())
    found = np.empty(len(sizes))
    for i, size in enumerate(sizes):
        some = nearest[:size]
        spread = np.sqrt((size * some.var() + PRIOR * overall) / (size + PRIOR))
        found[i] = (score - some.mean()) / max(float(spread), 1e-9)
    return found


def places(registers: Iterable[Register], features: Floats) -> Floats:
    """Scaled coordinates of all registers side by side, (n, len(FEATURE_NAMES)) → (n, coordinates)."""
    return np.hstack([register.place(features) for register in registers])
