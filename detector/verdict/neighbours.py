"""The human references nearest to a text: what it is compared with, and whether it is like any of them.

A kind of text is a coarse thing: health information stands among encyclopaedias and answers. So a text's score is also
compared with those of the ``n_nearest`` human references nearest to it, in the coordinates of all registers scaled to
them (localised conformal prediction without weights, Guan 2023): the promise then holds nearly as well for the small
group of texts that it stands among. What kind of text it is, is told without knowing who wrote it.

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
    n_nearest: int
    """Points whose scores a text's is compared with."""

    def distance(self, place: Floats) -> float:
        """From a place (coordinates,) to the n-th nearest point."""
        return float(np.sqrt(np.partition(self._squares(place), self.nth - 1)[self.nth - 1]))

    def share_at_least(self, place: Floats, score: float) -> float:
        """Share of the nearest points that score at least as high, the text counted in: in (0, 1]."""
        n = min(self.n_nearest, len(self.points))
        squares = self._squares(place)
        nearest = np.argpartition(squares, n - 1)[:n]
        return float(1 + (self._scores[nearest] >= score).sum()) / (1 + n)

    def _squares(self, place: Floats) -> Floats:
        return np.square(self._places - place).sum(axis=1)

    @cached_property
    def _places(self) -> Floats:
        return np.asarray(self.points, dtype=np.float64)

    @cached_property
    def _scores(self) -> Floats:
        return np.asarray(self.scores, dtype=np.float64)


def places(registers: Iterable[Register], features: Floats) -> Floats:
    """Scaled coordinates of all registers side by side, (n, len(FEATURE_NAMES)) → (n, coordinates)."""
    return np.hstack([register.place(features) for register in registers])
