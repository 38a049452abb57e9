"""Where in a text the evidence lies: evidence of every token, and its division into human and machine parts.

    evidence of a token (nats) = a (m - h, capped at 1 nat) + b (weights of its words) + c (H - s) + d

adds up over sentences and segments; above 0 speaks for a machine. The weights are those of a logistic regression on
single sentences (``detector.training.evidence_fit``). With a model whose hidden states are read, the value of a token
is b (weights of its words) + c (H - s) + e (its probe of parts), and its evidence is what that value says once the
level of its text is known (``detector.verdict.levels``).

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
from detector.verdict.levels import Levels
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
    """Of the probe of parts, or of the probe of whole texts where there is no other."""
    register: Register | None = None
    """Mean evidence of a token in human texts of a kind, as its expected value; of older calibrations."""
    levels: Levels | None = None
    """What sentences by either author are like; None where evidence is the weighted sum itself."""

    def of(self, series: Series) -> Floats:
        """Evidence of each token in nats, shape (n,); higher = more machine-like."""
        values = self.plain(series)
        if self.levels is not None:
            return self.levels.evidence(values, series.sentence, self.border_penalty)
        if self.register is None:
            return values
        kind = feature_vector(series, REGISTER_FEATURES)
        return values - (float(self.register.expected(kind[None])[0]) - self.register.expected_intercept)

    def plain(self, series: Series) -> Floats:
        """The weighted sum of each token, before the kind or the level of its text is taken off."""
        weights = [self.voice_ratio, self.lexical, self.typicality, self.token, self.probe]
        return token_parts(series, of_parts=self.levels is not None) @ np.array(weights)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "EvidenceWeights":
        """From what ``dataclasses.asdict`` made of it."""
        register, levels = record.get("register"), record.get("levels")
        return cls(
            **{
                **record,
                "register": Register(**register) if register else None,
                "levels": Levels(**levels) if levels else None,
            }
        )


def token_parts(series: Series, of_parts: bool = False) -> Floats:
    """What the value of a token is made of, (n, 5); zeros where there are no voices, words, probabilities or probe.

    ``of_parts`` asks for the probe of parts instead of that of whole texts.
    """
    n = len(series)
    has_voices = series.machine is not None and series.human is not None
    return np.column_stack(
        [
            series.capped_ratio if has_voices else np.zeros(n),
            np.zeros(n) if series.lexical is None else series.lexical,
            series.entropy - series.surprisal if series.has_probabilities else np.zeros(n),
            np.ones(n),
            np.zeros(n) if series.probe is None else series.part_evidence if of_parts else series.probe_evidence,
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


def contrast(values: Floats, sentence: NDArray[np.int64], parts: Sequence[Part]) -> float:
    """How far the machine parts of a text stand apart from its human parts; 0 for a text that is not divided.

    The difference of the mean values of their tokens times sqrt(n m / (n + m)), with n and m tokens in them: what the
    level of the text is, or its kind, does not matter. ``values`` are those of ``EvidenceWeights.plain``.
    """
    index = np.unique(sentence, return_inverse=True)[1]
    is_machine = np.repeat([part.is_machine for part in parts], [part.last - part.first + 1 for part in parts])[index]
    n, m = int(is_machine.sum()), int((~is_machine).sum())
    if not n or not m:
        return 0.0
    return float((values[is_machine].mean() - values[~is_machine].mean()) * np.sqrt(n * m / (n + m)))


def border_intervals(
    evidence: Sequence[float] | Floats, penalty: float, parts: Sequence[Part], coverage: float = 0.9
) -> list[tuple[int, int]]:
    """(first, last) sentence that each part may begin with, for the first part (0, 0).

    The division is the likeliest one; this says how sure its borders are. By the forward-backward recursion of the same
    chain every place between two sentences has a probability that the author changes there, in the direction of the
    part; of the places nearer to its border than to the next, the middle ``coverage`` of that probability counts.

    >>> border_intervals([-9, -9, 9, 9], 1, divide([-9, -9, 9, 9], 1))
    [(0, 0), (2, 2)]
    """
    if not parts:
        return []
    changes = _change_probabilities(np.asarray(evidence, dtype=np.float64), penalty)
    found = [(0, 0)]
    for i in range(1, len(parts)):
        low = (parts[i - 1].first + parts[i].first) // 2 + 1
        following = parts[i + 1].first if i + 1 < len(parts) else len(evidence)
        high = max(low, (parts[i].first + following - 1) // 2)
        to_machine = int(parts[i].is_machine)
        weights = changes[low : high + 1, to_machine] + 1e-300
        within = np.cumsum(weights) / weights.sum()
        first = low + int(np.searchsorted(within, (1 - coverage) / 2))
        last = low + int(np.searchsorted(within, (1 + coverage) / 2))
        found.append((min(first, parts[i].first), max(min(last, high), parts[i].first)))
    return found


def _change_probabilities(evidence: Floats, penalty: float) -> Floats:
    """Probability that a sentence is the first of a human, of a machine part, (sentences, 2); row 0 is none."""
    n = len(evidence)
    forward, backward = np.zeros((n, 2)), np.zeros((n, 2))
    forward[0, 1] = evidence[0]
    for i in range(1, n):
        forward[i] = np.logaddexp(forward[i - 1], forward[i - 1, ::-1] - penalty)
        forward[i, 1] += evidence[i]
    for i in range(n - 2, -1, -1):
        onward = backward[i + 1] + np.array([0.0, evidence[i + 1]])
        backward[i] = np.logaddexp(onward, onward[::-1] - penalty)
    total = np.logaddexp(*(forward[-1] + backward[-1]))
    found = np.zeros((n, 2))
    for to in (0, 1):
        own = evidence[1:] if to else 0.0
        found[1:, to] = np.exp(forward[:-1, 1 - to] - penalty + own + backward[1:, to] - total)
    return found


def strongest(parts: Sequence[Part]) -> tuple[float, float]:
    """Evidence of the strongest machine part, and that of the strongest human part taken positive; 0 for none.

    Over reference texts of one author these are what chance and style alone bring about in the best of
    all parts tried, so that a part compared with them is corrected for the search.
    """
    machine = max((part.evidence_nats for part in parts if part.is_machine), default=0.0)
    human = max((-part.evidence_nats for part in parts if not part.is_machine), default=0.0)
    return max(0.0, machine), max(0.0, human)
