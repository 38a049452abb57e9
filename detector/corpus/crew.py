"""How many of the worker processes work at once: tried while they work.

A core that is half of another, memory that all share, or a neighbour on the machine can make half of the workers as
fast as all of them, and half is then enough. So once every worker has its model loaded, the rate of all is measured,
then that of half, and so on downwards for as long as fewer are no slower. A run that is over before that has lost
nothing.
"""

import time
from collections.abc import Callable
from typing import Literal

_ANSWERS_A_WORKER = 2
"""Answers of each worker that a rate is measured over; a batch more or less in them is then little."""
_NO_SLOWER = 0.97
"""Share of the rate before at which fewer workers are kept."""
AHEAD = 2
"""Batches under way or waiting, a worker: while one is scored the next is there."""


class Crew:
    """Decides by the answers' times; starts, stops and feeds nobody itself."""

    def __init__(self, workers: int, is_fixed: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.workers = workers
        """Kept, or in use until something else is decided."""
        self._tried = workers
        self._state: Literal["loading", "measuring", "emptying", "decided"] = "loading"
        if is_fixed or workers == 1:
            self._state = "decided"
        self._clock = clock
        self._begun = clock()
        self._loaded = self._answers = self._tokens = 0
        self._rate_before = 0.0

    @property
    def most_under_way(self) -> int:
        """Batches that may be given out and not answered; one a worker keeps the others idle in a trial of fewer."""
        return AHEAD * self.workers if self._tried == self.workers else self._tried

    @property
    def is_decided(self) -> bool:
        """Whether ``workers`` is what it will stay."""
        return self._state == "decided"

    def answered(self, tokens: int, is_first: bool, under_way: int) -> None:
        """A worker has answered a batch of so many tokens, its first or a later one; so many are still under way."""
        if self._state == "loading":
            self._loaded += is_first
            if self._loaded >= self.workers:
                self._measure()
        elif self._state == "emptying":
            if under_way <= self._tried:
                self._measure()
        elif self._state == "measuring":
            self._answers += 1
            self._tokens += tokens
            if self._answers >= _ANSWERS_A_WORKER * self._tried:
                self._decide(self._tokens / max(self._clock() - self._begun, 1e-9))

    def _measure(self) -> None:
        self._state, self._begun, self._answers, self._tokens = "measuring", self._clock(), 0, 0

    def _decide(self, rate: float) -> None:
        is_kept = self._tried == self.workers or rate >= _NO_SLOWER * self._rate_before
        if is_kept:
            self.workers, self._rate_before = self._tried, max(rate, self._rate_before)
        if is_kept and self.workers > 1:
            self._tried, self._state = self.workers // 2, "emptying"
        else:
            self._tried, self._state = self.workers, "decided"
