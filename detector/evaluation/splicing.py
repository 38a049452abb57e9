"""Texts put together from sentences by a human and by a machine, so that every character's author is known."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.documents.sentences import clause_starts, sentence_spans

FEWEST_SENTENCES = 3
"""Whole sentences that either author gives."""
PARTS = (2, 2, 3, 4, 5, 6)
"""Numbers of parts of mixed texts, each as likely as it stands here."""
MACHINE_SHARES = (0.1, 0.9)
_FEWEST_WORDS = 12
"""Of a part of a mixed text; with fewer left a text ends before it."""
_LEAST_WANTED = 20
_SKIPPED = 0.3
"""How often a sentence is left out where an author comes back."""


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
    return _joined(pieces)


def mixed_text(
    human: str, machine: str, n_words: int, rng: random.Random, at_clauses: bool = False
) -> SplicedText | None:
    """About ``n_words`` words of two to six parts by turns, of a machine share between 10 and 90 %.

    Parts vary in length, and each author's text goes on where it stopped, or a sentence later. With ``at_clauses`` one
    author breaks off and the other sets in within a sentence, where there are clauses. None where the two texts do not
    give two parts.
    """
    sides = [_sentences(text) or [text] for text in (human, machine)]
    lengths = [[len(sentence.split()) for sentence in side] for side in sides]
    n_parts, machine_first, share = rng.choice(PARTS), rng.random() < 0.5, rng.uniform(*MACHINE_SHARES)
    pieces: list[tuple[str, bool]] = []
    places = [0, 0]
    for i in range(n_parts):
        is_machine = (i % 2 == 0) == machine_first
        own = n_words * (share if is_machine else 1 - share) / ((n_parts + 1) // 2)
        wanted = max(_LEAST_WANTED, own * rng.uniform(0.6, 1.4))
        first, got = places[is_machine], 0
        last = first
        while last < len(sides[is_machine]) and got < wanted:
            got += lengths[is_machine][last]
            last += 1
        if got < _FEWEST_WORDS:
            break
        pieces.append((" ".join(sides[is_machine][first:last]), is_machine))
        places[is_machine] = last + int(rng.random() < _SKIPPED)
    if len(pieces) < 2:
        return None
    return _joined(_cut_at_clauses(pieces, rng) if at_clauses else pieces)


def _cut_at_clauses(pieces: Sequence[tuple[str, bool]], rng: random.Random) -> list[tuple[str, bool]]:
    """The last sentence of a piece ends behind one of its clauses, and the first of the next begins with one of its."""
    texts = [text for text, _ in pieces]
    for i in range(len(texts) - 1):
        last, first = sentence_spans(texts[i])[-1], sentence_spans(texts[i + 1])[0]
        ends, starts = (
            [a + at for at in clause_starts(text[a:b]) if text[a : a + at].count(" ") > 1 and text[a + at : b].strip()]
            for text, (a, b) in ((texts[i], last), (texts[i + 1], first))
        )
        if ends and starts:
            texts[i], texts[i + 1] = texts[i][: rng.choice(ends)].rstrip(), texts[i + 1][rng.choice(starts) :]
    return list(zip(texts, [is_machine for _, is_machine in pieces], strict=True))


def _joined(pieces: Sequence[tuple[str, bool]]) -> SplicedText:
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
