"""Bytes of a file → text, with a word of warning where the reading was a guess."""

import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from detector.errors import DetectorWarning, InputError

STANDARD_INPUT = "-"

# Containers that hold text of which the raw bytes say nothing.
_MAGIC = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip container (such as docx, odt or epub)",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x1f\x8b": "a gzip file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"\xd0\xcf\x11\xe0": "an old Office file",
}
_NOT_IN_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


@dataclass(frozen=True)
class SourceText:
    """A text and where it came from."""

    id: str
    path: str | None
    text: str
    warnings: tuple[str, ...] = ()


def read_source(path: str) -> SourceText:
    """Read a plain-text file, or standard input for ``-``; raises ``InputError`` in one sentence."""
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise InputError("Standard input is closed, so there is nothing to read.")
        data = sys.stdin.buffer.read()
        text, doubts = decode(data, "standard input")
        return SourceText(STANDARD_INPUT, None, text, doubts)
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; give the files in it, for example {path.rstrip('/')}/*.txt.") from None
    except PermissionError:
        raise InputError(f"{path}: no permission to read it.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
    text, doubts = decode(data, path)
    return SourceText(path, path, text, doubts)


def read_folder(folder: Path) -> list[SourceText]:
    """The plain-text files of a folder and its subfolders, by name; hidden files are passed over.

    A file that cannot be read is passed over with a ``DetectorWarning``. Raises ``InputError`` when there is none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name one that holds text files.")
    read = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        try:
            read.append(read_source(str(path)))
        except InputError as error:
            warnings.warn(str(error), DetectorWarning, stacklevel=2)
    if not read:
        raise InputError(f"{folder} holds no text file that can be read.")
    return read


def decode(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Text of ``data`` exactly as it stands (line ends kept), and warnings.

    UTF-8 is taken strictly; a byte order mark names its own encoding; anything else is guessed and
    the guess is said. Raises ``InputError`` for what is not text.
    """
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            raise InputError(f"{name} is {kind}, not plain text. Save it as a .txt file and try again.")
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            try:
                return data.decode(encoding), ()
            except UnicodeDecodeError:
                raise InputError(f"{name} begins with a {encoding} mark but does not decode as {encoding}.") from None
    if b"\x00" in data:
        raise InputError(f"{name} holds NUL bytes, so it is binary data, not text.")
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        return _guess(data, name, error)


def _guess(data: bytes, name: str, error: UnicodeDecodeError) -> tuple[str, tuple[str, ...]]:
    from charset_normalizer import from_bytes

    repaired = data.decode("utf-8", errors="replace")
    broken = repaired.count("\ufffd")
    sound = sum(character > "\x7f" for character in repaired) - broken
    if sound and (broken <= sound / 10 or error.start >= len(data) - 3):
        return repaired, (f"{name} is UTF-8 with {broken} damaged place(s), shown as \ufffd.",)
    control = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in data[:65_536])
    best = None if control > len(data[:65_536]) / 100 else from_bytes(data).best()
    if best is None:
        raise InputError(
            f"{name} is not text in UTF-8 (byte {error.start} is 0x{data[error.start]:02x}) "
            "nor in any other encoding that could be recognised. Save it as UTF-8 and try again."
        )
    encoding = best.encoding
    # For mostly plain letters the Western code page is the likeliest of the many that look alike.
    if sum(byte > 127 for byte in data) < len(data) / 10 and not any(b in _NOT_IN_CP1252 for b in data):
        encoding = "cp1252"
    return data.decode(encoding), (
        f"{name} is not UTF-8 (byte {error.start}); it was read as {encoding}, which is a guess.",
    )
