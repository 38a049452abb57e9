"""Files of any readable format → texts, with a word of warning where more was done than decoding."""

import warnings
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from detector.documents.decoding import decode
from detector.documents.formats.recognition import format_of
from detector.documents.opening import bytes_of_file, bytes_of_input
from detector.documents.reading_limits import MOST_CHARACTERS, ReadingLimits
from detector.errors import DetectorWarning, InputError

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class SourceText:
    """A text and where it came from."""

    id: str
    path: str | None
    text: str
    warnings: tuple[str, ...] = ()


def read_source(path: str, most_characters: int = MOST_CHARACTERS) -> SourceText:
    """Read a file, or standard input for ``-``; raises ``InputError`` in one sentence, and ``TooLongError``.

    Anything but plain text is taken apart in another process, within limits (``isolated_reading``).
    """
    from detector.documents.isolated_reading import isolated_text_of

    limits = ReadingLimits(most_characters)
    is_input = path == STANDARD_INPUT
    data = bytes_of_input(limits.file_bytes) if is_input else bytes_of_file(path, limits.file_bytes)
    text, doubts = isolated_text_of(data, "standard input" if is_input else path, limits)
    return SourceText(path, None if is_input else path, text, doubts)


def read_folder(folder: Path, most_characters: int = MOST_CHARACTERS) -> list[SourceText]:
    """The files of a folder and its subfolders, by name; hidden files are passed over.

    A file that cannot be read is passed over with a ``DetectorWarning``. Raises ``InputError`` when there is none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name one that holds text files.")
    read = []
    for path in files_in(folder):
        try:
            read.append(read_source(str(path), most_characters))
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
    """The text of a file's bytes, and warnings, read in this process; the format is told by the bytes alone.

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
