"""PDF, by PDFium: pages in order, words mended at line ends, running heads and feet left out."""

import re
import threading
import time
import zlib
from collections import Counter
from contextlib import closing
from typing import Any, NamedTuple

from detector.documents.formats.archive import MOST_UNPACKED_BYTES
from detector.errors import InputError

MOST_PAGES = 5000
_MOST_SECONDS = 60.0
"""Of reading one file, by pages: what takes longer was made to take long."""
_MOST_UNPACKED_IN_ALL = 8 * MOST_UNPACKED_BYTES
"""Of all streams together, pictures included."""
_EDGE_LINES = 3
"""Lines at either end of a page that may be a running head or foot."""
_MOST_NUMBERS = 6
"""In a line that may hold a page number."""

_WRONG_PASSWORD = 4
_LOCK = threading.Lock()
"""PDFium is not safe to use from two threads, even on two files."""

_HYPHEN_AT_LINE_END = "\x02"  # in PDFium's text, in place of hyphen and line break
_LIGATURES = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st"}
)
_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")
_HYPHENS = "-\u2010\u00ad"
_SPLIT_WORD = re.compile(rf"(?<![^\W\d_])([^\W\d_]++)([{_HYPHENS}])\n(?!(?:and|or|to)\b)(?=([^\W\d_]++))")
_SPLIT_COMPOUND = re.compile(rf"(?<=\w[{_HYPHENS}])\n(?!(?:and|or|to)\b)(?=\w)")
_WORD = re.compile(r"[^\W\d_]++(?:[-\u2010][^\W\d_]++)*+")
_OFTEN_HYPHENATED = frozenset(
    """
    all cross half high long low non self short well one two three four five six seven eight nine twenty thirty forty
    fifty sixty seventy eighty ninety
    """.split()  # noqa: SIM905 - a list of words is easier to read in lines
)
# Before these it is a syllable's end, as in "crossing"; "ex" is one before all but a few words.
_ENDINGS_OF_WORDS = frozenset(
    """
    age ages een est fold hood ing ings ish land less light lights ly ness road roads self selves sense some teen
    teens teenth ties tieth way ways
    """.split()  # noqa: SIM905
)
_ONCE = frozenset(
    "boyfriend boss chairman chief colleague girlfriend husband lover minister partner president soldier wife".split()  # noqa: SIM905
)
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
_STREAM = re.compile(rb"(?<!end)stream\r?\n")


