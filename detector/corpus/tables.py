"""Files of many documents (CSV, TSV, JSON Lines, Parquet) → documents, record by record.

A record that cannot be used becomes a document with a problem, and reading goes on behind it; damage that
ends the file becomes one more.
"""

import codecs
import csv
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.corpus.decompression import COMPRESSED, open_bytes
from detector.corpus.documents import Document, Problem
from detector.documents.records import TABLE_NAMES
from detector.errors import InputError, UsageError

MOST_CHARACTERS = 2_000_000
"""Of one document; a long novel has a million."""
_MOST_RECORD_BYTES = 1 << 28
_PARQUET_ROWS = 256
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Layout:
    """Where the text stands in a record."""

    text_field: str = "text"
    id_field: str | None = None
    """None: the field ``id`` where there is one."""
    most_characters: int = MOST_CHARACTERS


@dataclass
class Reading:
    """How far reading has come, in bytes or whatever else the source counts."""

    done: float = 0
    total: float | None = None


Record = dict[str, Any] | InputError


def is_table(name: str) -> bool:
    """Whether a file of this name holds records rather than one text."""
    return _kind(name) in TABLE_NAMES


def read_table(path: Path, shown: str, layout: Layout, reading: Reading | None = None) -> Iterator[Document]:
    """The documents of a file; ``shown`` is its name in ids and messages.

    Raises ``UsageError`` where the text field, or an id field that was asked for, is not among the columns.
    """
    reading = reading or Reading()
    number = 0
    try:
        for number, record in _RECORDS[_kind(path.name)](path, layout, reading):
            yield document_of(record, f"{shown}:{number}", shown, layout)
    except (OSError, EOFError) as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        where = f"after record {number}" if number else "at its beginning"
        problem = Problem("unreadable", f"{shown} cannot be read further {where}: {said.rstrip('.')}.")
        yield Document(f"{shown}:{number + 1}", shown, None, problem=problem)


def checked(document: Document, most_characters: int) -> Document:
    """The document, or the problem with its text: too long, or no valid Unicode."""
    text = document.text
    if text is None:
        return document
    problem = None
    if len(text) > most_characters:
        problem = Problem(
            "too_long",
            f"The text has {len(text):,} characters and at most {most_characters:,} are judged at once: "
            "split it into chapters, or raise --max-chars.",
        )
    elif not text.isascii() and (at := _first_surrogate(text)) is not None:
        problem = Problem("unreadable", f"Character {at + 1} is half of a pair, so this is no valid Unicode text.")
    if problem is None:
        return document
    return Document(document.id, document.path, None, document.warnings, document.fields, problem)


def _kind(name: str) -> str:
    path = Path(name.lower())
    return path.with_suffix("").suffix if path.suffix in COMPRESSED else path.suffix


def document_of(record: Record, name: str, shown: str, layout: Layout) -> Document:
    """A record as a document; ``name`` is its id where it has none, and ``shown`` the name of its file."""
    if isinstance(record, InputError):
        return Document(name, shown, None, problem=Problem("unreadable", _valid(str(record))))
    fields = dict(record)
    text = fields.pop(layout.text_field, None)
    given = fields.pop(layout.id_field or "id", None)
    named = name if given is None or given == "" else str(_plain(given))
    fields = {_valid(field): _plain(value) for field, value in fields.items()}
    if isinstance(text, bytes):  # many writers of Parquet do not say which bytes are text
        with suppress(UnicodeDecodeError):
            text = text.decode()
    if not isinstance(text, str):
        seen = "nothing" if text is None else f"a value of type {type(text).__name__}"
        problem = Problem("unreadable", f"{name} has {seen} where text is wanted, in the field {layout.text_field!r}.")
        return Document(named, shown, None, fields=fields, problem=problem)
    return checked(Document(named, shown, text, fields=fields), layout.most_characters)


