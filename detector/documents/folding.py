"""What the author had no hand in is folded away before a text is judged, and disguises are undone.

Line breaks, non-breaking spaces, curly quotes and invisible characters depend on the editor and
the website, not on who wrote the text; in public data sets they alone tell human from machine
(AUROC up to 0.99), which is a leak and not evidence. Letters of other scripts that pose as Latin ones
(``lookalikes``) become what they pose as. The folded text is what the verdict sees;
``FoldedText.original_span`` leads back to the text as given.
"""

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.documents.lookalikes import lookalikes

_REPLACEMENTS = {
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "\u00b4": "'", "`": "'",
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u2033": '"', "\u00ab": '"', "\u00bb": '"',
    "\u2026": "...",
    "\ufb01": "fi", "\ufb02": "fl",
}  # fmt: skip

INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2061\u2062\u2063\u2064"
"""Characters that leave no mark on the page: soft hyphens, zero-width and direction marks."""

_SPECIAL = re.compile("[\ud800-\udfff" + "".join(map(re.escape, [*_REPLACEMENTS, *INVISIBLE])) + r"]|\s+")


@dataclass(frozen=True, eq=False)
class FoldedText:
    """A folded text and, for each of its characters, where it came from."""

    text: str
    starts: NDArray[np.int32]
    """First original character behind each folded character, shape (len(text),)."""
    ends: NDArray[np.int32]
    """One past the last."""
    invisible: tuple[int, ...]
    """Original positions of removed invisible characters."""
    disguised: dict[int, str]
    """Original position of a letter that poses as a Latin one → that letter."""

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Span of the text as given behind the folded characters ``start`` to ``end``."""
        if end <= start:
            position = (
                int(self.starts[start]) if start < len(self.starts) else int(self.ends[-1]) if len(self.ends) else 0
            )
            return position, position
        return int(self.starts[start]), int(self.ends[end - 1])


def fold(text: str) -> FoldedText:
    r"""Whitespace runs become one space (none at the ends), quotes straight, invisible marks nothing, lookalikes plain.

    >>> fold(" \u201cOne\u200b\r\n\r\ntwo\u2026\u201d ").text
    '"One two..."'
    """
    pieces: list[str] = []
    sources: list[tuple[int, int, int, int]] = []
    invisible: list[int] = []

    def keep(piece: str, begin: int, finish: int, one_to_one: bool) -> None:
        pieces.append(piece)
        sources.append((len(piece), begin, begin + 1 if one_to_one else finish, one_to_one))

    disguises = _lookalikes_among_shown(text)
    if disguises:  # one character for one, so every position stays what it was
        text = "".join(disguises.get(at, character) for at, character in enumerate(text))
    position, after_space = 0, True
    for match in _SPECIAL.finditer(text):
        begin, finish = match.span()
        if begin > position:
            keep(text[position:begin], position, begin, one_to_one=True)
            after_space = False
        found = match.group()
        if found in _REPLACEMENTS:
            keep(_REPLACEMENTS[found], begin, finish, one_to_one=False)
            after_space = False
        elif "\ud800" <= found <= "\udfff":
            keep("\ufffd", begin, finish, one_to_one=False)  # half a character: no tokenizer can read it
            after_space = False
        elif found.isspace():
            if not after_space:
                keep(" ", begin, finish, one_to_one=False)
                after_space = True
        else:
            invisible.append(begin)
        position = finish
    if position < len(text):
        keep(text[position:], position, len(text), one_to_one=True)
    folded = "".join(pieces)
    starts, ends = _spread(sources)
    length = len(folded.rstrip(" "))
    return FoldedText(folded[:length], starts[:length], ends[:length], tuple(invisible), disguises)


def _spread(sources: list[tuple[int, int, int, int]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Start and end of every character; a piece is its length, start and end of its first, and steps to its next."""
    columns = np.array(sources, dtype=np.int32).reshape(-1, 4).T
    lengths = columns[0]
    starts, ends, steps = (np.repeat(column, lengths) for column in columns[1:])
    firsts = np.repeat(np.cumsum(lengths, dtype=np.int32) - lengths, lengths)
    moved = (np.arange(len(firsts), dtype=np.int32) - firsts) * steps
    return starts + moved, ends + moved


def _lookalikes_among_shown(text: str) -> dict[int, str]:
    """The lookalikes of the text as a reader sees it: nothing invisible parts a word."""
    shown = [at for at, character in enumerate(text) if character not in INVISIBLE] if not text.isascii() else []
    return {shown[at]: letter for at, letter in lookalikes("".join(text[at] for at in shown)).items()}


def describe_character(character: str) -> str:
    """``U+200B ZERO WIDTH SPACE``."""
    return f"U+{ord(character):04X} {unicodedata.name(character, 'unnamed')}"
