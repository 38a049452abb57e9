"""CSV and TSV files → records. A quotation mark that is left open costs its own line and no other.

Lines are taken by the standard library's reader, strictly. Where it fails, because a quoted cell runs to the end of
the file or goes on behind its closing mark, what it took is put back: the first line becomes a problem, or a record if
it is whole by itself, and reading goes on with the second.
"""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from detector.corpus.columns import Layout, Reading, Record, cells, check_columns, distinct, first_surrogate
from detector.corpus.decompression import open_bytes
from detector.errors import InputError

_BROKEN = "detect.broken"
"""How bytes are decoded that are none: half of a surrogate pair, which no text has, also where half a character ends a
file in UTF-16, which ``surrogateescape`` gives up on."""
codecs.register_error(_BROKEN, lambda error: ("\udcff", error.end))  # type: ignore[attr-defined]
_MOST_LINE_CHARACTERS = 1 << 28
_MOST_QUOTED_CHARACTERS = 1 << 25
"""Of a record that spans lines; a quotation mark is left open where it would be longer."""
_MOST_TAKEN_AGAIN = 1 << 27
"""Characters put back in one file, so that marks left open in every line cannot make reading slow."""


def csv_records(
    path: Path, layout: Layout, reading: Reading, delimiters: Sequence[str] = (",", ";", "\t", "|")
) -> Iterator[tuple[int, Record]]:
    """(number from 1, record) for each; raises ``UsageError`` where a column is missing, ``OSError`` for damage."""
    csv.field_size_limit(_MOST_LINE_CHARACTERS)
    with open_bytes(path) as (stream, file):
        encoding = _encoding(stream.peek(1 << 16))
        lines = _Lines(io.TextIOWrapper(stream, encoding, errors=_BROKEN, newline=""))
        delimiter, header = _header(lines, delimiters, layout.text_field)
        header = distinct(header)
        check_columns(header, layout, path)
        number = 0
        for line, row in _rows(lines, delimiter):
            reading.done = file.tell()
            if row == []:
                continue
            number += 1
            yield number, _record(row, header, f"{path.name}, record {number} (line {line})", encoding)


def _record(row: list[str] | str, header: list[str], where: str, encoding: str) -> Record:
    """``row`` is a sentence where there is none."""
    if isinstance(row, str):
        return InputError(f"{where}: {row}")
    if len(row) != len(header):
        return InputError(
            f"{where} has {cells(len(row))} and the header {len(header)}; quote cells that hold the delimiter."
        )
    if any(first_surrogate(cell) is not None for cell in row if not cell.isascii()):
        return InputError(f"{where} is not valid {encoding}; save it as UTF-8.")
    return dict(zip(header, row, strict=True))


class _Lines:
    """The lines of a file, of which the last ones can be put back."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self._file = file
        self._ready: deque[str] = deque()
        self._taken: list[str] = []
        self._size = 0
        self._put_back = 0
        self.number = 0
        """Of the last line taken, from 1."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._taken and self._size > _MOST_QUOTED_CHARACTERS:
            raise csv.Error("a quoted cell is longer than any text")
        line = self._ready.popleft() if self._ready else self._file.readline(_MOST_LINE_CHARACTERS)
        if not line:
            raise StopIteration
        self._taken.append(line)
        self._size += len(line)
        self.number += 1
        return line

    def accept(self) -> None:
        """What was taken is done with."""
        self._taken.clear()
        self._size = 0

    def put_back(self, keep: int = 0) -> list[str]:
        """Put back what was taken since the last ``accept`` but the first ``keep`` lines, which are returned."""
        kept, rest = self._taken[:keep], self._taken[keep:]
        self._ready.extendleft(reversed(rest))
        self._put_back += self._size
        self.number -= len(rest)
        self.accept()
        return kept

    @property
    def is_exhausting(self) -> bool:
        """Whether so much was put back that the file was made to be slow."""
        return self._put_back > _MOST_TAKEN_AGAIN


def _header(lines: _Lines, delimiters: Sequence[str], text_field: str) -> tuple[str, list[str]]:
    """The delimiter by which a column has the name that is wanted, or the first, and the names."""
    found: list[tuple[str, list[str], int]] = []
    for delimiter in delimiters:
        try:
            header = next(csv.reader(lines, delimiter=delimiter, strict=True), [])
            n_lines = lines.number
            lines.put_back()
        except csv.Error:
            first = lines.put_back(keep=1)
            lines.number -= 1
            lines._ready.extendleft(first)
            header, n_lines = next(csv.reader(first, delimiter=delimiter), []), 1
        found.append((delimiter, header, n_lines))
        if text_field in header:
            break
    else:
        found.append(found[0])
    delimiter, header, n_lines = found[-1]
    for _ in range(n_lines):
        next(lines)
    lines.accept()
    return delimiter, header


def _rows(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """(line it begins at, cells) of each record; a sentence instead of the cells where a line is none."""
    while True:
        begin = lines.number + 1
        try:
            row = next(csv.reader(lines, delimiter=delimiter, strict=True))
        except StopIteration:
            return
        except csv.Error as error:
            (first,) = lines.put_back(keep=1)
            if lines.is_exhausting:
                yield begin, "quotation marks are left open again and again, so the file is read no further."
                return
            yield begin, _line_alone(first, delimiter, error)
            continue
        lines.accept()
        yield begin, row


def _line_alone(line: str, delimiter: str, error: csv.Error) -> list[str] | str:
    """The cells of a line that is a record by a laxer reading, or what is wrong with it."""
    try:
        row, *following = csv.reader([line, "x\n"], delimiter=delimiter)
    except csv.Error:
        return f"{error}."
    if following:
        return row
    return "a quotation mark is left open, or not doubled within a cell; the lines after it are records of their own."


def _encoding(beginning: bytes) -> str:
    """UTF-8 or what a byte order mark says; else the code page of Western spreadsheets."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if beginning.startswith(mark):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
