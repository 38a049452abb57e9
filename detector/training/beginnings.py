"""Which beginnings of a text have rows of their own: short texts are judged by what short texts look like."""

import itertools

from detector.documents.hashing import unit_hash
from detector.verdict.classifier import LENGTH_LIMITS


def lengths_of(n_tokens: int, text: str) -> list[int]:
    """Lengths of the rows of a text: one in each length bucket below its own, chosen by hash, then its own."""
    lengths = [
        least + int(unit_hash(f"{least}:{text[:100]}") * (limit - least))
        for least, limit in itertools.pairwise(LENGTH_LIMITS)
        if limit <= n_tokens
    ]
    return [*lengths, n_tokens]
