"""A text as a reader sees it, put together piece by piece."""

import re

from detector.errors import InputError

MOST_CHARACTERS = 20_000_000
"""Put together from one document; a short mark may stand for many characters."""

SPACE, CELL, LINE, PARAGRAPH = " ", "\t", "\n", "\n\n"
"""What parts two pieces, weakest first."""
_STRENGTH = {part: strength for strength, part in enumerate(("", SPACE, CELL, LINE, PARAGRAPH))}
# Spaces that do not break are the author's, and stay.
_WHITESPACE = re.compile(r"[ \t\n\r\f]+")


class Prose:
    r"""Pieces, parted by the strongest of the parts asked for since the last; none at either end.

    >>> prose = Prose()
    >>> prose.flow(" One ")
    >>> prose.part(PARAGRAPH)
    >>> prose.part(LINE)
    >>> prose.flow("two\n three")
    >>> prose.text
    'One\n\ntwo three'
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._part = ""
        self._left = MOST_CHARACTERS

    @property
    def text(self) -> str:
        """All there is so far."""
        return "".join(self._pieces)

    def part(self, by: str) -> None:
        """Part what follows from what is there, at least as strongly as this."""
        if _STRENGTH[by] > _STRENGTH[self._part]:
            self._part = by

    def part_only(self, by: str) -> None:
        """Part what follows by this and nothing stronger, as cells of a row are whatever they end in."""
        self._part = by

    def add(self, text: str) -> None:
        """Put down text as it stands; raises ``InputError`` where it is far more than a document holds."""
        if not text:
            return
        self._left -= len(text) + len(self._part)
        if self._left < 0:
            raise InputError(
                f"The document unfolds to more than {MOST_CHARACTERS:,} characters, so it was not read to its end."
            )
        if self._pieces and self._part:
            self._pieces.append(self._part)
        self._part = ""
        self._pieces.append(text)

    def flow(self, text: str) -> None:
        """Put down text whose runs of whitespace count as one space, as in markup."""
        flowed = _WHITESPACE.sub(" ", text)
        if flowed.startswith(" "):
            self.part(SPACE)
        self.add(flowed.strip(" "))
        if flowed.endswith(" "):
            self.part(SPACE)
