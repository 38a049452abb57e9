"""Documents of strangers are taken apart in another process, so that whatever is in them can only end that one.

What is plainly text is decoded here, for that is safe. Everything else goes to a ``reader_process``, which is kept
for the next document; one that was interrupted, or did not answer in time, is ended and replaced.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import detector.errors
from detector.documents.decoding import decode
from detector.documents.formats.recognition import format_of
from detector.documents.messages import receive, send
from detector.documents.reading_limits import ReadingLimits, check_length
from detector.errors import InputError, TooLongError

_GRACE_SECONDS = 10.0
"""After its limit on the clock, until a process is ended from here that should have ended by itself."""
_ENDING_SECONDS = 2.0
_ZIP = b"PK"
_PLAIN = (".txt", ".md", "")
_KEPT_OF_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")
"""No more: what stands in the environment of a server is none of a document's business."""
_START = "import sys; sys.path[:] = {path!r}; from detector.documents.reader_process import main; main()"


def isolated_text_of(data: bytes, name: str, limits: ReadingLimits | None = None) -> tuple[str, tuple[str, ...]]:
    """As ``reading.text_of``, within limits, whatever the bytes are; from any thread.

    Raises ``InputError``, which names the limit that was met, and ``TooLongError``.
    """
    limits = limits or ReadingLimits()
    if _is_plainly_text(data, name):
        text, doubts = decode(data, name)
        check_length(text, limits.characters, name)
        return text, doubts
    return _POOL.text_of(data, name, limits)


def prepare_reading(names: Iterable[str]) -> None:
    """Start the process for files that will need one by their names, while the caller does what takes longer."""
    if any(Path(name).suffix.lower() not in _PLAIN for name in names):
        _POOL.prepare()


def stop_reading() -> None:
    """End every reader process; who waits for one gets an ``InputError``, and the next document a new process."""
    _POOL.stop()


def _is_plainly_text(data: bytes, name: str) -> bool:
    if data.startswith(_ZIP) or b"\0" in data or format_of(data, name) is not None:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:  # the encoding must be guessed
        return False
    return True


class _Reader:
    """A reader process, at one document at a time."""

    def __init__(self) -> None:
        home = str(Path(detector.errors.__file__).parents[1])
        path = [home, *(os.path.abspath(place) for place in sys.path if place)]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the interpreter that runs this, and a fixed line
                [sys.executable, "-I", "-S", "-c", _START.format(path=path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _KEPT_OF_ENVIRONMENT if name in os.environ},
                process_group=0 if os.name == "posix" else None,  # Ctrl-C is for the parent
            )
        except OSError as error:
            raise InputError(
                f"The process that reads documents cannot be started ({error.strerror or error})."
            ) from None
        self.is_new = True

    def ask(self, data: bytes, name: str, limits: ReadingLimits) -> bytes | None:
        """Its answer; None where it was too late. Raises ``EOFError`` or ``OSError`` where the process is gone."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        assert self._process.stdout is not None  # noqa: S101 - so is this
        is_late = threading.Event()

        def end() -> None:
            is_late.set()
            self.end()

        clock = threading.Timer(limits.seconds + _GRACE_SECONDS, end)
        clock.daemon = True
        clock.start()
        try:
            order = {"name": name, "limits": asdict(limits)}
            send(self._process.stdin, json.dumps(order).encode())
            send(self._process.stdin, data)
            self._process.stdin.flush()
            answer = receive(self._process.stdout)
            self.is_new = False
            return answer
        except (EOFError, OSError):
            if is_late.is_set():
                return None
            raise
        finally:
            clock.cancel()

    def end(self) -> None:
        """End the process, and the fork that it may have made; nothing is left behind."""
        self._process.terminate()  # it ends its fork first
        try:
            self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End the process and give back the pipes."""
        self.end()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()


class _Pool:
    """Reader processes that wait for a document, and those that are at one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))
        self._idle: list[_Reader] = []
        self._busy: set[_Reader] = set()
        self._stops = 0
        """How often reading was stopped; who began before that gets no new process."""

    def text_of(self, data: bytes, name: str, limits: ReadingLimits) -> tuple[str, tuple[str, ...]]:
        stops = self._stops
        with self._free:
            answer = self._answer(data, name, limits, stops)
        if answer is None:
            raise InputError(
                f"{name} took more than {limits.seconds} seconds to read, so it was given up. Save the text alone and "
                "try again."
            )
        return _checked(answer, name, limits)

    def _answer(self, data: bytes, name: str, limits: ReadingLimits, stops: int) -> bytes | None:
        while True:
            with self._lock:
                if stops != self._stops:
                    raise _ended(name)
                reader = self._idle.pop() if self._idle else None
            reader = reader or _Reader()
            with self._lock:
                self._busy.add(reader)
            is_sound = False
            try:
                if stops != self._stops:  # meanwhile
                    raise _ended(name)
                answer = reader.ask(data, name, limits)
                is_sound = answer is not None
                return answer
            except (EOFError, OSError):
                if reader.is_new:
                    raise _ended(name) from None
                # it was ended from outside while it waited, so the document is not to blame
            finally:
                with self._lock:
                    is_sound = is_sound and reader in self._busy
                    self._busy.discard(reader)
                    if is_sound:
                        self._idle.append(reader)
                if not is_sound:
                    reader.close()

    def prepare(self) -> None:
        with self._lock:
            if not self._idle:
                self._idle.append(_Reader())

    def stop(self) -> None:
        with self._lock:
            idle, busy = self._idle, list(self._busy)
            self._idle = []
            self._stops += 1
            self._busy.clear()
        for reader in idle:
            reader.close()
        for reader in busy:  # whoever waits for it closes it
            reader.end()


def _checked(answer: bytes, name: str, limits: ReadingLimits) -> tuple[str, tuple[str, ...]]:
    """The text and warnings in an answer, which a hostile file may have had its reader make up."""
    try:
        said = json.loads(answer.decode("utf-8", "surrogatepass"))
        error = said.get("error")
        text, warnings = str(said.get("text", "")), tuple(map(str, said.get("warnings", ())))
        is_too_long = said.get("kind") == TooLongError.__name__
    except (ValueError, RecursionError, TypeError, AttributeError):
        raise InputError(f"{name} is damaged: its reader gave no answer that makes sense.") from None
    if error is not None:
        raise (TooLongError if is_too_long else InputError)(str(error))
    check_length(text, limits.characters, name)
    return text, warnings


def _ended(name: str) -> InputError:
    return InputError(f"The process that reads documents ended while it was at {name}.")


_POOL = _Pool()
_FORGOTTEN: list[_Pool] = []
"""Pools of the process that this one is a fork of; their pipes are not ours to use or close."""


def _forget() -> None:
    global _POOL
    _FORGOTTEN.append(_POOL)
    _POOL = _Pool()


atexit.register(stop_reading)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
