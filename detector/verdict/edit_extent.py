"""How much of a text is a machine's hand: between a person's own words and a text that a machine wrote.

The extent of an edited text is the share of its words that would have to be touched to make it from the person's text
(``evaluation.edits.extent_of``), 0 for that text itself and 1 for one that a machine wrote freely. It is estimated by a
linear probe on the hidden states, the mean of one number a token, and read on a scale fitted to other writers. It says
how much help there was where there was some; it is no sign of any, and no verdict rests on it.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.records.result import EXTENT_WORDS

LEAST_TOKENS = 100
"""Shorter texts are not read: the scale is of texts of about 170 tokens."""
*WORDS, UNDECIDED = EXTENT_WORDS
_MOST_SPANNED = 1
"""Borders between words that the interval may hold, for one of them to be said."""


class EditExtent(NamedTuple):
    """An estimate with its interval, and a word for it."""

    value: float
    """0 untouched, 1 machine-written."""
    interval: tuple[float, float]
    """Nine in ten texts by writers that the scale has not seen lie in it."""
    words: str
    """One of ``WORDS``, or ``UNDECIDED`` where the interval reaches over more than two of them."""


@dataclass(frozen=True)
class ExtentScale:
    """How readings of the probe turn into extents."""

    borders: list[float]
    """Readings at which one of ``WORDS`` ends and the next begins, rising."""
    half_width: float
    """Of the interval."""

    def read(self, readings: NDArray[np.float64]) -> EditExtent | None:
        """Of the probe's readings of a text's tokens, (n,); None for a text too short."""
        if len(readings) < LEAST_TOKENS:
            return None
        mean = float(readings.mean())
        low, value, high = (float(np.clip(x, 0.0, 1.0)) for x in (mean - self.half_width, mean, mean + self.half_width))
        spanned = int(np.searchsorted(self.borders, high) - np.searchsorted(self.borders, low))
        words = UNDECIDED if spanned > _MOST_SPANNED else WORDS[int(np.searchsorted(self.borders, mean))]
        return EditExtent(value, (low, high), words)
