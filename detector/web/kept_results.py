"""Results in memory, each under an id that cannot be guessed, for a short time and never on disk."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from detector.web.scoring_queue import Job


@dataclass(frozen=True)
class Kept:
    """One request's job, whose outcome comes or has come, and the names of its texts."""

    job: Job
    names: tuple[str, ...]


class KeptResults:
    """At most ``most`` of them, each for ``seconds`` after it was last asked for; the longest unasked makes room."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Kept]] = OrderedDict()  # with the time it is forgotten at
        self._lock = threading.Lock()

    @staticmethod
    def new_key() -> str:
        """An id that cannot be guessed."""
        return secrets.token_urlsafe(18)

    def keep(self, key: str, job: Job, names: tuple[str, ...]) -> None:
        """Keep a job under ``key``."""
        with self._lock:
            self._sweep()
            while len(self._kept) >= self._most:
                self._drop_first()
            self._kept[key] = (self._clock() + self._seconds, Kept(job, names))

    def get(self, key: str) -> Kept | None:
        """None if it never was or is forgotten; else its time begins anew."""
        with self._lock:
            self._sweep()
            if key not in self._kept:
                return None
            _, kept = self._kept.pop(key)
            self._kept[key] = (self._clock() + self._seconds, kept)
            return kept

    def forget(self, key: str) -> None:
        """Drop it now, whether scored or not."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key, last=False)
                self._drop_first()

    def sweep(self) -> None:
        """Forget what is past its time."""
        with self._lock:
            self._sweep()

    def __len__(self) -> int:
        return len(self._kept)

    def _sweep(self) -> None:
        now = self._clock()
        # subtle: all are kept equally long, so that the first in is the first out
        while self._kept and next(iter(self._kept.values()))[0] <= now:
            self._drop_first()

    def _drop_first(self) -> None:
        _, (_, kept) = self._kept.popitem(last=False)
        kept.job.drop()
