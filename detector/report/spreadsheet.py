"""Tables for people with a spreadsheet, as CSV and XLSX: cells of a stranger's text never act.

A spreadsheet takes a cell that begins with = + - @ (or a tab, a line end, or one of these signs in full width) for a
formula. In XLSX such a cell is stored as text and marked so; in CSV, which knows no types, an apostrophe goes before
it. Numbers are numbers in both.
"""

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from detector.errors import OutputError, UsageError
from detector.files import write_whole
from detector.records.fields import told_fields
from detector.records.result import Result
from detector.report.output_files import check_writable
from detector.report.wording import HEADLINES

Row = Mapping[str, Any]
"""Column name → str, number, bool or None; rows need not have the same columns."""

_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML cannot hold
_LONGEST_CELL = 32_767
_WIDEST_COLUMN = 60
_NARROWEST_COLUMN = 10


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """Write ``rows`` as CSV in UTF-8, with the mark by which spreadsheets know it; raises ``OutputError``."""
    _write(path, rows, csv_bytes)


def write_xlsx(path: Path, rows: Iterable[Row]) -> None:
    """Write ``rows`` as one sheet, its header fixed and with filters; raises ``OutputError``."""
    _write(path, rows, xlsx_bytes)


def check_tables(files: Mapping[str, Path]) -> None:
    """Refuse before the work what cannot be written after it; ``files`` are paths by option, csv or xlsx.

    Raises ``UsageError`` for a file of another name, ``OutputError`` for a place that cannot be written.
    """
    for option, path in files.items():
        if path.suffix.lower() != f".{option}":
            raise UsageError(f"--{option} writes .{option} files, and {path.name} is none.")
        check_writable(path)


def write_tables(files: Mapping[str, Path], rows: Sequence[Row]) -> None:
    """Write ``rows`` as each of ``files``."""
    for option, path in files.items():
        {"csv": write_csv, "xlsx": write_xlsx}[option](path, rows)


def _write(path: Path, rows: Iterable[Row], made_of: Callable[[Iterable[Row]], bytes]) -> None:
    content = made_of(rows)

    def fill(file: IO[bytes]) -> None:
        file.write(content)

    try:
        write_whole(path, fill)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def csv_bytes(rows: Iterable[Row]) -> bytes:
    """``rows`` as CSV.

    >>> csv_bytes([{"name": "=1+1", "n": -2}, {"name": "plain", "n": None}]).decode("utf-8-sig").splitlines()
    ['name,n', "'=1+1,-2", 'plain,']
    """
    rows = list(rows)
    columns = _columns(rows)
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    if columns:
        writer.writerow([_csv_cell(name) for name in columns])
    writer.writerows([_csv_cell(row.get(name)) for name in columns] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def xlsx_bytes(rows: Iterable[Row]) -> bytes:
    """``rows`` as an XLSX file of one sheet."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    rows = list(rows)
    columns = _columns(rows)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("texts")
    sheet.freeze_panes = "B2"

    def cell(value: Any, is_bold: bool = False) -> Any:
        value = _plain(value)
        made = WriteOnlyCell(sheet, value=None if isinstance(value, str) else value)
        if isinstance(value, str):
            made._value, made.data_type = value, "s"  # subtle: by its setter, "=1+1" would become a formula
            made.quotePrefix = _is_formula(value)  # stays text when somebody edits the cell
        if is_bold:
            made.font = Font(bold=True)
        return made

    for number, name in enumerate(columns, start=1):
        longest = max(len(str(_plain(row.get(name)) or "")) for row in rows)
        width = max(_NARROWEST_COLUMN, len(name) + 4, longest + 1)
        sheet.column_dimensions[get_column_letter(number)].width = min(width, _WIDEST_COLUMN)
    if columns:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(rows) + 1}"
        sheet.append([cell(name, is_bold=True) for name in columns])
    for row in rows:
        sheet.append([cell(row.get(name)) for name in columns])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def result_rows(results: Iterable[Result], names: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """A row a text: what its verdict is in words, then every plain field of the record, then every statistic.

    ``names`` stand in the place of the results' own, one a result.
    """
    rows = []
    for number, result in enumerate(results):
        record = result.to_dict()
        low, high = record["confidence_interval"] or (None, None)
        row: dict[str, Any] = {"text": names[number] if names else result.path or result.id, "verdict": result.verdict}
        row |= {"in words": HEADLINES[result.verdict]}
        row |= {name: record[name] for name in _PLAIN}
        row |= {
            "confidence_low": low,
            "confidence_high": high,
            "parts": len(result.segments),
            "findings": len(result.findings),
            "warnings": " ".join(result.warnings),
            "model": result.model_name,
            "model_fingerprint": result.model_fingerprint,
        }
        rows.append(row | record["methods"])
    return rows


_PLAIN = [
    field.name
    for field in told_fields(Result)
    if not field.is_nested and field.name not in ("schema_version", "id", "path", "verdict")
]


def _columns(rows: Sequence[Row]) -> list[str]:
    """In the order in which they first appear."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _csv_cell(value: Any) -> Any:
    value = _plain(value)
    return f"'{value}" if isinstance(value, str) and _is_formula(value) else value


def _is_formula(text: str) -> bool:
    return _FORMULA.match(text) is not None


def _plain(value: Any) -> Any:
    """What a cell can hold: nested values as JSON; a number that does not exist is an empty cell."""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str):
        return _FORBIDDEN.sub("\ufffd", value)[:_LONGEST_CELL]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
