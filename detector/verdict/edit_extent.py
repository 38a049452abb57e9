"""How much of a text is a machine's hand: between a person's own words and a text that a machine wrote.

The extent of an edited text is the share of its words that would have to be touched to make it from the person's text
(``evaluation.edits.extent_of``), 0 for that text itself and 1 for one that a machine wrote freely. A probe on the mean
hidden state tells how likely each of these is and how far the text was edited, if it was: a linear reading and a hidden
layer of rectified units, added up. It says how much help there was where there was some; it is no sign of any, and no
verdict rests on it.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.records.result import EXTENT_WORDS
from detector.verdict.features import N_EDIT_OUTPUTS

Floats = NDArray[np.float64]

LEAST_TOKENS = 100
"""Shorter texts are not read: the scale is of texts of about 170 tokens."""
UNTOUCHED, LIGHTLY, HEAVILY, WRITTEN, UNDECIDED = EXTENT_WORDS
MOST_UNTOUCHED = 0.1
"""Extent up to which a text counts as the person's own: a tenth of the words."""
HEAVY = 0.45
"""Extent from which an edit is called heavy: about what a model leaves that was told to rewrite."""
LEAST_PROBABILITY = 0.6
"""Of the likeliest kind, for it to be said; so 86 in 100 that are said are right, among writers that fitted nothing
(``benchmarks/edit_extent.py``)."""


class EditExtent(NamedTuple):
    """An estimate with its interval, and a word for it."""

    value: float
    """0 untouched, 1 machine-written."""
    interval: tuple[float, float]
    """Nine in ten texts lie in it, by other writers and of other sets than the scale was fitted on."""
    words: str
    """One of ``EXTENT_WORDS``; ``UNDECIDED`` where no kind is likely enough."""


class ExtentReadings(NamedTuple):
    """Of texts, one row each."""

    probabilities: Floats
    """Of a person's own text, an edited one, and one that a machine wrote freely, (texts, 3)."""
    if_edited: Floats
    """Extent, were it edited, (texts,)."""

    @property
    def values(self) -> Floats:
        """Expected extent, (texts,); a person's own text has 0 of it and a machine's 1."""
        return self.probabilities[:, 2] + self.probabilities[:, 1] * self.if_edited


@dataclass(frozen=True)
class ExtentScale:
    """How the probe's means over a text turn into extents."""

    weights: list[list[float]]
    """Of the rectified units in the extent if edited, and in the log-odds of the person's own and of the machine's text
    against an edited one: (N_EDIT_OUTPUTS, N_EDIT_UNITS)."""
    half_width: float
    """Of the interval."""

    def readings(self, means: Floats) -> ExtentReadings:
        """Of the mean readings of texts, (texts, N_EDIT_OUTPUTS + N_EDIT_UNITS)."""
        units = np.maximum(0.0, means[:, N_EDIT_OUTPUTS:])
        if_edited, own, free = (means[:, :N_EDIT_OUTPUTS] + units @ np.array(self.weights).T).T
        log_odds = np.stack([own, np.zeros_like(own), free], axis=1)
        odds = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
        return ExtentReadings(odds / odds.sum(axis=1, keepdims=True), np.clip(if_edited, MOST_UNTOUCHED, 1.0))

    def read(self, readings: Floats) -> EditExtent | None:
        """Of the probe's readings of a text's tokens, (n, N_EDIT_OUTPUTS + N_EDIT_UNITS); None for a text too short."""
        if len(readings) < LEAST_TOKENS:
            return None
        found = self.readings(readings.mean(axis=0, keepdims=True))
        value, if_edited, kind = float(found.values[0]), found.if_edited[0], int(found.probabilities[0].argmax())
        edited = HEAVILY if if_edited >= HEAVY else LIGHTLY
        is_clear = found.probabilities[0, kind] >= LEAST_PROBABILITY
        return EditExtent(
            value,
            (max(0.0, value - self.half_width), min(1.0, value + self.half_width)),
            (UNTOUCHED, edited, WRITTEN)[kind] if is_clear else UNDECIDED,
        )
