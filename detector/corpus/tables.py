"""Files of many documents (CSV, TSV, JSON Lines, Parquet) → documents, record by record.

A record that cannot be used becomes a document with a problem, and reading goes on behind it; damage that
ends the file becomes one more.
"""

import codecs
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.corpus.columns import Layout, Reading, Record, check_columns, distinct, first_surrogate, valid
from detector.corpus.csv_records import csv_records
from detector.corpus.decompression import COMPRESSED, open_bytes
from detector.corpus.documents import Document, Problem
from detector.documents.reading_limits import check_length
from detector.documents.records import TABLE_NAMES
from detector.errors import InputError, TooLongError

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_RECORD_BYTES = 1 << 28
_PARQUET_ROWS = 256


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
    try:
        check_length(text, most_characters)
    except TooLongError as error:
        problem = Problem("too_long", str(error))
    if problem is None and not text.isascii() and (at := first_surrogate(text)) is not None:
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
        return Document(name, shown, None, problem=Problem("unreadable", valid(str(record))))
    fields = dict(record)
    text = fields.pop(layout.text_field, None)
    given = fields.pop(layout.id_field or "id", None)
    named = name if given is None or given == "" else str(_plain(given))
    fields = {valid(field): _plain(value) for field, value in fields.items()}
    if isinstance(text, bytes):  # many writers of Parquet do not say which bytes are text
        with suppress(UnicodeDecodeError):
            text = text.decode()
    if not isinstance(text, str):
        seen = "nothing" if text is None else f"a value of type {type(text).__name__}"
        problem = Problem("unreadable", f"{name} has {seen} where text is wanted, in the field {layout.text_field!r}.")
        return Document(named, shown, None, fields=fields, problem=problem)
    return checked(Document(named, shown, text, fields=fields), layout.most_characters)


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
            check_columns(file.schema_arrow.names, layout, path)
            size, rows = reading.done, file.metadata.num_rows
            names = distinct(file.schema_arrow.names)
            number = 0
            for batch in file.iter_batches(_PARQUET_ROWS, use_threads=False):
                for row in _rows_of(batch.rename_columns(names)):
                    number += 1
                    unusable = InputError(f"{path.name}, record {number} holds what is no valid text or date.")
                    yield number, unusable if row is None else row
                reading.done = size + path.stat().st_size * min(1.0, number / max(1, rows))
            if number != rows:
                raise ValueError(f"it holds {number:,} rows where it says {rows:,}")
    except (pa.ArrowException, ValueError) as error:
        raise OSError(str(error)) from error


def _rows_of(batch: "pa.RecordBatch") -> Iterator[dict[str, Any] | None]:
    """The rows of a batch, None for one that Python cannot hold, such as text that is not UTF-8."""
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError):
        for at in range(len(batch)):
            try:
                yield from batch.slice(at, 1).to_pylist()
            except (ValueError, OverflowError):
                yield None


_RECORDS: dict[str, Callable[[Path, Layout, Reading], Iterator[tuple[int, Record]]]] = {
    ".csv": csv_records,
    ".tsv": partial(csv_records, delimiters=("\t",)),
    ".jsonl": _jsonl_records,
    ".ndjson": _jsonl_records,
    ".parquet": _parquet_records,
}


def _plain(value: Any) -> Any:
    """A field as a string, number, boolean or None; anything else as JSON or its usual spelling."""
    if isinstance(value, str):
        return valid(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return valid(json.dumps(value, ensure_ascii=False, default=str)) if isinstance(value, dict | list) else str(value)
