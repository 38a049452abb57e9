"""A text that is changed step by step, and for each of its characters the place in the text as given it came from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Edit = tuple[int, int, str]
"""(start, end, what stands there instead); start < end."""


@dataclass(frozen=True, eq=False)
class MappedText:
    """A text made of another one."""

    text: str
    starts: NDArray[np.int32]
    """First character of the text as given behind each character, shape (len(text),)."""
    ends: NDArray[np.int32]
    """One past the last."""

    @classmethod
    def of(cls, text: str) -> "MappedText":
        """The text itself."""
        places = np.arange(len(text) + 1, dtype=np.int32)
        return cls(text, places[:-1], places[1:])

    def edited(self, edits: Sequence[Edit]) -> "MappedText":
        """With the edits made, which are in order and do not overlap; linear in the text.

        Every character of a replacement leads back to the whole of what it replaces.
        """
        if not edits:
            return self
        pieces: list[str] = []
        sources: list[tuple[int, int, int, bool]] = []
        position = 0
        for begin, finish, piece in edits:
            if begin > position:
                pieces.append(self.text[position:begin])
                sources.append((begin - position, position, position + 1, True))
            if piece:
                pieces.append(piece)
                sources.append((len(piece), begin, finish, False))
            position = finish
        if position < len(self.text):
            pieces.append(self.text[position:])
            sources.append((len(self.text) - position, position, position + 1, True))
        first, end = _spread(sources)
        return MappedText("".join(pieces), self.starts[first], self.ends[end - 1])

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Span of the text as given behind the characters ``start`` to ``end``."""
        if end <= start:
            position = (
                int(self.starts[start]) if start < len(self.starts) else int(self.ends[-1]) if len(self.ends) else 0
            )
            return position, position
        return int(self.starts[start]), int(self.ends[end - 1])


def _spread(sources: list[tuple[int, int, int, bool]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Start and end of every character; a piece is its length, start and end of its first, and steps to its next."""
    columns = np.array(sources, dtype=np.int32).reshape(-1, 4).T
    lengths = columns[0]
    starts, ends, steps = (np.repeat(column, lengths) for column in columns[1:])
    firsts = np.repeat(np.cumsum(lengths, dtype=np.int32) - lengths, lengths)
    moved = (np.arange(len(firsts), dtype=np.int32) - firsts) * steps
    return starts + moved, ends + moved
