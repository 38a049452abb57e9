"""What turns batches of documents into rows: in this process, or in worker processes of this machine.

An engine gets batches and gives back what became of them, in any order; it knows nothing of files and
ledgers. A batch given twice gives the same rows under the same keys, so an engine may repeat work.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from detector.corpus.documents import Document
from detector.corpus.judging import Judged, judge
from detector.corpus.recipe import Recipe
from detector.corpus.schema import Carried

if TYPE_CHECKING:
    from detector.verdict.detector import Detector

_WORKER_BYTES = 1 << 30
"""Memory set aside for a worker with a small model."""


class Engine(Protocol):
    """Judges batches."""

    def judged(self, batches: Iterator[list[Document]], carried: list[Carried], keep_tokens: bool) -> Iterator[Judged]:
        """What became of each batch, in any order; every document appears exactly once.

        Batches are asked for as they are needed. Closing the iterator ends the work under way.
        """
        ...


class InProcess:
    """One detector in this process, batch after batch."""

    def __init__(self, detector: "Detector") -> None:
        self._detector = detector

    def judged(self, batches: Iterator[list[Document]], carried: list[Carried], keep_tokens: bool) -> Iterator[Judged]:
        """See ``Engine``; in the order of the batches."""
        for batch in batches:
            yield judge(self._detector, batch, carried, keep_tokens)


def default_workers(recipe: Recipe) -> int:
    """Worker processes for this machine: one a core, fewer where memory is short; one where a GPU does the work.

    Not one process with many threads, which was slower wherever it was measured (benchmarks/scale.md).
    """
    if device_kind(recipe.device) != "cpu":
        return 1
    return max(1, min(cores(), _memory_bytes() // _WORKER_BYTES))


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def device_kind(device: str) -> str:
    """``cpu``, ``cuda`` or ``mps`` for a ``--device``; for ``auto`` without importing torch, by what there is."""
    if device != "auto":
        return device.split(":")[0]
    return "cuda" if os.path.exists("/dev/nvidia0") else "cpu"


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 8 * _WORKER_BYTES
