"""Whether a text is like any that the verdict was calibrated on: how near its nearest references are.

A promise about human texts like those that were measured says nothing of a kind that nobody measured. A text's
distance is that to the n-th nearest of some reference texts, in the coordinates of the register scaled to them; beyond
what 1 in 200 references have to the others, no verdict is given. It is no sign of either author: what kind of text it
is, is told without knowing who wrote it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.verdict.register import REGISTER_COLUMNS, Register


@dataclass(frozen=True)
class Neighbours:
    """Reference texts as points, and how far from them a text may be."""

    points: list[list[float]]
    """Human references in scaled coordinates of the register, (points, coordinates)."""
    nth: int
    """Which of the nearest points counts."""
    farthest: float
    """Distance up to which a text is like the references; beyond it are 1 in 200 of these themselves."""

    def distances(self, register: Register, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance of each row of ``features`` (n, len(FEATURE_NAMES)), shape (n,)."""
        points = np.asarray(self.points)
        found = [
            np.partition(np.square(points - row).sum(axis=1), self.nth - 1)[self.nth - 1]
            for row in unclipped(register, features)
        ]
        return np.sqrt(np.array(found, dtype=np.float64))


def unclipped(register: Register, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scaled coordinates of the register, however far out, (n, coordinates)."""
    return (features[:, REGISTER_COLUMNS] - np.asarray(register.means)) / np.asarray(register.scales)
