"""Ways of looking at a text: how strongly each word stands out in each.

Evidence has two directions; the others, all by what the model expected, have one. Page and terminal mark whole words.
"""

import bisect
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.methods.gltr import bucket_of
from detector.records.result import Evidence
from detector.report.evidence_summaries import shown_evidence
from detector.report.layout_signs import layout_mask

Levels = NDArray[np.int64]
Starts = NDArray[np.int64]

FRACTION_LIMITS = (0.1, 0.01)
"""p / p_max below which a token that is not the first choice takes the second and the third level."""
BITS_LIMITS = (4.0, 8.0, 12.0)
LEAN_NATS = (0.1, 0.25)
"""Evidence from which a token leans, and leans strongly."""
_NO_WORD = -1
"""Owner of a token that is all blank."""


def evidence_levels(evidence: Evidence, first: Starts) -> Levels:
    """-2 to 2: strongly human to strongly machine, by the sum over each run of tokens.

    ``first`` holds the first token of each run, which ends where the next begins; here and below.
    """
    nats = np.add.reduceat(shown_evidence(evidence), first)
    return np.sign(nats).astype(np.int64) * np.searchsorted(LEAN_NATS, np.abs(nats), side="right")


def rank_levels(evidence: Evidence, first: Starts) -> Levels:
    """0 to 3: GLTR's bucket of the worst rank."""
    return bucket_of(np.maximum.reduceat(evidence.scores.rank, first))


def surprise_levels(evidence: Evidence, first: Starts) -> Levels:
    """0 to 3 by the bits of the whole run."""
    return np.searchsorted(BITS_LIMITS, np.add.reduceat(evidence.scores.surprisal_bits, first), side="right")


def fraction_levels(evidence: Evidence, first: Starts) -> Levels:
    """0 where every token was the first choice, to 3 where one is the least probable beside it."""
    scores = evidence.scores
    gap = np.minimum.reduceat(scores.log_prob_nats - scores.max_log_prob_nats, first)
    below = sum((gap < np.log(limit)).astype(np.int64) for limit in FRACTION_LIMITS)
    return np.where(np.maximum.reduceat(scores.rank, first) == 1, 0, 1 + below)


@dataclass(frozen=True)
class View:
    """One way of looking, with its words."""

    name: str
    """For people, where one of them is chosen."""
    term: str
    """What the field calls it, and its unit."""
    levels: Callable[[Evidence, Starts], Levels]
    explained: str
    """What its key says first."""
    labels: dict[int, str]
    """Of each level, in the order of its key."""


VIEWS = {
    "evidence": View(
        "human or machine",
        "evidence, in nats: natural logarithms of odds",
        evidence_levels,
        "What each word speaks for:",
        {-2: "human", -1: "human, a little", 0: "neither", 1: "machine, a little", 2: "machine"},
    ),
    "rank": View(
        "place among the guesses",
        "rank, as GLTR shows it",
        rank_levels,
        "Where each word stood among the model's guesses:",
        {0: "1-10", 1: "11-100", 2: "101-1000", 3: "beyond 1000"},
    ),
    "surprise": View(
        "surprise",
        "surprisal, in bits",
        surprise_levels,
        "Surprise of each word in bits; one more is half as likely:",
        {0: "below 4", 1: "4-8", 2: "8-12", 3: "12 or more"},
    ),
    "fraction": View(
        "beside the first guess",
        "fraction of the top probability, p / p_max",
        fraction_levels,
        "How probable each word was beside the model's first guess:",
        {0: "it was the first guess", 1: "a tenth as probable or more", 2: "a hundredth or more", 3: "less"},
    ),
}
"""By name, the first one first."""


def words_of(text: str) -> list[tuple[int, int]]:
    """(start, end) of each run without blanks, less the signs of layout around it; whole where it is nothing else."""
    is_layout = layout_mask(text)
    words = []
    for match in re.finditer(r"\S+", text):
        start, end = match.span()
        signs = np.flatnonzero(is_layout[start:end])
        letters = [i for i, character in enumerate(match[0]) if character.isalnum()] if len(signs) else []
        if letters:
            before, behind = signs[signs < letters[0]], signs[signs > letters[-1]]
            end = start + int(behind[0]) if len(behind) else end
            start += int(before[-1]) + 1 if len(before) else 0
        words.append((start, end))
    return words


def word_levels(evidence: Evidence, view: str) -> list[tuple[int, int, int]]:
    """(start, end, level) of each word of the text as given; 0 for a word without a token of its own."""
    words = words_of(evidence.text)
    starts = [start for start, _ in words]
    first: list[int] = []
    owners: list[int] = []
    for token, (start, end) in enumerate(evidence.spans):
        inside = evidence.text[start:end]
        core, last = start + len(inside) - len(inside.lstrip()), start + len(inside.rstrip()) - 1
        owner = bisect.bisect_right(starts, last) - 1 if inside.strip() else _NO_WORD
        if owner != _NO_WORD and core >= words[owner][1]:  # a sign of layout behind it
            owner = _NO_WORD
        if not owners or owner != owners[-1]:
            first.append(token)
            owners.append(owner)
    levels = np.zeros(len(words), dtype=np.int64)
    if first:
        found = VIEWS[view].levels(evidence, np.array(first, dtype=np.int64))
        is_word = np.array(owners) != _NO_WORD
        levels[np.array(owners)[is_word]] = found[is_word]
    return [(start, end, level) for (start, end), level in zip(words, levels.tolist(), strict=True)]
