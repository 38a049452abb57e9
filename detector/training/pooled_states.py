"""Mean hidden states of the pieces of a text, kept as numbers: what linear probes are fitted on.

A piece ends where a sentence or a clause ends, and where a beginning ends that the feature table has a row for; the
mean state of a sentence, of a beginning and of the whole text are all means of its pieces.
"""

import re
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from detector.documents.sentences import sentence_spans
from detector.records.token_scores import TokenScores
from detector.scoring.probe import LinearProbe
from detector.training.beginnings import lengths_of

POOLED_LAYERS = (6, 9, 12, 15, 18, 21, 24, 27, 30)
"""Of a model with 30 layers: every third but the first."""
_CLAUSE_END = re.compile(r"[,;:\u2014\u2013)]\s|--| - ")
_FEWEST_TOKENS = 5
"""A clause ends no nearer than this to another end."""


@dataclass(frozen=True, eq=False)
class PooledStates:
    """Of one text."""

    layers: tuple[int, ...]
    ends: NDArray[np.int32]
    """One past the last token of each piece, rising, shape (pieces,); the last is the number of tokens."""
    means: NDArray[np.float16]
    """Mean scaled state of the tokens of each piece, (pieces, layers, d); see ``detector.scoring.probe``."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each piece, (pieces,)."""
        ends = self.ends.astype(np.int64)
        return ends - np.append(0, ends[:-1])

    def mean_of_beginning(self, n_tokens: int) -> NDArray[np.float32]:
        """Mean state of the first ``n_tokens`` tokens, (layers, d); they must end where a piece does."""
        last = int(np.searchsorted(self.ends, n_tokens))
        if last == len(self.ends) or self.ends[last] != n_tokens:
            raise ValueError(f"no piece ends after {n_tokens} tokens")
        weights = self.lengths[: last + 1] / n_tokens
        return np.tensordot(weights, self.means[: last + 1].astype(np.float32), axes=1).astype(np.float32)

    def read(self, probe: LinearProbe, n_tokens: int) -> NDArray[np.float32]:
        """What the probe gives each of the first tokens, (n_tokens, width).

        The tokens of a piece all get its mean: means over sentences, beginnings and the whole text are exact.
        """
        last = int(np.searchsorted(self.ends, n_tokens)) + 1
        wanted = [self.layers.index(layer) for layer in probe.layers]
        pieces = probe.read(torch.from_numpy(self.means[:last, wanted].astype(np.float32))).numpy()
        return np.repeat(pieces, self.lengths[:last], axis=0)[:n_tokens]


def piece_ends(end_char: NDArray[np.int32], text: str) -> NDArray[np.int32]:
    """Where the pieces of a text end, in tokens; ``end_char`` is one past the last character of each token."""
    n = len(end_char)
    ends = {*_ends(end_char, [start for start, _ in sentence_spans(text)]), *lengths_of(n, text)}
    for end in _ends(end_char, [match.end() for match in _CLAUSE_END.finditer(text)]):
        nearest = min(min(abs(end - other) for other in ends), end)
        if nearest >= _FEWEST_TOKENS:
            ends.add(end)
    return np.array(sorted(ends), dtype=np.int32)


def _ends(end_char: NDArray[np.int32], starts: list[int]) -> list[int]:
    """Tokens after which one of the characters at ``starts`` comes next."""
    part = np.searchsorted(np.array(starts, dtype=np.int64), end_char - 1, side="right")
    return (np.flatnonzero(np.diff(part)) + 1).tolist()


def pool(scores: TokenScores, text: str, layers: tuple[int, ...]) -> PooledStates:
    """From scores whose ``probe`` column holds the states themselves (``EveryState``)."""
    if scores.probe is None:
        raise ValueError("these scores were made without states")
    ends = piece_ends(scores.end_char, text)
    return PooledStates(
        layers, ends, pooled(scores.probe.reshape(len(scores), len(layers), scores.probe.shape[1] // len(layers)), ends)
    )


def pooled(states: NDArray[np.float32], ends: NDArray[np.int32]) -> NDArray[np.float16]:
    """Means over pieces, (n, layers, d) → (pieces, layers, d)."""
    if not len(states):  # of a text without tokens
        return np.zeros((len(ends), *states.shape[1:]), dtype=np.float16)
    first = np.append(0, ends[:-1])
    return (np.add.reduceat(states, first, axis=0) / (ends - first)[:, None, None]).astype(np.float16)
