"""Files as streams of bytes, decompressed by the end of their name; damage is an ``OSError`` or ``EOFError``."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from detector.errors import UsageError

COMPRESSED = (".gz", ".zst")
_CHUNK = 1 << 18


@contextmanager
def open_bytes(path: Path) -> Iterator[tuple[io.BufferedReader, io.IOBase]]:
    """(decompressed stream, what is read); the position in the latter says how much of the file has been read."""
    with path.open("rb", buffering=0) as file:
        if path.suffix.lower() == ".gz":
            yield io.BufferedReader(_Checked(gzip.GzipFile(fileobj=file)), _CHUNK), file
        elif path.suffix.lower() == ".zst":
            yield io.BufferedReader(_Zstd(file), _CHUNK), file
        else:
            reader: io.BufferedReader = io.BufferedReader(file, _CHUNK)
            yield reader, reader  # its place is what was taken out of the buffer, and not what was read ahead


class _Checked(io.RawIOBase):
    """A gzip stream whose every kind of damage is an ``OSError`` or an ``EOFError``."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # any writable buffer
        try:
            data = self._stream.read1(len(buffer))
        except zlib.error as error:
            raise OSError(str(error)) from error
        buffer[: len(data)] = data
        return len(data)


class _Zstd(io.RawIOBase):
    """Frames of zstd one after the other; the library's own reader passes over an end that is missing."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            import zstandard
        except ImportError:
            raise UsageError("Files that end in .zst need a reader: pip install zstandard") from None
        self._library = zstandard
        self._file = file
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._is_inside = False
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # any writable buffer
        while not self._ready and self._fill():
            pass
        data, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)

    def _fill(self) -> bool:
        compressed = self._frame.unused_data or self._file.read(_CHUNK // 4)
        if not compressed:
            if self._is_inside:
                raise EOFError("the file ends inside its compressed data")
            return False
        if self._frame.eof:
            self._frame = self._library.ZstdDecompressor().decompressobj()
        try:
            self._ready = self._frame.decompress(compressed)
        except self._library.ZstdError as error:
            raise OSError(str(error)) from error
        self._is_inside = not self._frame.eof
        return True
