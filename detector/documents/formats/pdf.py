"""PDF, by PDFium: pages in order, words mended at line ends, running heads and feet left out.

PDFium unpacks and keeps whatever it meets; the process it runs in (``reader_process``) bounds what that may cost.
"""

import re
import threading
import time
from contextlib import closing
from typing import Any

from detector.documents.formats.running_heads import without_running_heads
from detector.documents.formats.split_words import join_split_words
from detector.errors import InputError

MOST_PAGES = 5000
_MOST_SECONDS = 60.0
"""Of reading one file, by pages: what takes longer was made to take long."""

_WRONG_PASSWORD = 4
_LOCK = threading.Lock()
"""PDFium is not safe to use from two threads, even on two files."""

_HYPHEN_AT_LINE_END = "\x02"  # in PDFium's text, in place of hyphen and line break
_LIGATURES = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st"}
)
_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")


def read(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """(text, warnings); raises ``InputError``."""
    import pypdfium2

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
    return join_split_words("\n".join("\n".join(page) for page in without_running_heads(lines) if page))


def _lines(page: str) -> list[str]:
    page = page.replace(_HYPHEN_AT_LINE_END, "-\n").replace("\r\n", "\n").translate(_LIGATURES)
    lines = (line.strip(" \t\r\f") for line in _UNREADABLE.sub("\ufffd", page).split("\n"))
    return [line for line in lines if line]


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
