"""PDF, by PDFium: pages in order, words mended at line ends, running heads and feet left out.

PDFium unpacks and keeps whatever it meets; the process it runs in (``reader_process``) bounds what that may cost.
"""

import re
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from detector.documents.formats.page_layout import Piece, in_reading_order, lines_of, paragraph_starts
from detector.documents.formats.prose import LINE, PARAGRAPH
from detector.documents.formats.running_heads import running_lines
from detector.documents.formats.split_words import join_split_words
from detector.errors import InputError

MOST_PAGES = 5000
_MOST_SECONDS = 60.0
"""Of reading one file, by pages: what takes longer was made to take long."""

_MOST_PIECES = 2000
"""Of a page whose layout is looked at; a page of print has 50 to 500, and PDFium goes through its letters for each."""

_LINE_ENDS = "\r\n\x02"
"""The last is PDFium's sign for a hyphen at the end of a line, after which it puts no line end."""
_MOST_LETTERS = 20_000
"""Of a page whose letters are looked at one by one; a page of print has 2,000 to 6,000."""

_WRONG_PASSWORD = 4
_LOCK = threading.Lock()
"""PDFium is not safe to use from two threads, even on two files."""

_HYPHEN_AT_LINE_END = "\x02"  # in PDFium's text, in place of hyphen and line break
_LIGATURES = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st"}
)
_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")


@dataclass(frozen=True)
class Page:
    """The lines of a page in reading order."""

    lines: list[Piece]
    has_places: bool = True
    """False where only their text is known."""
    was_reordered: bool = False

    @property
    def texts(self) -> list[str]:
        """Of the lines."""
        return [line.text.strip() for line in self.lines]

    @classmethod
    def of(cls, letters: Any) -> "Page":
        """Of PDFium's text of a page."""
        pieces = _pieces_of(letters)
        if pieces is None:
            return cls.of_text(letters.get_text_bounded())
        ordered = in_reading_order(pieces)
        return cls(lines_of(ordered), was_reordered=ordered != pieces)

    @classmethod
    def of_text(cls, text: str) -> "Page":
        """Of its text alone."""
        lines = (line.strip(" \t\r\f") for line in _mended(text).split("\n"))
        return cls([Piece(0, 0, 0, 0, line) for line in lines if line], has_places=False)


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


def _page_texts(document: Any, page_error: type[Exception], name: str) -> list[Page]:
    if len(document) > MOST_PAGES:
        raise InputError(f"{name} is a PDF of {len(document):,} pages; at most {MOST_PAGES:,} are read. Split it.")
    until = time.monotonic() + _MOST_SECONDS
    pages: list[Page] = []
    broken = 0
    for number in range(len(document)):
        if time.monotonic() > until:
            raise InputError(
                f"{name} is a PDF that took longer than {_MOST_SECONDS:.0f} seconds to read, up to page {number} of "
                f"{len(document):,}. Save the text alone and try again."
            )
        try:
            with closing(document[number]) as page, closing(page.get_textpage()) as letters:
                pages.append(Page.of(letters))
        except page_error:
            pages.append(Page([]))
            broken += 1
    if broken == len(pages):
        raise _damaged(name)
    return pages


def _damaged(name: str) -> InputError:
    return InputError(f"{name} is a PDF that is damaged or cut off, so it cannot be read. Save it anew.")


def _pieces_of(letters: Any) -> list[Piece] | None:
    """Pieces of a page's text in the order of the file; None where their places do not tell which letters they are."""
    if letters.count_rects() > _MOST_PIECES:
        return None
    whole = letters.get_text_bounded()
    pieces = []
    for number in range(letters.count_rects()):
        left, bottom, right, top = letters.get_rect(number)
        pieces.append(Piece(left, bottom, right, top, _mended(letters.get_text_bounded(left, bottom, right, top))))
    told = "".join("".join(piece.text.split()) for piece in pieces)
    return pieces if told == "".join(_mended(whole).split()) else _lines_by_letters(letters)


def _lines_by_letters(letters: Any) -> list[Piece] | None:
    """The same where the boxes of pieces overlap, as in what browsers print: a line of PDFium's text is a piece."""
    n, text = letters.count_chars(), letters.get_text_range()
    if n > _MOST_LETTERS or len(text) != n:
        return None
    pieces: list[Piece] = []
    start = 0
    for end in [*(at for at, letter in enumerate(text) if letter in _LINE_ENDS), n]:
        boxes = [letters.get_charbox(at) for at in range(start, end) if not text[at].isspace()]
        if boxes:
            left, bottom, right, top = zip(*boxes, strict=True)
            pieces.append(Piece(min(left), min(bottom), max(right), max(top), _mended(text[start : end + 1].strip())))
        start = end + 1
    return pieces


def text_of_pages(pages: list[Page]) -> str:
    r"""The text of the pages, mended: paragraphs parted by blank lines where places tell them.

    >>> text_of_pages([Page.of_text("An essay\r\nIt was an exam\x02ple of"), Page.of_text("An essay\r\nten pages.")])
    'It was an example of\nten pages.'
    """
    running = running_lines([page.texts for page in pages])
    kept = [page.lines[head : len(page.lines) - foot] for page, (head, foot) in zip(pages, running, strict=True)]
    starts = paragraph_starts(kept) if all(page.has_places for page in pages) else [[False] * len(of) for of in kept]
    text = ""
    for lines, begins in zip(kept, starts, strict=True):
        for line, begins_paragraph in zip(lines, begins, strict=True):
            text += ("" if not text else PARAGRAPH if begins_paragraph else LINE) + line.text.strip(" \t\n\f")
    return join_split_words(text)


def _mended(text: str) -> str:
    text = text.replace(_HYPHEN_AT_LINE_END, "-\n").replace("\r\n", "\n").translate(_LIGATURES)
    return _UNREADABLE.sub("\ufffd", text)


def _warnings(pages: list[Page], text: str) -> list[str]:
    said = [
        f"The text was taken from a PDF of {len(pages)} {'page' if len(pages) == 1 else 'pages'}; words split at line "
        "ends were joined, running heads and page numbers left out, so places refer to the text as it was read."
    ]
    if any(page.was_reordered for page in pages):
        said.append("Columns that the file goes through line by line were put in order by their places.")
    empty = [str(number) for number, page in enumerate(pages, start=1) if not page.lines]
    if empty:
        shown = ", ".join(empty[:10]) + (" and others" if len(empty) > 10 else "")
        said.append(f"No text was found on {'page' if len(empty) == 1 else 'pages'} {shown}; a picture cannot be read.")
    if unreadable := text.count("\ufffd"):
        said.append(f"{unreadable:,} letter(s) of the PDF could not be read and are shown as \ufffd.")
    return said
