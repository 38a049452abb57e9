"""A worker process: ``python -m detector.corpus.worker``, batches on standard input, rows on standard output.

Every message is 8 bytes of length, big-endian, and so many bytes. The first to the worker is JSON: the recipe
of its detector, threads, columns. It answers with JSON ``{"ready": true}``; then each table of documents
(Arrow IPC) is answered by JSON counts, the rows and the tokens. ``{"error": class, "message": text}`` stands in
place of any answer. It ends when its input does, so also when whoever started it is gone.
"""

import json
import os
import signal
import sys
from dataclasses import asdict
from typing import IO

import pyarrow as pa

from detector.corpus.documents import documents_of
from detector.corpus.judging import judge
from detector.corpus.recipe import Recipe
from detector.corpus.schema import Carried
from detector.documents.messages import receive, send


def packed(table: pa.Table | None) -> bytes:
    """A table as Arrow IPC; nothing for None."""
    if table is None:
        return b""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def unpacked(message: bytes) -> pa.Table | None:
    """The inverse of ``packed``."""
    return pa.ipc.open_stream(message).read_all() if message else None


def order(recipe: Recipe, threads: int, carried: list[Carried], keep_tokens: bool) -> bytes:
    """The first message to a worker."""
    return json.dumps(
        {"recipe": asdict(recipe), "threads": threads, "carried": [asdict(c) for c in carried], "tokens": keep_tokens}
    ).encode()


def main() -> None:
    """Work until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption means
    incoming = sys.stdin.buffer
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not stand among the answers
    try:
        _work(incoming, outgoing)
    except (EOFError, BrokenPipeError):
        os._exit(0)  # nobody is left to answer, and an answer half written must not be missed at exit
    except Exception as error:
        send(outgoing, json.dumps({"error": type(error).__name__, "message": str(error)}).encode())
    outgoing.flush()


def _work(incoming: IO[bytes], outgoing: IO[bytes]) -> None:
    given = json.loads(receive(incoming))
    import torch

    torch.set_num_threads(given["threads"])
    detector = Recipe(**given["recipe"]).load()
    carried = [Carried(**column) for column in given["carried"]]
    send(outgoing, json.dumps({"ready": True}).encode())
    outgoing.flush()
    while True:
        table = unpacked(receive(incoming))
        assert table is not None  # noqa: S101 - a batch is never empty
        judged = judge(detector, documents_of(table), carried, given["tokens"])
        send(outgoing, json.dumps({"n_tokens": judged.n_tokens}).encode())
        send(outgoing, packed(judged.rows))
        send(outgoing, packed(judged.tokens))
        outgoing.flush()


if __name__ == "__main__":
    main()
