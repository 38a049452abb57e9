"""How human texts of a kind score: what a text is like, whoever wrote it, moves the score of its author too.

Formal prose is predictable, whoever writes it; a threshold over all human texts is generous to stories and cruel to
abstracts. So a score is taken relative to what human texts *like it* score:

    expected = a + sum_i b_i x_i          the middle of their scores
    spread   = exp(c + sum_i d_i x_i)     how far the upper half of them scatters, kept within limits

where x are the coordinates of the register (means of what the probe reads beside its evidence). Only the first few have
weights: with more the fit would learn who wrote a text and take that off too.

A probe may read two registers. Neither knows every kind of text: a score is then taken relative to either, and the
smaller counts, so that it is high only where it is high by both.

What is left of the difference between kinds is met by comparing a text with its neighbours (``neighbours.py``). Human
references also fall into *kinds*, those nearest to one of a few centres in the coordinates of the first register, found
without labels (k-means): how divided a text is, is compared with those of its kind, and where neighbours are not known,
so is its score (group-conditional conformal prediction, Vovk 2012).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.verdict.features import FEATURE_NAMES, REGISTER_FEATURES, SECOND_REGISTER_FEATURES

Floats = NDArray[np.float64]

REGISTER_COLUMNS = [FEATURE_NAMES.index(name) for name in REGISTER_FEATURES]
SECOND_REGISTER_COLUMNS = [FEATURE_NAMES.index(name) for name in SECOND_REGISTER_FEATURES]
WIDEST = 3.0
"""Standard deviations at which a coordinate is clipped: no kind is told from so far away."""


@dataclass(frozen=True)
class Register:
    """Two linear fits over the coordinates of the register, scaled to human reference texts."""

    means: list[float]
    scales: list[float]
    expected_weights: list[float]
    expected_intercept: float
    spread_weights: list[float]
    spread_intercept: float
    spread_limits: list[float]
    """Least and greatest logarithm of the spread."""
    centres: list[list[float]] = field(default_factory=list)
    """Of the kinds, in scaled coordinates, (kinds, coordinates); empty where kinds are not told apart."""
    is_second: bool = False
    """Whether the coordinates are those of the second register that a probe reads."""

    def place(self, features: Floats) -> Floats:
        """Scaled coordinates, however far out: (n, len(FEATURE_NAMES)) → (n, coordinates)."""
        columns = features[:, SECOND_REGISTER_COLUMNS if self.is_second else REGISTER_COLUMNS]
        return (columns - np.asarray(self.means)) / np.asarray(self.scales)

    def coordinates(self, features: Floats) -> Floats:
        """The same, clipped."""
        return np.clip(self.place(features), -WIDEST, WIDEST)

    def kinds(self, features: Floats) -> NDArray[np.int64]:
        """Index of the nearest centre, (n,)."""
        apart = self.coordinates(features)[:, None] - np.asarray(self.centres)
        return np.square(apart).sum(axis=2).argmin(axis=1)

    def distance(self, features: Floats) -> Floats:
        """Mean squared distance of a coordinate from the nearest centre, (n,); how far the text is from all kinds.

        Raises ``ValueError`` where kinds are not told apart.
        """
        apart = self.coordinates(features)[:, None] - np.asarray(self.centres)
        return np.square(apart).mean(axis=2).min(axis=1)

    def expected(self, features: Floats) -> Floats:
        """Score of a human text of this kind before it is made relative, (n,)."""
        return _sum(self.coordinates(features), self.expected_weights, self.expected_intercept)

    def spread(self, features: Floats) -> Floats:
        """How far human texts of this kind scatter above it, (n,)."""
        low, high = self.spread_limits
        return np.exp(np.clip(_sum(self.coordinates(features), self.spread_weights, self.spread_intercept), low, high))

    def relative(self, scores: Floats, features: Floats) -> Floats:
        """Scores (n,) as they stand to those of human texts of the kind."""
        return (scores - self.expected(features)) / self.spread(features)


def _sum(coordinates: Floats, weights: list[float], intercept: float) -> Floats:
    # Added one by one, not by a matrix product: the same to the last bit whatever rows stand beside it.
    total = np.full(len(coordinates), intercept, dtype=np.float64)
    for column, weight in zip(coordinates.T, weights, strict=True):
        total += column * weight
    return total
