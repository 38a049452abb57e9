"""A second way of being machine-like: how language models write that were never tuned to chat.

They have no manner of a chatbot, and what the probe and the words know hardly finds them. But they seldom take a word
that is very unlikely where it stands, and people do: the mean ln p of the least likely tokens (Uncertainty++), taken
relative to what human texts of the kind show, finds some. A text's score is the greater of its two:

    score = max(score by probe and words, relative ln p of the least likely tokens - handicap)

The handicap keeps the second rule to clear cases, so that it costs the first one little; both are weighed against human
references together, so the promise holds for the greater of the two.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.verdict.features import FEATURE_NAMES
from detector.verdict.register import Register

RAW_MODEL_FEATURE = "lowest_log_prob"
_COLUMN = FEATURE_NAMES.index(RAW_MODEL_FEATURE)


@dataclass(frozen=True)
class RawModelRule:
    """The second rule, fitted to human references alone."""

    register: Register
    """What the feature is in human texts of a kind, and how far it scatters above."""
    handicap: float

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, len(FEATURE_NAMES)) → (n,), higher = more machine-like."""
        relative = self.register.relative(features[:, _COLUMN], features)
        return relative - self.handicap
