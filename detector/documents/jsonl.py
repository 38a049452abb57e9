"""JSON Lines files, plain or compressed with zstd."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from detector.errors import InputError


def read_jsonl(path: Path, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number from 1, object) for each line; ``required`` fields must be there and be strings.

    Raises ``InputError`` that names the file and the line.
    """
    number = 0
    try:
        with _open(path) as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise TypeError("not a JSON object")
                for name in required:
                    if not isinstance(record.get(name), str):
                        raise TypeError(f"no text in the field {name!r}")
                yield number, record
    except (ValueError, TypeError, OSError, RecursionError) as error:
        where = f"line {number}" if number else "its beginning"
        raise InputError(
            f"{path.name} is not valid at {where}: {error}. Each line must be a JSON object with "
            f"{' and '.join(required)}."
        ) from error


@contextmanager
def _open(path: Path) -> Iterator[TextIO]:
    """The lines of a file; damage in a compressed one is an ``OSError``, as in any other file."""
    if path.suffix != ".zst":
        with path.open(encoding="utf-8") as lines:
            yield lines
        return
    try:
        import zstandard
    except ImportError:
        raise InputError(f"{path} is compressed with zstd; install the reader: pip install zstandard") from None
    try:
        with zstandard.open(path, "rt", encoding="utf-8") as lines:
            yield lines
    except zstandard.ZstdError as error:
        raise OSError(str(error)) from error
