"""The evidence of every token, summed up for the eye: by rank bucket, by stretch of the text, by sentence."""

import itertools

import numpy as np
from numpy.typing import NDArray

from detector.records.result import Evidence
from detector.report.layout_signs import are_layout


def shown_evidence(evidence: Evidence) -> NDArray[np.float64]:
    """The evidence of each token as it is marked, nats, shape (n_tokens,): none on what is layout and no wording."""
    return np.where(are_layout(evidence.text, evidence.spans), 0.0, evidence.token_evidence)


def binned_bits(evidence: Evidence, bins: int) -> NDArray[np.float64]:
    """Mean surprise in bits of equal stretches of the text, shape (min(bins, n_tokens),)."""
    bits = evidence.scores.surprisal_bits
    edges = np.linspace(0, len(bits), min(bins, len(bits)) + 1).astype(int)
    return np.array([bits[a:b].mean() for a, b in itertools.pairwise(edges)])


def sentence_bits(evidence: Evidence) -> list[tuple[int, int, float]]:
    """(first token, one past the last, mean surprise in bits) of each sentence with tokens."""
    bits = evidence.scores.surprisal_bits
    sentence = np.asarray(evidence.sentence_of_token)
    starts = np.flatnonzero(np.diff(sentence, prepend=-1))
    ends = [*starts[1:].tolist(), len(sentence)]
    return [(int(a), int(b), float(bits[a:b].mean())) for a, b in zip(starts, ends, strict=True)]


def sentence_evidence(evidence: Evidence) -> NDArray[np.float64]:
    """Sum of the evidence of the wording of each sentence with tokens, nats, shape (n_sentences,)."""
    shown = shown_evidence(evidence)
    return np.array([shown[a:b].sum() for a, b, _ in sentence_bits(evidence)], dtype=np.float64)
