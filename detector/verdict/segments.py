"""Where in a text the evidence lies: evidence of every token, and its division into human and machine parts.

evidence of a token (nats) = a (m - h, capped at 1 nat) + b (weights of its words) + c (H - s) + d + e (its probe)
adds up over sentences and segments; above 0 speaks for a machine. Where the calibration knows kinds of text, what human
texts of the kind show a token beyond the human average is taken off: formal prose is no evidence by itself. The weights
a to e are those of a logistic regression on single sentences (``detector.training.evidence_fit``).

A division of the sentences into human and machine segments is the one with the greatest
    sum of evidence in machine segments - penalty * number of borders,
found exactly by dynamic programming: the two-state hidden Markov model whose log odds of changing
the author are -penalty (Viterbi 1967).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.verdict.features import REGISTER_FEATURES, Series, feature_vector
from detector.verdict.register import Register

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EvidenceWeights:
    """Weights of the parts of a token's evidence."""

    voice_ratio: float
    lexical: float
    typicality: float
    token: float
    border_penalty: float
    """Nats of evidence that a change of author must be worth."""
    probe: float = 0.0
    register: Register | None = None
    """Mean evidence of a token in human texts of a kind, as its expected value."""

    def of(self, series: Series) -> Floats:
        """Evidence of each token in nats, shape (n,); higher = more machine-like."""
        evidence = self.plain(series)
        if self.register is None:
            return evidence
        kind = feature_vector(series, REGISTER_FEATURES)
        return evidence - (float(self.register.expected(kind[None])[0]) - self.register.expected_intercept)

    def plain(self, series: Series) -> Floats:
        """The same before what the kind of text brings with it is taken off."""
        return token_parts(series) @ np.array([self.voice_ratio, self.lexical, self.typicality, self.token, self.probe])

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "EvidenceWeights":
        """From what ``dataclasses.asdict`` made of it."""
        register = record.get("register")
        return cls(**{**record, "register": Register(**register) if register else None})


def token_parts(series: Series) -> Floats:
    """What the evidence of a token is made of, (n, 5); zeros where there are no voices, word weights or probe."""
    n = len(series)
    has_voices = series.machine is not None and series.human is not None
    return np.column_stack(
        [
            series.capped_ratio if has_voices else np.zeros(n),
            np.zeros(n) if series.lexical is None else series.lexical,
            series.entropy - series.surprisal,
            np.ones(n),
            np.zeros(n) if series.probe is None else series.probe_evidence,
        ]
    )


@dataclass(frozen=True)
class Part:
    """A run of sentences by one kind of author."""

    first: int
    last: int
    """Index of its last sentence, included."""
    is_machine: bool
    evidence_nats: float


def sentence_sums(values: NDArray[Any], sentence: NDArray[np.int64]) -> NDArray[Any]:
    """Sums of token values over each sentence that has tokens, (n, ...) → (sentences, ...)."""
    _, first = np.unique(sentence, return_index=True)
    return np.add.reduceat(values, first, axis=0) if len(values) else values[:0]


def divide(evidence: Sequence[float] | Floats, penalty: float) -> list[Part]:
    """The best division of sentences with this evidence into human and machine parts.

    >>> [(p.first, p.last, p.is_machine) for p in divide([-3, -2, 4, 5], penalty=1)]
    [(0, 1, False), (2, 3, True)]
    """
    evidence = np.asarray(evidence, dtype=np.float64)
    n = len(evidence)
    if not n:
        return []
    gains = np.column_stack([np.zeros(n), evidence])  # of calling a sentence human, machine
    best = gains[0].copy()
    came_from = np.zeros((n, 2), dtype=np.int64)
    for i in range(1, n):
        changed = best[::-1] - penalty
        came_from[i] = np.where(changed > best, [1, 0], [0, 1])
        best = np.maximum(best, changed) + gains[i]
    state = np.zeros(n, dtype=np.int64)
    state[-1] = int(best[1] > best[0])
    for i in range(n - 1, 0, -1):
        state[i - 1] = came_from[i, state[i]]
    edges = [0, *(np.flatnonzero(np.diff(state)) + 1).tolist(), n]
    return [Part(a, b - 1, bool(state[a]), float(evidence[a:b].sum())) for a, b in itertools.pairwise(edges)]


def strongest(parts: Sequence[Part]) -> tuple[float, float]:
    """Evidence of the strongest machine part, and that of the strongest human part taken positive; 0 for none.

    Over reference texts of one author these are what chance and style alone bring about in the best of
    all parts tried, so that a part compared with them is corrected for the search.
    """
    machine = max((part.evidence_nats for part in parts if part.is_machine), default=0.0)
    human = max((-part.evidence_nats for part in parts if not part.is_machine), default=0.0)
    return max(0.0, machine), max(0.0, human)
