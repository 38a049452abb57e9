"""Tables and other files of many records, told from a text: each record has a verdict of its own."""

import csv
import io
import json
import re
import shlex

TABLE_NAMES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
"""What ``detect batch`` takes for records by their names; compressed ones end in one ending more."""
_COMPRESSED = (".gz", ".zst", ".bz2", ".xz")

_PARQUET = b"PAR1"
_LOOKED_AT = 200_000
"""Characters by which records are told."""
_LEAST_ROWS = 2
_NAME = re.compile(r"[^\W\d][\w .-]{0,30}")
_TEXT_COLUMNS = ("text", "content", "essay", "body", "document", "response", "answer", "article", "abstract", "comment")


def is_table_name(name: str) -> bool:
    """Whether a file of this name holds records rather than one text."""
    name = name.lower()
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    return name.endswith(TABLE_NAMES)


def is_parquet(data: bytes) -> bool:
    """By its mark."""
    return data.startswith(_PARQUET)


def records_in(text: str) -> str | None:
    r"""What kind of records a text consists of, in words; None for anything else.

    >>> records_in('id,text\n1,"It rained, all day."\n2,It snowed.\n')
    'a table (2 rows of id, text)'
    """
    beginning = text[:_LOOKED_AT].lstrip("\ufeff \t\r\n")
    if beginning.startswith(("{", "[")):
        return _json_records(beginning, is_whole=len(text) <= _LOOKED_AT)
    columns, rows = columns_of(beginning)
    return f"a table ({rows:,} rows of {_listed(columns)})" if columns else None


def columns_of(text: str) -> tuple[list[str], int]:
    """The columns that the first line names, and how many rows follow; no columns where it is no table.

    Every row has as many cells as there are columns, which prose with commas has not.
    """
    text = text.lstrip("\ufeff")
    first_line = text[:10_000].partition("\n")[0].rstrip("\r")
    for delimiter in (",", "\t", ";", "|"):
        if delimiter not in first_line:
            continue
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        except csv.Error:
            continue
        rows = [row for row in rows if row]
        header = [cell.strip() for cell in rows[0]] if rows else []
        if len(rows) <= _LEAST_ROWS - 1 or not all(_NAME.fullmatch(cell) for cell in header):
            continue
        # the last may be cut off
        if len(header) > 1 and all(len(row) == len(header) for row in rows[1:-1] or rows[1:]):
            return header, len(rows) - 1
    return [], 0


def text_column(columns: list[str]) -> str | None:
    """The column that holds the texts, by its name; None where none is called so."""
    by_name = {column.lower(): column for column in columns}
    return next((by_name[name] for name in _TEXT_COLUMNS if name in by_name), None)


def _json_records(text: str, is_whole: bool) -> str | None:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in lines[:-1]):
        return f"JSON Lines ({len(lines):,} records)"
    if not is_whole:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return f"JSON ({len(value):,} {'items' if isinstance(value, list) else 'fields'})"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def say_batch(data: bytes, name: str) -> str:
    """That a file holds records, and the command that judges each; ``name`` and ``data`` are those of the file."""
    columns, rows = ([], 0) if is_parquet(data) else _columns_of_file(data, name)
    counted = f" of {rows:,} row{'' if rows == 1 else 's'}" if rows and len(data) <= _LOOKED_AT else ""
    named = f" (columns {_listed(columns)})" if columns else ""
    text = "" if "text" in columns else f" --text-field {shlex.quote(text_column(columns) or 'COLUMN')}"
    return (
        f"{name} is a table{counted}{named} and not one text, so there is no one verdict on it. Judge each row: "
        f"detect batch {shlex.quote(name)} --out results{text if columns else ''}"
    )


def _columns_of_file(data: bytes, name: str) -> tuple[list[str], int]:
    text = data[:_LOOKED_AT].decode("utf-8-sig", "replace")
    if name.lower().endswith((".jsonl", ".ndjson")):
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            first = json.loads(lines[0]) if lines else None
        except (ValueError, RecursionError):
            first = None
        return (list(first), len(lines)) if isinstance(first, dict) else ([], 0)
    return columns_of(text)
