"""Files, pipes and standard input → bytes, never more than wanted and never waiting for nobody."""

import os
import select
import stat
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from detector.errors import InputError, TooLongError

_SECONDS_FOR_A_WRITER = 10.0
"""Until somebody must have begun to write to a named pipe."""
_CHUNK = 1 << 20


def bytes_of_file(path: str, most_bytes: int) -> bytes:
    """The bytes of a file, named pipe or device; raises ``InputError`` in one sentence, and ``TooLongError``."""
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError
        if stat.S_ISREG(status.st_mode) and status.st_size > most_bytes:
            raise _too_long(path, f"{status.st_size / 1e6:,.0f}", most_bytes)
        if stat.S_ISFIFO(status.st_mode):
            return _bytes_of_pipe(path, most_bytes)
        with open(path, "rb", buffering=0) as file:
            return _read(file.read, path, most_bytes)
    except FileNotFoundError:
        missing = "the file that this link leads to is not there" if Path(path).is_symlink() else "no such file"
        raise InputError(f"{path}: {missing}.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; give the files in it, or: detect report {path} --out DIR.") from None
    except PermissionError:
        raise InputError(f"{path}: no permission to read it.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None


def bytes_of_input(most_bytes: int) -> bytes:
    """The bytes of standard input; raises ``InputError`` and ``TooLongError``."""
    if sys.stdin is None:
        raise InputError("Standard input is closed, so there is nothing to read.")
    return _read(sys.stdin.buffer.read, "standard input", most_bytes)


def _read(read: Callable[[int], bytes | None], name: str, most_bytes: int) -> bytes:
    data = bytearray()
    while piece := read(_CHUNK):
        data += piece
        if len(data) > most_bytes:
            raise _too_long(name, f"more than {most_bytes / 1e6:,.0f}", most_bytes)
    return bytes(data)


def _bytes_of_pipe(path: str, most_bytes: int) -> bytes:
    """What is written to a named pipe until its last writer closes it, if one comes in time."""
    with closing(_Pipe(os.open(path, os.O_RDONLY | os.O_NONBLOCK))) as pipe:
        if not pipe.has_writer(_SECONDS_FOR_A_WRITER):
            raise InputError(
                f"{path} is a named pipe, and nobody wrote to it for {_SECONDS_FOR_A_WRITER:.0f} seconds. Start what "
                "writes to it first, or give a file."
            )
        return _read(pipe.read, path, most_bytes)


class _Pipe:
    """A pipe that is open for reading and does not block."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._poll = select.poll()
        self._poll.register(handle, select.POLLIN | select.POLLHUP)
        self._first = b""

    def has_writer(self, seconds: float) -> bool:
        """Whether one comes in that time; also true for one that has gone again."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                self._first = os.read(self._handle, _CHUNK)
            except BlockingIOError:  # there is one, with nothing to say yet
                return True
            if self._first or any(event & select.POLLHUP for _, event in self._poll.poll(0)):
                return True
            self._poll.poll(100)
        return False

    def read(self, size: int) -> bytes:
        """At most so many bytes, waited for; none at the end."""
        if first := self._first:
            self._first = b""
            return first
        while True:
            try:
                return os.read(self._handle, size)
            except BlockingIOError:
                self._poll.poll()

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._handle)


def _too_long(name: str, size: str, most_bytes: int) -> TooLongError:
    return TooLongError(
        f"{name} has {size} MB, too much for one text; at most {most_bytes / 1e6:,.0f} MB are read. Split it into "
        "chapters, or raise --max-chars."
    )
