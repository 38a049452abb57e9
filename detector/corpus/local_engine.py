"""Worker processes of this machine. One that dies takes no document with it.

Each worker has a thread here that feeds it, so reading, hashing, scoring and writing go on at once, and a
death is known with the batch that caused it: the batch is halved and tried again, until the one document
that a worker cannot survive stands alone and becomes a row that says so.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

import detector.errors
from detector.corpus.crew import Crew
from detector.corpus.documents import Document, table_of
from detector.corpus.engine import cores, default_workers
from detector.corpus.judging import Judged, failed_row
from detector.corpus.recipe import Recipe
from detector.corpus.schema import Carried, results_schema
from detector.corpus.worker import order, packed, unpacked
from detector.documents.messages import receive, send
from detector.errors import DetectorError, ModelError, UsageError

_MOST_DEATHS = 3
"""Documents that may kill a worker one after the other before the machine is blamed."""


@dataclass(frozen=True)
class _Answer:
    batch: list[Document]
    judged: Judged | None = None
    """None where the worker died over the batch."""
    error: Exception | None = None
    """What ends the run."""
    is_first: bool = False
    """Whether the worker loaded its model before it."""


class LocalEngine:
    """``workers`` processes, each with its own detector and ``threads`` threads.

    Without a number there is one a core, and as few of them stay as are no slower (``Crew``).
    """

    def __init__(self, recipe: Recipe, workers: int | None = None, threads: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise UsageError(f"--workers is {workers}; at least 1 is needed.")
        if threads is not None and threads < 1:
            raise UsageError(f"--threads is {threads}; at least 1 is needed.")
        self.recipe = recipe
        self.workers = workers or default_workers(recipe)
        self._is_fixed = workers is not None
        self.threads = threads or max(1, cores() // self.workers)

    def judged(self, batches: Iterator[list[Document]], carried: list[Carried], keep_tokens: bool) -> Iterator[Judged]:
        """See ``Engine``. Workers are started when the first batch comes."""
        waiting: queue.Queue[list[Document] | None] = queue.Queue()
        answers: queue.Queue[_Answer] = queue.Queue()
        first = order(self.recipe, self.threads, carried, keep_tokens)
        feeders: list[_Feeder] = []
        crew, dismissed = Crew(self.workers, self._is_fixed), 0
        under_way = deaths = 0
        again: deque[list[Document]] = deque()
        is_over = False
        try:
            while True:
                while under_way < crew.most_under_way and not (is_over and not again):
                    batch = again.popleft() if again else next(batches, None)
                    if batch is None:
                        is_over = True
                        continue
                    if len(feeders) < self.workers:
                        feeders.append(_Feeder(first, waiting, answers))
                    waiting.put(batch)
                    under_way += 1
                if not under_way:
                    return
                answer = answers.get()
                under_way -= 1
                if answer.error is not None:
                    raise answer.error
                if answer.judged is not None:
                    crew.answered(answer.judged.n_tokens, answer.is_first, under_way)
                    while crew.is_decided and dismissed < len(feeders) - crew.workers:
                        waiting.put(None)  # whoever takes it ends
                        dismissed += 1
                    deaths = 0
                    yield answer.judged
                elif len(answer.batch) > 1:
                    middle = len(answer.batch) // 2
                    again += [answer.batch[:middle], answer.batch[middle:]]
                else:
                    deaths += 1
                    if deaths > _MOST_DEATHS:
                        raise ModelError(
                            f"Worker processes die one after the other, so the machine is short of something, most "
                            f"likely memory. What was finished is safe; try --workers {max(1, self.workers // 2)}."
                        )
                    yield self._lost(answer.batch[0], carried)
        finally:
            for feeder in feeders:
                feeder.stop()

    def _lost(self, document: Document, carried: list[Carried]) -> Judged:
        classifier = self.recipe.classifier()
        model = {"name": classifier.model_name, "fingerprint": classifier.model_fingerprint}
        row = failed_row(document, "its worker process died, probably for want of memory", model, carried)
        return Judged(pa.Table.from_pylist([row], schema=results_schema(carried)))


class _Feeder:
    """A thread and the worker process that it feeds, replaced when it dies."""

    def __init__(
        self, order: bytes, waiting: "queue.Queue[list[Document] | None]", answers: "queue.Queue[_Answer]"
    ) -> None:
        self._order, self._waiting, self._answers = order, waiting, answers
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """End the worker at once; what it was at is lost."""
        self._is_stopped = True
        self._waiting.put(None)
        if (process := self._process) is not None:
            process.kill()
            process.wait()

    def _run(self) -> None:
        while (batch := self._waiting.get()) is not None and not self._is_stopped:
            try:
                is_first = self._process is None
                if is_first:
                    self._start()
                self._answers.put(_Answer(batch, self._ask(batch), is_first=is_first))
            except (EOFError, OSError):
                self._bury()
                self._answers.put(_Answer(batch))
            except Exception as error:
                self._answers.put(_Answer(batch, error=error))
        self._bury()

    def _start(self) -> None:
        home = str(Path(detector.errors.__file__).parents[1])
        environment = os.environ | {
            "OMP_NUM_THREADS": str(json.loads(self._order)["threads"]),
            "TOKENIZERS_PARALLELISM": "false",
            "PYTHONPATH": os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")])),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "detector.corpus.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            process_group=0 if os.name == "posix" else None,  # Ctrl-C is for the parent
        )
        self._process = process
        if self._is_stopped:
            return
        try:
            assert process.stdin is not None  # noqa: S101 - it is a pipe
            assert process.stdout is not None  # noqa: S101 - so is this
            send(process.stdin, self._order)
            process.stdin.flush()
            _answer_of(receive(process.stdout))
        except (EOFError, OSError):
            raise ModelError(
                "A worker process died while it loaded the model, probably for want of memory; try fewer --workers."
            ) from None

    def _ask(self, batch: list[Document]) -> Judged:
        process = self._process
        assert process is not None  # noqa: S101 - it was started
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        assert process.stdout is not None  # noqa: S101 - so is this
        send(process.stdin, packed(table_of(batch)))
        process.stdin.flush()
        counts = _answer_of(receive(process.stdout))
        rows, tokens = unpacked(receive(process.stdout)), unpacked(receive(process.stdout))
        assert rows is not None  # noqa: S101 - a batch is never empty
        return Judged(rows, tokens, counts["n_tokens"])

    def _bury(self) -> None:
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._process.kill()
        self._process.wait()
        self._process = None


def _answer_of(message: bytes) -> dict[str, int]:
    """What a worker says; its errors are raised here as what they were there."""
    answer = json.loads(message)
    if "error" in answer:
        kind = getattr(detector.errors, answer["error"], None)
        if isinstance(kind, type) and issubclass(kind, DetectorError):
            raise kind(answer["message"])
        raise ModelError(f"Scoring broke off ({answer['error']}: {answer['message']}); what was finished is safe.")
    return answer
