"""Processes of their own for ``python -m cli`` that need not load torch first: forks of one process that has loaded it.

Loading takes seconds, and many tests need a real process for its streams, its signals and its exit status. There,
``python -I -S tests/warm_process.py SOCKET ARGUMENTS...`` stands for ``python -m cli ARGUMENTS...``: the fork gets its
streams, folder and environment, signals are handed on, and it ends with the exit status of the fork. The fork ends as
every interpreter does, with its own flush of the streams.
"""

import gc
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from select import select
from typing import IO, Any

LOADED_BEFOREHAND = (
    "cli",
    "detector.report.page",
    "detector.report.terminal",
    "detector.verdict.detector",
    "detector.verdict.files",
    "nupunkt",
    "rich.progress",
    "transformers.models.auto",
    "transformers.models.llama.modeling_llama",
)
"""What takes time to load; anything else that a command needs is loaded in its fork."""
STREAMS = (0, 1, 2)
"""File descriptors of standard input, standard output and standard error."""

HANDED_ON = (signal.SIGINT, signal.SIGTERM)


def ask_for_process(address: str, arguments: list[str]) -> int:
    """Have ``arguments`` run by the process that listens at ``address``; the exit status."""
    are_open = [stream for stream in STREAMS if _is_open(stream)]  # before a socket takes the number of a closed one
    request = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ), "are_open": are_open}
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDED_ON)  # they wait until there is somebody to hand them on to
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        socket.send_fds(connection, [b"\n"], are_open)
        with connection.makefile("rw", encoding="utf-8") as channel:
            print(json.dumps(request), file=channel, flush=True)
            process_id = int(channel.readline())
            for number in HANDED_ON:
                signal.signal(number, lambda number, _: os.kill(process_id, number))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDED_ON)
            for stream in are_open:
                os.close(stream)  # the fork alone holds them: a pipe is closed when it has ended
            return int(channel.readline())


def _is_open(stream: int) -> bool:
    try:
        os.fstat(stream)
    except OSError:
        return False
    return True


def listen(listener: socket.socket) -> None:
    """A fork for every request, one at a time, until standard input is closed; returns only in the forks."""
    owner, sys.stdin = sys.stdin, None  # where standard input is closed, all of this loads too
    for module in LOADED_BEFOREHAND:
        import_module(module)
    sys.stdin = owner
    gc.freeze()  # a collection in a fork would copy the memory of all that is loaded
    while sys.stdin not in select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        with connection:
            _, streams, _, _ = socket.recv_fds(connection, 1, len(STREAMS))
            with connection.makefile("r", encoding="utf-8") as channel:
                request = json.loads(channel.readline())
            process_id = os.fork()
            if process_id:
                for stream in streams:
                    os.close(stream)
                connection.sendall(b"%d\n" % process_id)
                status = os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1])
                with suppress(BrokenPipeError):  # whoever asked may have been killed
                    connection.sendall(b"%d\n" % status)
        if not process_id:
            listener.close()
            become(request, streams)
            return
    sys.exit()


def become(request: dict[str, Any], streams: list[int]) -> None:
    """Take on the streams, the folder, the environment and the arguments asked for."""
    for stream in STREAMS:
        if stream in request["are_open"]:
            os.dup2(streams[request["are_open"].index(stream)], stream)
        else:
            os.close(stream)
    for descriptor in streams:
        os.close(descriptor)
    encoding = request["environment"].get("PYTHONIOENCODING")
    sys.stdin, sys.stdout, sys.stderr = (
        _reopened(stream, request["are_open"], mode, encoding, errors)
        for stream, mode, errors in zip(STREAMS, "rww", ("strict", "strict", "backslashreplace"), strict=True)
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[1:] = request["arguments"]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started the tests may ignore interrupts


def _reopened(stream: int, are_open: list[int], mode: str, encoding: str | None, errors: str) -> IO[str] | None:
    """What the interpreter makes of a stream as it starts."""
    if stream not in are_open:
        return None
    return open(stream, mode, 1 if stream == STREAMS[2] else -1, encoding, errors, closefd=False)


if __name__ == "__main__":
    if sys.argv[1].isdigit():
        import runpy

        listen(socket.socket(fileno=int(sys.argv[1])))
        runpy.run_module("cli", run_name="__main__", alter_sys=True)
    else:
        sys.exit(ask_for_process(sys.argv[1], sys.argv[2:]))
