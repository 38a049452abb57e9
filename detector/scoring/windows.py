"""How a long token sequence is cut into overlapping model inputs.

A model with a context of C tokens reads at most C ids and predicts one more. The first window
starts at the beginning; each later one is as long as the context allows and scores only tokens
that have at least C / 2 ids to their left within it. Every token is scored exactly once.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """Read ``ids[begin : end - 1]``, score ``ids[first_target : end]``."""

    begin: int
    first_target: int
    end: int

    @property
    def input_length(self) -> int:
        """Ids the model reads."""
        return self.end - 1 - self.begin


def plan_windows(n_ids: int, context: int) -> Iterator[Window]:
    """Windows that score ids 1 .. n_ids - 1 of a sequence (id 0 is only ever read).

    >>> [(w.begin, w.first_target, w.end) for w in plan_windows(9, context=4)]
    [(0, 1, 5), (3, 5, 8), (4, 8, 9)]
    """
    if context < 2:
        raise ValueError(f"context is {context}; at least 2 tokens are needed")
    kept = (context + 1) // 2
    first_target, end = 1, min(n_ids, context + 1)
    while first_target < n_ids:
        # subtle: counting back from the end gives the last, shorter window extra left context
        yield Window(max(0, end - 1 - context), first_target, end)
        first_target, end = end, min(n_ids, end - kept + context + 1)
