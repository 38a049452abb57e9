"""How much of a text is whose: shares of its words in parts of one label."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from detector.records.result import Segment

_WORD = re.compile(r"\S+")


class Shares(NamedTuple):
    """Shares of the words of a text; they add up to 1."""

    machine: float
    human: float
    undecided: float
    """In parts that are uncertain, and outside of any part."""


def shares_of(text: str, segments: Sequence[Segment]) -> Shares:
    """Shares of the words, which are runs without whitespace, by the label of the part in which each begins.

    ``segments`` stand in the order of the text and do not overlap; the text holds a word.

    >>> shares_of("a b c d", [Segment(0, 1, "machine", "machine", 9.0, 1.0, 0.0)])
    Shares(machine=0.25, human=0.0, undecided=0.75)
    """
    counts = {"machine": 0, "human": 0}
    starts = [match.start() for match in _WORD.finditer(text)]
    for segment in segments:
        if segment.label in counts:
            counts[segment.label] += bisect_left(starts, segment.end_char) - bisect_left(starts, segment.start_char)
    undecided = len(starts) - counts["machine"] - counts["human"]
    return Shares(counts["machine"] / len(starts), counts["human"] / len(starts), undecided / len(starts))
