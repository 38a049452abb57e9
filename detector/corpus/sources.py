"""Where the documents of a corpus come from: a folder, a file of records, or a list of paths.

A source is read in one pass with memory that does not grow with it, and can be read again. What cannot be
read is a document with a problem.
"""

import os
import stat
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from detector.corpus.documents import Document, Problem
from detector.corpus.tables import Layout, Reading, checked, is_table, read_table
from detector.documents.reading import STANDARD_INPUT, read_source
from detector.errors import InputError, TooLongError, UsageError


@runtime_checkable
class Source(Protocol):
    """Documents that can be read any number of times."""

    @property
    def name(self) -> str:
        """What a run remembers it by."""
        ...

    def documents(self, reading: Reading | None = None) -> Iterator[Document]:
        """All documents in order; ``reading`` is kept up to date on the way."""
        ...


def source_of(given: str | Path | Sequence[str | Path] | Source, layout: Layout, leave_out: Path) -> Source:
    """The source for a folder, a file, ``-`` (paths on standard input), a list of paths, or a source as it is.

    Files in the folder ``leave_out`` are passed over, so that a run may write into the folder it reads. Raises
    ``InputError`` where there is nothing of that name.
    """
    if isinstance(given, Source):
        return given
    if not isinstance(given, str | Path):
        return PathList((os.fsencode(path) for path in given), "a list of paths", layout, leave_out)
    if given == STANDARD_INPUT:
        if sys.stdin is None:
            raise InputError("Standard input is closed, so there is no list of paths to read.")
        return PathList(_split(sys.stdin.buffer), "paths on standard input", layout, leave_out)
    if given == "":
        raise InputError("The name of the input is empty; for the folder you are in, give a dot.")
    path = Path(given)
    if path.is_dir():
        return Folder(path, layout, leave_out)
    if not path.exists():
        raise InputError(f"{printable(path)}: no such file or folder.")
    return OneFile(path, layout)


class OneFile:
    """A file of records, or of one text."""

    is_one_file = True

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path, self._layout = path, layout
        self.name = printable(path.resolve())

    def documents(self, reading: Reading | None = None) -> Iterator[Document]:
        """Its records; a missing column is an error here, where there is nothing else to read."""
        if reading is not None and self._path.is_file():
            reading.total = self._path.stat().st_size
        if is_table(self._path.name):
            yield from read_table(self._path, printable(self._path), self._layout, reading)
        else:
            yield from _read_file(self._path, printable(self._path), self._layout)


class Folder:
    """Every file in a folder and the folders in it, by name; hidden ones are passed over."""

    def __init__(self, path: Path, layout: Layout, leave_out: Path) -> None:
        self._path, self._layout = path, layout
        self._leave_out = leave_out.resolve()
        self.name = printable(path.resolve())

    def documents(self, reading: Reading | None = None) -> Iterator[Document]:
        """Ids are paths within the folder."""
        if reading is not None:
            reading.total = sum(1 for _ in self._files())
        for number, found in enumerate(self._files(), start=1):
            if isinstance(found, Document):
                yield found
            else:
                yield from _read_file(found, printable(found.relative_to(self._path)), self._layout)
            if reading is not None:
                reading.done = number

    def _files(self) -> Iterator[Path | Document]:
        yield from _walk(self._path, self._path, (_identity(self._path),), self._leave_out)


class PathList:
    """Files and folders named one by one."""

    def __init__(self, paths: Iterable[bytes], name: str, layout: Layout, leave_out: Path) -> None:
        self.name = name
        self._layout, self._leave_out = layout, leave_out
        # Kept in a file, because a list may be long, and standard input can be read but once.
        self._spool: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the list
        weakref.finalize(self, self._spool.close)
        self._length = 0
        for path in paths:
            self._spool.write(path + b"\0")
            self._length += 1

    def documents(self, reading: Reading | None = None) -> Iterator[Document]:
        """Ids are the paths as given."""
        if reading is not None:
            reading.total = self._length
        self._spool.seek(0)
        for number, given in enumerate(_split_at(self._spool, b"\0"), start=1):
            path = Path(os.fsdecode(given))
            if path.is_dir():
                for document in Folder(path, self._layout, self._leave_out).documents():
                    yield _renamed(document, f"{printable(path)}/{document.id}")
            else:
                yield from _read_file(path, printable(path), self._layout)
            if reading is not None:
                reading.done = number


def printable(path: Path) -> str:
    r"""A path as valid text; bytes that are not UTF-8 appear as ``\xff``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _read_file(path: Path, id: str, layout: Layout) -> Iterator[Document]:
    shown = printable(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{shown} is not a regular file.")
        if is_table(path.name):
            for document in read_table(path, shown, layout):
                default = document.id.startswith(f"{shown}:")
                yield _renamed(document, id + document.id.removeprefix(shown)) if default else document
            return
        source = read_source(str(path), layout.most_characters)
    except TooLongError as error:
        yield Document(id, shown, None, problem=Problem("too_long", _valid(str(error))))
    except (InputError, UsageError) as error:
        yield Document(id, shown, None, problem=Problem("unreadable", _valid(str(error))))
    except FileNotFoundError:
        yield Document(id, shown, None, problem=Problem("unreadable", f"{shown}: no such file."))
    except (OSError, ValueError) as error:
        problem = Problem("unreadable", _valid(f"{shown} cannot be read: {_reason_of(error)}."))
        yield Document(id, shown, None, problem=problem)
    else:
        warnings = tuple(_valid(warning) for warning in source.warnings)
        yield checked(Document(id, shown, source.text, warnings), layout.most_characters)


def _walk(top: Path, folder: Path, above: tuple[tuple[int, int], ...], leave_out: Path) -> Iterator[Path | Document]:
    """Files by name; links to folders are followed, save those back to where they stand.

    ``above`` are the folders on the way here, for links that come back by way of another.
    """
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        yield _unlisted(top, folder, f"the folder cannot be listed ({error.strerror})")
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        if not _is_folder(path):
            yield path
        elif _identity(path) in above or folder.resolve().is_relative_to(path.resolve()):
            yield _unlisted(top, path, "this is a link back to a folder that it stands in")
        elif path.resolve() != leave_out:
            yield from _walk(top, path, (*above, _identity(path)), leave_out)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:  # a link to nothing or to itself; reading it will say so
        return False


def _unlisted(top: Path, path: Path, why: str) -> Document:
    shown = printable(path)
    problem = Problem("unreadable", f"{shown} is passed over: {why}.")
    return Document(printable(path.relative_to(top)) if path != top else shown, shown, None, problem=problem)


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _renamed(document: Document, id: str) -> Document:
    return Document(id, document.path, document.text, document.warnings, document.fields, document.problem)


def _split(stream: BinaryIO) -> Iterator[bytes]:
    """Paths one a line, or ended by NUL as ``find -print0`` does, if the first megabyte holds one."""
    beginning = stream.read(1 << 20)
    return _split_at(stream, b"\0" if b"\0" in beginning else b"\n", beginning)


def _split_at(stream: BinaryIO, separator: bytes, beginning: bytes = b"") -> Iterator[bytes]:
    rest = beginning
    while True:
        *whole, rest = rest.split(separator)
        for part in whole:
            if separator == b"\n":
                part = part.removesuffix(b"\r")
            if part:
                yield part
        more = stream.read(1 << 16)
        if not more:
            if rest:
                yield rest
            return
        rest += more


def _reason_of(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).rstrip(".")


def _valid(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
