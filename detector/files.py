"""Files that are whole or not there, whatever ends the program that writes them; and JSON files of strangers."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

_BINARY = getattr(os, "O_BINARY", 0)  # Windows
TEMPORARY = ".tmp"
"""End of the name under which a file is written; what a crash leaves bears it, and a dot in front."""

MOST_JSON_BYTES = 50_000_000


PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
"""Rights of what holds texts: its owner's alone."""


def write_whole(path: Path, fill: Callable[[IO[bytes]], Any], is_private: bool = False) -> None:
    """Have ``fill`` write a file, in place of one of that name, all at once or not at all; raises ``OSError``.

    It is written under another name, synced and renamed, and the folder is synced: once this returns, the file
    survives a crash of the machine. A link that stands under the other name is removed and not followed. A private
    file can be read by its owner alone.
    """
    temporary = path.with_name(f".{path.name}{TEMPORARY}")
    try:
        temporary.unlink(missing_ok=True)
        rights = PRIVATE_FILE if is_private else 0o666
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, rights), "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def make_folder(folder: Path, is_private: bool = False) -> None:
    """Make a folder and those above it where they are missing; one that is there stays as is. Raises ``OSError``."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(PRIVATE_FOLDER if is_private else 0o777, exist_ok=True)


def write_text_whole(path: Path, text: str) -> None:
    """The same for a text, in UTF-8."""
    write_whole(path, lambda file: file.write(text.encode()))


def read_json(path: Path, most_bytes: int = MOST_JSON_BYTES) -> Any:
    """What a JSON file of a stranger holds, its size bounded.

    Raises ``OSError`` where it cannot be read, and ``ValueError`` with half a sentence where it is no JSON.
    """
    with path.open("rb") as file:
        raw = file.read(most_bytes + 1)
    if len(raw) > most_bytes:
        raise ValueError(f"it is larger than {most_bytes / 1e6:g} MB")
    try:
        return json.loads(raw)
    except UnicodeDecodeError:
        raise ValueError("it is not in UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _sync_folder(folder: Path) -> None:
    """Make a rename last; not every system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
