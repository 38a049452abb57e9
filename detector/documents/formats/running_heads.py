"""Running heads and feet: lines at the ends of pages that stand on most of them, alike or counting the pages."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from detector.documents.formats.split_words import HYPHENS

_EDGE_LINES = 3
"""Lines at either end of a page that may be a running head or foot."""
_LONGEST_HEAD = 200
"""Characters of a line whose numbers are looked at."""
_MOST_NUMBERS = 6
"""In a line that may hold a page number."""

_NUMBER = re.compile(r"(?<![0-9])[0-9]{1,6}(?![0-9])")
_AROUND_NUMBERS = " \t-\u2010\u2013\u2014|/\u00b7\u2022[](){}<>~*_"
_PAGE = frozenset({"", "p", "p.", "page", "pg", "pg.", "seite", "s."})
_OF_SO_MANY = re.compile(r"(?:(?:of|/|von)\s*[0-9]{1,6})?", re.IGNORECASE)
_MOST_WORDS_BY_A_NUMBER = 3
_LARGEST_NUMBER_BY_WORDS = 999
"""A larger one is a year."""
_NO_PAGE = frozenset(
    """
    about act after around at before book by canto chapter day during exercise figure from in lesson letter line month
    no no. nr. number on part problem question scene section since sonnet step stanza table till until verse
    volume week year
    """.split()  # noqa: SIM905
)
"""The number behind such a word counts something else than pages."""
_STOPS = (".", "!", "?", ",", ";", ":", "\u2026", '"', "'", "\u201d", "\u2019")
_FEW, _MANY = 3, 5
"""Pages that must share a second line, and one that ends as a sentence does."""


def running_lines(pages: list[list[str]]) -> list[tuple[int, int]]:
    """How many lines are head and foot of each page: those that stand on most pages, alike or counting the pages.

    Where that is in doubt the text is kept: pages that mostly repeat each other are the author's, as is a page that
    would be empty, and what two pages share is a head or foot only as their very first or last line.
    """
    on_pages = Counter(line for page in pages for line in set(page))
    heads = _running([page[:_EDGE_LINES] for page in pages], are_heads=True)
    feet = _running([page[: -_EDGE_LINES - 1 : -1] for page in pages], are_heads=False)
    written = [page for page in pages if page]
    repeating = sum(sum(on_pages[line] > 1 for line in page) > len(page) / 2 for page in written)
    if repeating > len(written) / 2:
        return [(0, 0) for _ in pages]
    return [
        (0, 0) if head + foot >= len(page) else (head, foot)
        for page, head, foot in zip(pages, heads, feet, strict=True)
    ]


def _running(edges: list[list[str]], are_heads: bool) -> list[int]:
    """How many lines run on, at one end of each page; ``edges`` has its lines from without to within."""
    keys = [[_keys(line, page) for line in edge] for page, edge in enumerate(edges)]
    shared = _SharedLines.of(edges, keys, are_heads)
    depths = []
    for edge, keys_of_lines in zip(edges, keys, strict=True):
        depth = 0
        while depth < len(edge) and any(shared.is_running(edge[depth], key, depth) for key in keys_of_lines[depth]):
            depth += 1
        depths.append(depth)
    return depths


class _Key(NamedTuple):
    """What running heads and feet of several pages have in common."""

    line: str
    offset: int | None = None
    """Of the number in the line from the page's; None if the line is taken as it is."""
    is_bare: bool = False
    """There is nothing in it but the number of the page."""


@dataclass(frozen=True)
class _SharedLines:
    """What the pages have in common at one end."""

    written: int
    """Pages that are not empty."""
    pages: Counter[_Key]
    """Those that have such a line at this end."""
    outermost: Counter[_Key]
    """Those that have it as their very first or last line."""
    below_first: dict[str, str]
    """By the first line of a page, the second of the first such page; of heads alone."""

    @classmethod
    def of(cls, edges: list[list[str]], keys: list[list[set[_Key]]], are_heads: bool) -> "_SharedLines":
        below_first: dict[str, str] = {}
        for first, second, *_ in (edge for edge in edges if are_heads and len(edge) > 1):
            below_first.setdefault(first, second)
        return cls(
            sum(map(bool, edges)),
            Counter(key for keys_of_lines in keys for key in set().union(*keys_of_lines)),
            Counter(key for keys_of_lines in keys for key in (keys_of_lines[0] if keys_of_lines else ())),
            below_first,
        )

    def is_running(self, line: str, key: _Key, depth: int) -> bool:
        """Whether a line is head or foot by one of its keys; ``depth`` 0 is the outermost line."""
        pages = self.pages[key]
        ends_within_a_word = line[-1] in HYPHENS and line[-2:-1].isalpha()
        if pages < 2 or pages <= self.written / 2 or ends_within_a_word:
            return False
        if key.is_bare or pages >= _MANY:
            return True
        if key.offset is not None:
            # of two pages alone, a name and the number of the page itself, as in "Smith 1" and "Smith 2"
            return pages >= _FEW or (depth == 0 and (self.written >= _FEW or key.offset == 1))
        if line.endswith(_STOPS):
            return False
        # on the first of the pages, what goes on in small letters goes on from this line
        goes_on = self.below_first.get(line, "")[:1].islower()
        return pages >= _FEW or (depth == 0 and self.outermost[key] >= 2 and not goes_on)


def _keys(line: str, page: int) -> set[_Key]:
    """What the line may share with those of other pages; ``page`` counts from 0."""
    keys = {_Key(line)}
    if len(line) >= _LONGEST_HEAD:
        return keys
    for number in list(_NUMBER.finditer(line))[:_MOST_NUMBERS]:
        before, after = line[: number.start()], line[number.end() :]
        is_bare = before.strip(_AROUND_NUMBERS).lower() in _PAGE and bool(
            _OF_SO_MANY.fullmatch(after.strip(_AROUND_NUMBERS.replace("/", "") + "."))
        )
        if is_bare or _counts_pages(line, before, after, int(number[0])):
            keys.add(_Key(f"{before}#{after}", int(number[0]) - page, is_bare))
    return keys


def _counts_pages(line: str, before: str, after: str, number: int) -> bool:
    """Whether a number among words may be the page's."""
    words = before.strip(_AROUND_NUMBERS).lower().split()
    if number > _LARGEST_NUMBER_BY_WORDS or line.endswith(_STOPS) or (words and words[-1] in _NO_PAGE):
        return False
    if not {before[-1:], after[:1]} <= {"", *_AROUND_NUMBERS}:
        return False
    return not after.strip(_AROUND_NUMBERS) or len(line.split()) <= _MOST_WORDS_BY_A_NUMBER
