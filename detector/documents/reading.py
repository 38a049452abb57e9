"""Files of any readable format → texts, with a word of warning where more was done than decoding."""

import sys
import warnings
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from detector.documents.decoding import decode
from detector.documents.formats.recognition import format_of
from detector.errors import DetectorWarning, InputError

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class SourceText:
    """A text and where it came from."""

    id: str
    path: str | None
    text: str
    warnings: tuple[str, ...] = ()


def read_source(path: str) -> SourceText:
    """Read a file, or standard input for ``-``, as ``text_of`` does; raises ``InputError`` in one sentence."""
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise InputError("Standard input is closed, so there is nothing to read.")
        data = sys.stdin.buffer.read()
        text, doubts = text_of(data, "standard input")
        return SourceText(STANDARD_INPUT, None, text, doubts)
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        missing = "the file that this link leads to is not there" if Path(path).is_symlink() else "no such file"
        raise InputError(f"{path}: {missing}.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; give the files in it, or: detect report {path} --out DIR.") from None
    except PermissionError:
        raise InputError(f"{path}: no permission to read it.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
    text, doubts = text_of(data, path)
    return SourceText(path, path, text, doubts)


def read_folder(folder: Path) -> list[SourceText]:
    """The files of a folder and its subfolders, by name; hidden files are passed over.

    A file that cannot be read is passed over with a ``DetectorWarning``. Raises ``InputError`` when there is none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name one that holds text files.")
    read = []
    for path in files_in(folder):
        try:
            read.append(read_source(str(path)))
        except InputError as error:
            warnings.warn(str(error), DetectorWarning, stacklevel=2)
    if not read:
        raise InputError(f"{folder} holds no file that can be read.")
    return read


def files_in(folder: Path) -> list[Path]:
    """The files of a folder and its subfolders, by name; hidden ones are left out.

    A link that leads nowhere is among them, so that whoever reads it can say so.
    """
    return [
        path
        for path in sorted(folder.rglob("*"))
        if (path.is_file() or (path.is_symlink() and not path.exists()))
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def text_of(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """The text of a file's bytes, and warnings; the format is told by the bytes, not by the name.

    Plain text stays exactly as it stands. Of Word, OpenDocument, EPUB, PDF and HTML files it is what a reader sees,
    in reading order. Raises ``InputError`` for what cannot be read.
    """
    module = format_of(data, name)
    if module is None:
        return decode(data, name)
    text, doubts = import_module(f"detector.documents.formats.{module}").read(data, name)
    if not text:
        raise InputError(f"{name} holds no text, only pictures or nothing at all. A picture of a text cannot be read.")
    return text, doubts