def read(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """(text, warnings); raises ``InputError``."""
    import pypdfium2

    _check_unpacked_size(data, name)
    with _LOCK:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            if error.err_code == _WRONG_PASSWORD:
                raise InputError(
                    f"{name} is a PDF that is protected with a password. Save it without one and try again."
                ) from None
            raise _damaged(name) from None
        with closing(document):
            pages = _page_texts(document, pypdfium2.PdfiumError, name)
    text = text_of_pages(pages)
    if not text:
        raise InputError(
            f"{name} is a PDF without text: a picture of pages, such as a scan. Run text recognition (OCR) over it, "
            "and check what it read, or copy the text from where it was written."
        )
    return text, tuple(_warnings(pages, text))


def _check_unpacked_size(data: bytes, name: str) -> None:
    """PDFium unpacks whatever it meets, up to a gigabyte at a time."""
    in_all = 0
    for start in _STREAM.finditer(data):
        unpacker = zlib.decompressobj()
        rest, size = data[start.end() : start.end() + 65_536], 0
        position = start.end() + len(rest)
        try:
            while rest and not unpacker.eof and size <= MOST_UNPACKED_BYTES:
                size += len(unpacker.decompress(rest, 1 << 20))
                rest = unpacker.unconsumed_tail
                if not rest:
                    rest = data[position : position + 65_536]
                    position += len(rest)
        except zlib.error:  # packed by another method, or damaged
            pass
        in_all += size
        if size > MOST_UNPACKED_BYTES or in_all > _MOST_UNPACKED_IN_ALL:
            raise InputError(
                f"{name} is a PDF that unpacks to more than {MOST_UNPACKED_BYTES >> 20} MB in one place, or "
                f"{_MOST_UNPACKED_IN_ALL >> 20} MB in all, so it was not read. Save the text alone and try again."
            )


def _page_texts(document: Any, page_error: type[Exception], name: str) -> list[str]:
    if len(document) > MOST_PAGES:
        raise InputError(f"{name} is a PDF of {len(document):,} pages; at most {MOST_PAGES:,} are read. Split it.")
    until = time.monotonic() + _MOST_SECONDS
    pages: list[str] = []
    broken = 0
    for number in range(len(document)):
        if time.monotonic() > until:
            raise InputError(
                f"{name} is a PDF that took longer than {_MOST_SECONDS:.0f} seconds to read, up to page {number} of "
                f"{len(document):,}. Save the text alone and try again."
            )
        try:
            with closing(document[number]) as page, closing(page.get_textpage()) as letters:
                pages.append(letters.get_text_bounded())
        except page_error:
            pages.append("")
            broken += 1
    if broken == len(pages):
        raise _damaged(name)
    return pages


def _damaged(name: str) -> InputError:
    return InputError(f"{name} is a PDF that is damaged or cut off, so it cannot be read. Save it anew.")


def text_of_pages(pages: list[str]) -> str:
    r"""The text of the pages as PDFium gives it, mended.

    >>> text_of_pages(["An essay\r\nIt was an exam\x02ple of", "An essay\r\nten pages."])
    'It was an example of\nten pages.'
    """
    lines = [_lines(page) for page in pages]
    text = "\n".join("\n".join(page) for page in _without_running_heads(lines) if page)
    return _SPLIT_COMPOUND.sub("", _without_hyphens_of_lines(text))


def _lines(page: str) -> list[str]:
    page = page.replace(_HYPHEN_AT_LINE_END, "-\n").replace("\r\n", "\n").translate(_LIGATURES)
    found = [line.strip(" \t\r\f") for line in _UNREADABLE.sub("\ufffd", page).split("\n")]
    return [line for line in found if line]


def _without_hyphens_of_lines(text: str) -> str:
    """Words split at line ends joined, each pair of halves alike; compounds keep their hyphen."""
    compounds, words = set(), set()
    for found in _WORD.findall(text):
        first, *others = found.lower().replace("\u2010", "-").split("-")
        if not others:
            words.add(first)
        for other in others:
            compounds.add((first, other))
            first = other

    def joined(split: re.Match[str]) -> str:
        first, hyphen, second = split.groups()
        is_a_word_split = first[-1].islower() and second[0].islower()
        if hyphen == "\u00ad" or (is_a_word_split and not is_compound(first.lower(), second.lower())):
            return first
        return split[0]

    def is_compound(first: str, second: str) -> bool:
        if first + second in words:
            return False
        if (first, second) in compounds:
            return True
        if first == "ex":
            return second in _ONCE
        return first in _OFTEN_HYPHENATED and second not in _ENDINGS_OF_WORDS

    return _SPLIT_WORD.sub(joined, text)


def _without_running_heads(pages: list[list[str]]) -> list[list[str]]:
    """Lines at the ends of pages left out that stand on most pages, alike or counting the pages.

    Where that is in doubt the text is kept: pages that mostly repeat each other are the author's, as is a page that
    would be empty, and what two pages share is a head or foot only as their very first or last line.
    """
    on_pages = Counter(line for page in pages for line in set(page))
    heads = _running([page[:_EDGE_LINES] for page in pages], are_heads=True)
    feet = _running([page[: -_EDGE_LINES - 1 : -1] for page in pages], are_heads=False)
    kept = []
    for page, head, foot in zip(pages, heads, feet, strict=True):
        repeats = sum(on_pages[line] > 1 for line in page)
        is_text = repeats > len(page) / 2 or head + foot >= len(page)
        kept.append(page if is_text else page[head : len(page) - foot])
    return kept


def _running(edges: list[list[str]], are_heads: bool) -> list[int]:
    """How many lines run on, at one end of each page; ``edges`` has its lines from without to within."""
    written = sum(map(bool, edges))
    keys = [[_keys(line, at) for line in edge] for at, edge in enumerate(edges)]
    anywhere = Counter(key for edge in keys for key in set().union(*edge))
    outermost = Counter(key for edge in keys for key in (edge[0] if edge else ()))
    next_at_first: dict[str, str] = {}
    for edge in edges if are_heads else ():
        if len(edge) > 1:
            next_at_first.setdefault(edge[0], edge[1])

    def is_running(line: str, key: "_Key", depth: int) -> bool:
        count = anywhere[key]
        ends_within_a_word = line[-1] in _HYPHENS and line[-2:-1].isalpha()
        if count < 2 or count <= written / 2 or ends_within_a_word:
            return False
        if key.is_bare or count >= _MANY:
            return True
        if key.offset is not None:
            return count >= _FEW or (depth == 0 and written >= _FEW)
        if line.endswith(_STOPS):
            return False
        # on the first of the pages, what goes on in small letters goes on from this line
        return count >= _FEW or (depth == 0 and outermost[key] >= 2 and not next_at_first.get(line, "")[:1].islower())

    found = []
    for edge, keys_of_lines in zip(edges, keys, strict=True):
        depth = 0
        while depth < len(edge) and any(is_running(edge[depth], key, depth) for key in keys_of_lines[depth]):
            depth += 1
        found.append(depth)
    return found


class _Key(NamedTuple):
    """What running heads and feet of several pages have in common."""

    line: str
    offset: int | None = None
    """Of the number in the line from the page's; None if the line is taken as it is."""
    is_bare: bool = False
    """There is nothing in it but the number of the page."""


def _keys(line: str, page: int) -> set[_Key]:
    found = {_Key(line)}
    if len(line) >= 200:
        return found
    for number in list(_NUMBER.finditer(line))[:_MOST_NUMBERS]:
        before, after = line[: number.start()], line[number.end() :]
        is_bare = before.strip(_AROUND_NUMBERS).lower() in _PAGE and bool(
            _OF_SO_MANY.fullmatch(after.strip(_AROUND_NUMBERS.replace("/", "") + "."))
        )
        if is_bare or _counts_pages(line, before, after, int(number[0])):
            found.add(_Key(f"{before}#{after}", int(number[0]) - page, is_bare))
    return found


def _counts_pages(line: str, before: str, after: str, number: int) -> bool:
    """Whether a number among words may be the page's."""
    words = before.strip(_AROUND_NUMBERS).lower().split()
    if number > _LARGEST_NUMBER_BY_WORDS or line.endswith(_STOPS) or (words and words[-1] in _NO_PAGE):
        return False
    if not {before[-1:], after[:1]} <= {"", *_AROUND_NUMBERS}:
        return False
    return not after.strip(_AROUND_NUMBERS) or len(line.split()) <= _MOST_WORDS_BY_A_NUMBER


def _warnings(pages: list[str], text: str) -> list[str]:
    said = [
        f"The text was taken from a PDF of {len(pages)} {'page' if len(pages) == 1 else 'pages'}; words split at line "
        "ends were joined, running heads and page numbers left out, so places refer to the text as it was read."
    ]
    empty = [str(number) for number, page in enumerate(pages, start=1) if not page.strip()]
    if empty:
        shown = ", ".join(empty[:10]) + (" and others" if len(empty) > 10 else "")
        said.append(f"No text was found on {'page' if len(empty) == 1 else 'pages'} {shown}; a picture cannot be read.")
    if unreadable := text.count("\ufffd"):
        said.append(f"{unreadable:,} letter(s) of the PDF could not be read and are shown as \ufffd.")
    return said