def _csv_records(path: Path, layout: Layout, reading: Reading) -> Iterator[tuple[int, Record]]:
    csv.field_size_limit(_MOST_RECORD_BYTES)
    with open_bytes(path) as (stream, file):
        encoding = _encoding(stream.peek(1 << 16))
        lines = io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="")
        first = lines.readline(_MOST_RECORD_BYTES)
        delimiter = _delimiter(first, layout.text_field, path)
        header = _distinct(next(csv.reader([first], delimiter=delimiter), []))
        _check_columns(header, layout, path)
        rows = csv.reader(lines, delimiter=delimiter)
        number = 0
        while True:
            number += 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, InputError(f"{path.name}, record {number}: {error}; is a quotation mark left open?")
                continue
            reading.done = file.tell()
            if not row:
                number -= 1
            elif len(row) != len(header):
                yield (
                    number,
                    InputError(
                        f"{path.name}, record {number} (line {rows.line_num + 1}) has {_cells(len(row))} and the "
                        f"header {len(header)}; quote cells that hold the delimiter."
                    ),
                )
            elif any(_first_surrogate(cell) is not None for cell in row if not cell.isascii()):
                yield number, InputError(f"{path.name}, record {number} is not valid {encoding}; save it as UTF-8.")
            else:
                yield number, dict(zip(header, row, strict=True))


def _jsonl_records(path: Path, layout: Layout, reading: Reading) -> Iterator[tuple[int, Record]]:
    with open_bytes(path) as (stream, file):
        number = 0
        while line := stream.readline(_MOST_RECORD_BYTES):
            number += 1
            reading.done = file.tell()
            where = f"{path.name}, line {number}"
            if len(line) == _MOST_RECORD_BYTES:
                while (rest := stream.readline(_MOST_RECORD_BYTES)) and not rest.endswith(b"\n"):
                    pass
                yield number, InputError(f"{where} is longer than {_MOST_RECORD_BYTES >> 20} MB.")
                continue
            if not line.strip():
                continue
            try:
                record = json.loads(line.removeprefix(codecs.BOM_UTF8).decode())
            except UnicodeDecodeError:
                yield number, InputError(f"{where} is not valid UTF-8.")
            except json.JSONDecodeError as error:
                yield number, InputError(f"{where} is not valid JSON (at character {error.pos + 1}: {error.msg}).")
            except (ValueError, RecursionError) as error:
                yield number, InputError(f"{where} is not usable JSON: {error}.")
            else:
                if isinstance(record, dict):
                    yield number, record
                else:
                    yield number, InputError(f"{where} is not a JSON object.")


def _parquet_records(path: Path, layout: Layout, reading: Reading) -> Iterator[tuple[int, Record]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            _check_columns(file.schema_arrow.names, layout, path)
            size, rows = reading.done, file.metadata.num_rows
            names = _distinct(file.schema_arrow.names)
            number = 0
            for batch in file.iter_batches(_PARQUET_ROWS, use_threads=False):
                for record in batch.rename_columns(names).to_pylist():
                    number += 1
                    yield number, record
                reading.done = size + path.stat().st_size * number / rows
    except pa.ArrowException as error:
        raise OSError(str(error)) from error


_RECORDS = {
    ".csv": _csv_records,
    ".tsv": _csv_records,
    ".jsonl": _jsonl_records,
    ".ndjson": _jsonl_records,
    ".parquet": _parquet_records,
}


def _distinct(columns: list[str]) -> list[str]:
    """Names of columns, where the second ``a`` is ``a_2``, so that no column hides another."""
    found: list[str] = []
    for column in columns:
        number, name = 1, column
        while name in found:
            number += 1
            name = f"{column}_{number}"
        found.append(name)
    return found


def _cells(n: int) -> str:
    return f"{n:,} cell" if n == 1 else f"{n:,} cells"


def _check_columns(columns: list[str], layout: Layout, path: Path) -> None:
    if not columns:
        raise UsageError(f"{path.name} is empty; a table begins with a line that names its columns.")
    for option, field in (("--text-field", layout.text_field), ("--id-field", layout.id_field)):
        if field is not None and field not in columns:
            named = ", ".join(_valid(column)[:80] for column in columns[:30])
            raise UsageError(f"{path.name} has no column {field!r}; it has {named}. Name one with {option}.")


def _delimiter(first_line: str, text_field: str, path: Path) -> str:
    if _kind(path.name) == ".tsv":
        return "\t"
    return next((d for d in _DELIMITERS if text_field in next(csv.reader([first_line], delimiter=d), [])), ",")


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


def _first_surrogate(text: str) -> int | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def _valid(text: str) -> str:
    """Text that every file format can hold."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _plain(value: Any) -> Any:
    """A field as a string, number, boolean or None; anything else as JSON or its usual spelling."""
    if isinstance(value, str):
        return _valid(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return _valid(json.dumps(value, ensure_ascii=False, default=str)) if isinstance(value, dict | list) else str(value)
