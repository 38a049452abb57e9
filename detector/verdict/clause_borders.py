"""Borders between parts within a sentence, where the evidence there is clear.

The division into parts is one of whole sentences, and so are the references that its p-values are taken among. Who
pastes the end of a sentence behind somebody's beginning leaves the border at a clause; so each border is tried at the
clauses of the two sentences that meet there, and moves to the best of them where that is worth ``CLAUSE_NATS`` of
evidence more. The parts, their order and what is said of them stay as they are.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.verdict.segments import Floats, Part

CLAUSE_NATS = 1.0
"""Chosen on mixed texts that only calibrate (``benchmarks/segments.py``)."""


def first_tokens(sentence: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index of the first token of each sentence that has tokens, (sentences,)."""
    return np.unique(sentence, return_index=True)[1].astype(np.int64)


def clause_tokens(starts: Sequence[int], end_char: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """First token of each clause that begins at one of these characters, given where tokens end, (clauses,).

    >>> clause_tokens([11], np.array([2, 9, 10, 13])).tolist()
    [3]
    """
    found = np.searchsorted(end_char, np.array(starts, dtype=np.int64), side="right")
    return np.unique(found[found < len(end_char)])


def begin_tokens(
    parts: Sequence[Part],
    evidence: Floats,
    sentence: NDArray[np.int64],
    clauses: NDArray[np.int64],
    least_nats: float = CLAUSE_NATS,
) -> list[int]:
    """The token that each part begins with, from the evidence of every token in nats, (n,), and where clauses begin.

    ``clauses`` rise. From the first border to the last, each moves to the clause of the two sentences beside it that
    gains most, if that is at least ``least_nats``; never past the border before.

    >>> two = [Part(0, 0, False, -1.0), Part(1, 1, True, 4.0)]
    >>> begin_tokens(two, np.array([-3.0, 2, 2, 2, 2]), np.array([0, 0, 0, 1, 1]), np.array([1]))
    [0, 1]
    """
    starts = first_tokens(sentence)
    edges = np.append(starts, len(sentence))
    before = np.append(0.0, np.cumsum(evidence))
    found = [0] if parts else []
    for part in parts[1:]:
        border = int(starts[part.first])
        low, high = max(found[-1], int(starts[part.first - 1])), int(edges[part.first + 1])
        tried = clauses[slice(*np.searchsorted(clauses, [low + 1, high]))]
        tried = tried[tried != border]
        gains = (before[border] - before[tried]) * (1 if part.is_machine else -1)
        best = int(np.argmax(gains)) if len(tried) else -1
        found.append(int(tried[best]) if best >= 0 and gains[best] >= least_nats else border)
    return found
