"""PDF, by PDFium: pages in order, words mended at line ends, running heads and feet left out."""

import re
import threading
import time
import zlib
from collections import Counter
from contextlib import closing
from typing import Any

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
_SPLIT_WORD = re.compile(rf"(?<=([^\W\d_]))[{_HYPHENS}]\n(?!(?:and|or|to)\b)(?=([^\W\d_]))")
_SPLIT_COMPOUND = re.compile(rf"(?<=\w[{_HYPHENS}])\n(?!(?:and|or|to)\b)(?=\w)")
_NUMBER = re.compile(r"[0-9]{1,6}")
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
    return _SPLIT_COMPOUND.sub("", _SPLIT_WORD.sub(_joined, text))


def _lines(page: str) -> list[str]:
    page = page.replace(_HYPHEN_AT_LINE_END, "-\n").replace("\r\n", "\n").translate(_LIGATURES)
    found = [line.strip(" \t\r\f") for line in _UNREADABLE.sub("\ufffd", page).split("\n")]
    return [line for line in found if line]


def _joined(split: re.Match[str]) -> str:
    return "" if split[1].islower() and split[2].islower() else split[0]


def _without_running_heads(pages: list[list[str]]) -> list[list[str]]:
    """Lines at the ends of pages left out that stand on most pages, alike or counting the pages."""
    seen = Counter(
        key for at, page in enumerate(pages) for key in {k for line in _edges(page) for k in _keys(line, at)}
    )
    written = sum(map(bool, pages))
    repeated = {key for key, count in seen.items() if count >= 2 and count > written / 2}

    def is_running(line: str, at: int) -> bool:
        return not repeated.isdisjoint(_keys(line, at))

    kept = []
    for at, page in enumerate(pages):
        first, last = 0, len(page)
        while first < min(_EDGE_LINES, last) and is_running(page[first], at):
            first += 1
        while last > max(first, len(page) - _EDGE_LINES) and is_running(page[last - 1], at):
            last -= 1
        kept.append(page[first:last])
    return kept


def _edges(page: list[str]) -> list[str]:
    return page[:_EDGE_LINES] + page[max(_EDGE_LINES, len(page) - _EDGE_LINES) :]


def _keys(line: str, page: int) -> set[tuple[str, int]]:
    """The line as it is, and with each number in it seen as so many more than the page's."""
    numbers = list(_NUMBER.finditer(line)) if len(line) < 200 else []
    counted = {
        (f"{line[: number.start()]}#{line[number.end() :]}", int(number[0]) - page)
        for number in numbers[:_MOST_NUMBERS]
    }
    return {(line, 0)} | counted


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
