"""How a long token sequence is cut into overlapping model inputs.

A model with a context of C tokens reads at most C ids and predicts one more. The first window
starts at the beginning; each later one is as long as the context allows and scores only tokens
that have at least C / 2 ids to their left within it. Every token is scored exactly once.

A model that knows no text without its first id, the prefix, gets it again at the beginning of each later window, which
then holds one id of the text less.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """Read ``ids[begin : end - 1]``, score ``ids[first_target : end]``."""

    begin: int
    first_target: int
    end: int
    repeats_first: bool = False
    """Whether ``ids[0]`` is read before them once more."""

    @property
    def origin(self) -> int:
        """Where in the ids the window would begin, were what it reads one stretch of them."""
        return self.begin - self.repeats_first

    @property
    def input_length(self) -> int:
        """Ids the model reads."""
        return self.end - 1 - self.origin


def plan_windows(n_ids: int, context: int, repeats_first: bool = False) -> Iterator[Window]:
    """Windows that score ids 1 .. n_ids - 1 of a sequence (id 0 is only ever read, with ``repeats_first`` in each).

    >>> [(w.begin, w.first_target, w.end) for w in plan_windows(9, context=4)]
    [(0, 1, 5), (3, 5, 8), (4, 8, 9)]
    >>> [(w.begin, w.first_target, w.end) for w in plan_windows(9, context=4, repeats_first=True)]
    [(0, 1, 5), (3, 5, 7), (5, 7, 9)]
    """
    if context < 2:
        raise ValueError(f"context is {context}; at least 2 tokens are needed")
    kept = (context + 1) // 2
    first_target, end, repeated = 1, min(n_ids, context + 1), 0
    while first_target < n_ids:
        # subtle: counting back from the end gives the last, shorter window extra left context
        yield Window(max(0, end - 1 - context + repeated), first_target, end, bool(repeated))
        repeated = int(repeats_first)
        first_target, end = end, min(n_ids, end - kept + context + 1 - repeated)
