"""Lines of a page by where they stand: which of them are columns, and where a paragraph begins.

Lengths are in points (1/72 inch); y grows upward, as in PDF.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

_SAME_LINE = 0.5
"""Least overlap of two pieces of one line, in heights of the lower."""
_COLUMN_CHARACTERS = 18
"""Fewest of a piece that may be a line of a column; cells of a table have fewer."""
_COLUMN_LINES = 4
"""Fewest lines of a column."""
_ACROSS = 0.4
"""Most of a page's pieces that may stand across two columns, such as its title."""
_LEAST_CHANGES = 4
"""Times the file must go from one column to the other and back before its own order is given up."""

_SPACED = 1.3
"""Distance between two lines from which a paragraph ends, in usual distances."""
_INDENT = 0.8
"""Of a paragraph's first line, in its mean width of a character, at least; twice that is usual."""
_NEAR = 6
"""Lines before and behind whose edges are looked at."""
_FEW = 3
"""Lines that begin alike by which the edge of their paragraph is told."""
_ALIKE = 3.0
"""Points by which the beginnings of lines of one paragraph differ at most."""
_VERSE_SHARE = 0.6
"""Of lines that end before they are full, from which the page is verse or a list, and they end no paragraph."""


@dataclass(frozen=True)
class Piece:
    """Letters that stand side by side."""

    left: float
    bottom: float
    right: float
    top: float
    text: str

    @property
    def height(self) -> float:
        """Of the highest letter."""
        return self.top - self.bottom

    @property
    def middle(self) -> float:
        """Its y."""
        return (self.top + self.bottom) / 2

    @property
    def character_width(self) -> float:
        """Mean of a character."""
        return (self.right - self.left) / max(1, len(self.text))


