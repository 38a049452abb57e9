"""Texts put together from sentences by a human and by a machine, so that every character's author is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.documents.sentences import sentence_spans

FEWEST_SENTENCES = 3
"""Whole sentences that either author gives."""


@dataclass(frozen=True)
class SplicedText:
    """A text and who wrote which part of it."""

    text: str
    parts: tuple[tuple[int, int, bool], ...]
    """(start, end, is machine) in characters, in order; the spaces between parts belong to none."""

    def is_machine_at(self, characters: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Author of each character that stands in a part."""
        starts = np.array([start for start, _, _ in self.parts])
        return np.array([m for _, _, m in self.parts])[np.searchsorted(starts, characters, side="right") - 1]


def splice(human: str, machine: str, machine_first: bool, n_parts: int = 2) -> SplicedText | None:
    """``n_parts`` parts of like length by turns, each from its place in its author's text; None if one is too short.

    >>> splice("One. Two. Three. Cut", "Four. Five. Six. Cut", machine_first=False).text
    'One. Two. Six.'
    """
    sides = [_sentences(human), _sentences(machine)]
    if min(map(len, sides)) < FEWEST_SENTENCES:
        return None
    pieces: list[tuple[str, bool]] = []
    for i in range(n_parts):
        is_machine = (i % 2 == 0) == machine_first
        sentences = sides[is_machine]
        first, last = round(i * len(sentences) / n_parts), round((i + 1) * len(sentences) / n_parts)
        if last > first:
            pieces.append((" ".join(sentences[first:last]), is_machine))
    text, parts = "", []
    for piece, is_machine in pieces:
        text += " " if text else ""
        parts.append((len(text), len(text) + len(piece), is_machine))
        text += piece
    return SplicedText(text, tuple(parts))


def _sentences(text: str) -> list[str]:
    """All but the last, which may have been cut."""
    return [text[a:b] for a, b in sentence_spans(text)][:-1]


@dataclass(frozen=True)
class DivisionQuality:
    """How well tokens were put down to their authors, over many texts."""

    f1: float
    """Of machine tokens, all texts together."""
    accuracy: float
    border_error_words: float
    """Median distance from a true border to the nearest one found, in words; a text without a found border
    counts as its whole length."""


def division_quality(
    truth: Sequence[NDArray[np.bool_]], found: Sequence[NDArray[np.bool_]], tokens_per_word: float = 1.35
) -> DivisionQuality:
    """From the author of each token of each text, as it is and as it was found.

    >>> division_quality([np.array([False, False, True, True])], [np.array([False, True, True, True])], 1.0)
    DivisionQuality(f1=0.8, accuracy=0.75, border_error_words=1.0)
    """
    is_machine, said = np.concatenate(truth), np.concatenate(found)
    hits = int((is_machine & said).sum())
    f1 = 2 * hits / max(1, int(is_machine.sum()) + int(said.sum()))
    errors = []
    for one, other in zip(truth, found, strict=True):
        borders, seen = (np.flatnonzero(np.diff(side.astype(int))) for side in (one, other))
        errors += [np.abs(seen - border).min() if len(seen) else len(one) for border in borders]
    return DivisionQuality(
        float(f1), float((is_machine == said).mean()), float(np.median(errors) / tokens_per_word) if errors else 0.0
    )
