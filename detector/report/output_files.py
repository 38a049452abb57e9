"""Whether results can be written where they are wanted, asked before the work rather than after it."""

import os
import tempfile
from pathlib import Path

from detector.errors import OutputError


def check_writable(path: Path) -> None:
    """Raise ``OutputError`` for a file that cannot be written; one that is there stays as it is.

    It is tried, for permissions alone tell nothing of a disk that is read-only or of a name too long for it.
    """
    target = Path(os.path.realpath(path))  # where a link leads, so that the link stays
    try:
        if target.is_dir():
            raise OutputError(f"{path} cannot be written: it is a folder.")
        if not target.parent.is_dir():
            raise OutputError(f"{path} cannot be written: there is no folder {path.parent}.")
        if not target.exists():
            target.touch(exist_ok=False)
            target.unlink()
        elif target.is_file():
            target.open("ab").close()
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from error


def check_folder(folder: Path) -> None:
    """Make the folder if need be; raise ``OutputError`` where that or writing into it is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made: {error.strerror}. Name another with --out.") from error
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OutputError(
            f"Nothing can be written into the folder {folder}: {error.strerror}. Name another with --out."
        ) from error
