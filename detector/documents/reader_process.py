"""The process that takes documents of strangers apart, and may die of it: started by ``isolated_reading``.

Each document is read by a fork of its own, which sees no other document, is held to limits by the system and ends
with its answer; this process only hands bytes on, says how the fork ended, and ends when its input does. Where there
is no fork (Windows) it reads the documents itself, and whoever started it watches the clock.

Every document is two messages (``messages``): JSON of its name and limits, and its bytes. One message answers them:
JSON with ``text`` and ``warnings``, or with ``error``, a sentence, and ``kind``, the name of an error class.
"""

import gc
import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module

from detector.documents.messages import receive, send
from detector.documents.reading import text_of
from detector.documents.reading_limits import ReadingLimits, check_length
from detector.errors import InputError

CAN_FORK = hasattr(os, "fork")
_OPEN_FILES = 64
_SECONDS_BETWEEN_LOOKS = 0.05
_OUT_OF_MEMORY = 99
"""Exit code of a fork that has no memory left to say so."""
_MOST_ANSWER_BYTES_A_CHARACTER = 6
"""In JSON, of a control character."""

_XML = "defusedxml.ElementTree"
_NEEDED_FOR = (
    (b"%PDF", ("pypdfium2", "detector.documents.formats.pdf")),
    (b"PK", (_XML, *(f"detector.documents.formats.{name}" for name in ("word", "open_document", "epub")))),
    (b"", ("charset_normalizer", "detector.documents.formats.web_page")),
)
"""Modules by how a file begins: imported before the fork, so that not every document pays for it."""


def main() -> None:
    """Answer documents until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this decides what an interruption means
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not stand among the answers
    gc.freeze()  # a fork copies what its collector touches
    try:
        while True:
            order = json.loads(receive(incoming))
            data = receive(incoming)
            answer = _answer_of_fork if CAN_FORK else _answer
            send(outgoing, answer(data, order["name"], ReadingLimits(**order["limits"])))
            outgoing.flush()
            del data
    except (EOFError, BrokenPipeError):
        os._exit(0)  # nobody is left to answer


def _answer_of_fork(data: bytes, name: str, limits: ReadingLimits) -> bytes:
    """The answer of a process that is made for this document, or how it ended."""
    for beginning, modules in _NEEDED_FOR:
        if data[:64].lstrip().startswith(beginning):
            for module in modules:
                with suppress(ImportError):  # whether it is needed the reader knows
                    import_module(module)
            break
    ours, theirs = os.pipe()
    fork = os.fork()
    if fork == 0:
        os.close(0)  # whatever becomes of a fork, it sees no other document and answers for none
        os.closerange(3, theirs)
        os.closerange(theirs + 1, _OPEN_FILES)
        _be_the_fork(theirs, data, name, limits)
    has_ended = False
    try:
        os.close(theirs)
        answer = _read_at_most(ours, _MOST_ANSWER_BYTES_A_CHARACTER * limits.characters + (1 << 20))
        if answer is None:
            os.kill(fork, signal.SIGKILL)
        _, status, used = os.wait4(fork, 0)
        has_ended = True
    finally:
        os.close(ours)
        if not has_ended:
            os.kill(fork, signal.SIGKILL)
            os.waitpid(fork, 0)
    if answer is None:
        return _said(InputError(f"{name} has more text than it may have."))
    code = os.waitstatus_to_exitcode(status)
    return (
        answer
        if code == 0
        else _said(_ending(code, used.ru_maxrss // (1024 if sys.platform == "darwin" else 1), name, limits))
    )


def _be_the_fork(outgoing: int, data: bytes, name: str, limits: ReadingLimits) -> None:
    """Read, answer, and end, whatever happens."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _hold_to(limits, len(data))
        with os.fdopen(outgoing, "wb") as stream:
            stream.write(_answer(data, name, limits))
        code = 0
    except MemoryError:
        code = _OUT_OF_MEMORY
    finally:
        os._exit(code)


def _hold_to(limits: ReadingLimits, n_bytes: int) -> None:
    import resource

    signal.alarm(limits.seconds)
    most_memory = limits.memory_bytes + 4 * n_bytes
    threading.Thread(target=_watch_memory, args=(most_memory,), daemon=True).start()
    wanted = {
        "RLIMIT_CPU": limits.processor_seconds,
        "RLIMIT_AS": 2 * most_memory,  # for what grows faster than it is watched
        "RLIMIT_NOFILE": _OPEN_FILES,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
    }
    for kind, most in wanted.items():
        number = getattr(resource, kind, None)
        if number is None:
            continue
        with suppress(ValueError, OSError):  # macOS does not know all of them
            resource.setrlimit(number, (most, most + 1))  # at the harder limit nothing tells which it was


def _watch_memory(most_bytes: int) -> None:
    """End the process once it has had so much at once; libraries would abort, and macOS knows no limit of memory."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit <= most_bytes:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(_OUT_OF_MEMORY)


def _answer(data: bytes, name: str, limits: ReadingLimits) -> bytes:
    try:
        text, warnings = text_of(data, name)
        check_length(text, limits.characters, name)
        return json.dumps({"text": text, "warnings": warnings}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except InputError as error:
        return _said(error)
    except MemoryError:
        raise
    except Exception as error:  # a reader met what it does not know; to whoever sent the file it is damage
        return _said(
            InputError(f"{name} is damaged, or of a kind that cannot be read ({type(error).__name__}). Save it anew.")
        )


def _said(error: InputError) -> bytes:
    return json.dumps({"error": str(error), "kind": type(error).__name__}).encode()


def _ending(code: int, peak: int, name: str, limits: ReadingLimits) -> InputError:
    """What to say of a fork that ended without an answer; ``peak`` is its largest memory in KiB."""
    if code == -signal.SIGXCPU:
        said = f"took more than {limits.processor_seconds} seconds of processor time to read"
    elif code == -signal.SIGALRM:
        said = f"took more than {limits.seconds} seconds to read"
    elif code in (_OUT_OF_MEMORY, -signal.SIGKILL) or peak * 1024 > limits.memory_bytes / 2:
        said = f"takes more than {limits.memory_bytes >> 20} MB of memory to read"
    else:
        named = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return InputError(f"{name} is damaged: its reader broke down over it ({named}). Save the text alone.")
    return InputError(f"{name} {said}, so it was given up. Save the text alone and try again.")


def _read_at_most(pipe: int, most: int) -> bytes | None:
    """Everything up to the end; None for more than ``most`` bytes."""
    pieces, size = [], 0
    while piece := os.read(pipe, 1 << 16):
        size += len(piece)
        if size > most:
            return None
        pieces.append(piece)
    return b"".join(pieces)


if __name__ == "__main__":
    main()
