"""The paragraphs and lines of a text as given, as a person counts them."""

import bisect
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_NEWLINE = r"(?:\r\n|\r(?!\n)|(?<!\r)[\n\u2028\u2029])"
_BLANK_LINE = re.compile(rf"{_NEWLINE}[^\S\n\r]*{_NEWLINE}\s*")
_LINE_BREAK = re.compile(rf"{_NEWLINE}\s*")
_SENTENCE_END = re.compile(r"[.!?\u2026][\"'\u201d\u2019)\]]*$")


@dataclass(frozen=True)
class Outline:
    """What a text is divided into, in order."""

    noun: str
    """``paragraph`` or ``line``."""
    spans: tuple[tuple[int, int], ...]
    numbers: tuple[int, ...]
    """Of each, from 1; a heading counts as a paragraph, a blank line as a line."""


def numbers_between(spans: Sequence[tuple[int, int]], start: int, end: int) -> range:
    """Places, among spans in order, of those that hold a character from ``start`` to ``end``."""
    return range(
        bisect.bisect_right(spans, start, key=lambda span: span[1]), bisect.bisect_left(spans, end, key=lambda s: s[0])
    )


def paragraphs_of(text: str) -> list[tuple[int, int]]:
    r"""(start, end) of each paragraph: parted by blank lines, or by line breaks where there are no blank lines.

    >>> [("a\nb\n\nc"[i:j]) for i, j in paragraphs_of("a\nb\n\nc")], paragraphs_of("a\nb")
    (['a\nb', 'c'], [(0, 1), (2, 3)])
    """
    parting = _BLANK_LINE if _BLANK_LINE.search(text.strip()) else _LINE_BREAK
    edges = [0, *itertools.chain.from_iterable(match.span() for match in parting.finditer(text)), len(text)]
    spans = zip(edges[::2], edges[1::2], strict=True)
    return [(start, end) for start, end in spans if text[start:end].strip()]


@lru_cache(maxsize=4)
def outline_of(text: str) -> Outline:
    r"""Paragraphs; or lines, where only line breaks part the text and most of them do not end a sentence.

    Such are lists, verse, and prose broken at a column: a line of it is no paragraph.

    >>> outline_of("One.\nTwo.").noun, outline_of("milk\neggs\nbread").noun
    ('paragraph', 'line')
    """
    spans = tuple(paragraphs_of(text))
    finished = sum(_SENTENCE_END.search(text[start:end].rstrip()) is not None for start, end in spans)
    if len(spans) > 1 and not _BLANK_LINE.search(text.strip()) and 2 * finished < len(spans):
        return Outline("line", spans, tuple(line_of(text, start) for start, _ in spans))
    return Outline("paragraph", spans, tuple(range(1, len(spans) + 1)))


def line_of(text: str, at: int) -> int:
    r"""Number, from 1, of the line that holds the character ``at``.

    >>> line_of("a\r\nb\n\nc", 6)
    4
    """
    return bisect.bisect_right(_line_starts(text), at) + 1


@lru_cache(maxsize=4)
def _line_starts(text: str) -> list[int]:
    """Of every line but the first."""
    return [match.end() for match in re.finditer(_NEWLINE, text)]
