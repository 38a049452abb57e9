"""The columns of a table: where the text stands among them, and names that are each there once."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.documents.reading_limits import MOST_CHARACTERS
from detector.errors import InputError, UsageError


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


def distinct(columns: Iterable[str]) -> list[str]:
    """Names of columns, where the second ``a`` is ``a_2``, so that no column hides another.

    >>> distinct(["a", "b", "a", "a_2", "a"])
    ['a', 'b', 'a_2', 'a_2_2', 'a_3']
    """
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    found = []
    for column in columns:
        number, name = numbers.get(column, 1), column
        while name in taken:
            number += 1
            name = f"{column}_{number}"
        numbers[column] = number
        taken.add(name)
        found.append(name)
    return found


def check_columns(columns: list[str], layout: Layout, path: Path) -> None:
    """Raise ``UsageError`` where the text field, or an id field that was asked for, is missing."""
    if not columns:
        raise UsageError(f"{path.name} is empty; a table begins with a line that names its columns.")
    for option, field in (("--text-field", layout.text_field), ("--id-field", layout.id_field)):
        if field is not None and field not in columns:
            named = ", ".join(valid(column)[:80] for column in columns[:30])
            raise UsageError(f"{path.name} has no column {field!r}; it has {named}. Name one with {option}.")


def cells(n: int) -> str:
    """``1 cell``, ``2 cells``."""
    return f"{n:,} cell" if n == 1 else f"{n:,} cells"


def first_surrogate(text: str) -> int | None:
    """Where the first half of a pair stands that has no other half."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def valid(text: str) -> str:
    """Text that every file format can hold."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