def in_reading_order(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces of a page column by column, where the file goes through two columns at once; else as they are."""
    gutter = _gutter(pieces)
    if gutter is None:
        return list(pieces)
    sides = [_side(piece, gutter) for piece in pieces]
    within = [side for side in sides if side != 0]
    if sum(a != b for a, b in itertools.pairwise(within)) < _LEAST_CHANGES:
        return list(pieces)
    ordered: list[Piece] = []
    band: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: (-piece.top, piece.left)):
        if _side(piece, gutter) == 0:
            ordered += _by_columns(band, gutter)
            ordered.append(piece)
            band = []
        else:
            band.append(piece)
    return ordered + _by_columns(band, gutter)


def _by_columns(band: Sequence[Piece], gutter: float) -> list[Piece]:
    """Both columns of a band, each in order: there may be more of them in either."""
    left = [piece for piece in band if _side(piece, gutter) < 0]
    right = [piece for piece in band if _side(piece, gutter) > 0]
    return [*in_reading_order(_in_rows(left)), *in_reading_order(_in_rows(right))]


def _in_rows(pieces: Sequence[Piece]) -> list[Piece]:
    """From top to bottom, and what stands on one line from left to right."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: -piece.middle):
        if rows and _are_level(rows[-1][0], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [piece for row in rows for piece in sorted(row, key=lambda piece: piece.left)]


def _side(piece: Piece, gutter: float) -> int:
    """-1 left of the gutter, 1 right of it, 0 across."""
    if piece.right <= gutter:
        return -1
    return 1 if piece.left >= gutter - 1 else 0


def _gutter(pieces: Sequence[Piece]) -> float | None:
    """The x at which the right one of two columns begins; None where there is one column alone."""
    long = [piece for piece in pieces if len(piece.text.strip()) >= _COLUMN_CHARACTERS]
    best, most = None, 0
    for left in sorted({round(piece.left) for piece in long}):
        gutter = left - 1.0
        starting = sum(abs(piece.left - left) <= _ALIKE for piece in long)
        if starting < _COLUMN_LINES:
            continue
        before = [piece for piece in long if _side(piece, gutter) < 0]
        behind = [piece for piece in long if _side(piece, gutter) > 0]
        across = sum(_side(piece, gutter) == 0 for piece in long)
        beside = min(_beside(before, behind), _beside(behind, before))
        if beside >= _COLUMN_LINES and across <= _ACROSS * len(long) and beside > most:
            best, most = gutter, beside
    return best


def _beside(pieces: Sequence[Piece], others: Sequence[Piece]) -> int:
    """How many of the pieces stand at the height of others."""
    low, high = min((o.bottom for o in others), default=0.0), max((o.top for o in others), default=0.0)
    return sum(low <= piece.middle <= high for piece in pieces)


def _are_level(a: Piece, b: Piece) -> bool:
    return min(a.top, b.top) - max(a.bottom, b.bottom) > _SAME_LINE * min(a.height, b.height)


def lines_of(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces joined into lines, in their order."""
    lines: list[Piece] = []
    for piece in pieces:
        last = lines[-1] if lines else None
        if last is not None and _are_level(last, piece) and piece.left >= last.right - last.character_width:
            gap = piece.left - last.right
            has_blank = last.text[-1:].isspace() or piece.text[:1].isspace()
            blank = "" if has_blank or gap < last.character_width / 4 else " "
            lines[-1] = Piece(
                last.left,
                min(last.bottom, piece.bottom),
                piece.right,
                max(last.top, piece.top),
                f"{last.text}{blank}{piece.text}",
            )
        elif piece.text.strip():
            lines.append(piece)
    return lines


def paragraph_starts(pages: Sequence[Sequence[Piece]]) -> list[list[bool]]:
    """Of each line of each page, whether a paragraph begins with it."""
    steps = [a.middle - b.middle for page in pages for a, b in itertools.pairwise(page) if _goes_down(a, b)]
    usual = median(steps) if steps else 0.0
    starts: list[list[bool]] = []
    before: tuple[Sequence[Piece], int] | None = None
    for page in pages:
        ended = [_ends_early(page, at - 1, page[at]) for at in range(1, len(page))]
        is_verse = sum(ended) > _VERSE_SHARE * max(1, len(ended))
        of_page = []
        for at in range(len(page)):
            of_page.append(before is None or _begins(page, at, before, usual, is_verse))
            before = (page, at)
        starts.append(of_page)
    return starts


def _begins(page: Sequence[Piece], at: int, above: tuple[Sequence[Piece], int], usual: float, is_verse: bool) -> bool:
    line, last = page[at], above[0][above[1]]
    if last.text.rstrip().endswith(("-", "\u2010", "\u00ad")):
        return False
    if above[0] is page and _goes_down(last, line) and last.middle - line.middle > _SPACED * usual:
        return True
    return _is_indented(page, at) or (not is_verse and _ends_early(above[0], above[1], line))


def _goes_down(a: Piece, b: Piece) -> bool:
    return a.middle > b.middle and not _are_level(a, b)


def _is_indented(page: Sequence[Piece], at: int) -> bool:
    """Whether a line begins further to the right than those around it."""
    line = page[at]
    least = _INDENT * line.character_width
    is_beside: Callable[[int], bool] = lambda i: 0 <= i < len(page) and line.left - page[i].left > least  # noqa: E731
    below = at + 1 < len(page) and _goes_down(line, page[at + 1])
    return is_beside(at + 1) if below else is_beside(at - 1)


def _ends_early(page: Sequence[Piece], at: int, following: Piece) -> bool:
    """Whether the next line's first word would have had room at a line's end."""
    line = page[at]
    near = _near(page, at)
    lefts = [line.left, following.left] if following in near else [line.left]
    alike = [one for one in near if min(abs(one.left - left) for left in lefts) <= _ALIKE]
    edge = max(one.right for one in (alike if len(alike) >= _FEW else near))
    word = following.text.split(maxsplit=1)
    needed = (len(word[0]) + 1) * following.character_width if word else 0.0
    return line.right + needed < edge - line.character_width


def _near(page: Sequence[Piece], at: int) -> list[Piece]:
    """The lines around one in its column, itself among them."""
    first = last = at
    while first > 0 and at - first < _NEAR and _goes_down(page[first - 1], page[first]):
        first -= 1
    while last + 1 < len(page) and last - at < _NEAR and _goes_down(page[last], page[last + 1]):
        last += 1
    return list(page[first : last + 1])
