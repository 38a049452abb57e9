"""Surprise along a text, made ready for the eye: buckets, bins and words of a legend."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.methods.gltr import bucket_of
from detector.verdict.result import Evidence


@dataclass(frozen=True)
class BucketStyle:
    """How one of GLTR's rank buckets looks; the ramp is ordered in lightness and colour-blind safe."""

    label: str
    colour: str
    mark: str
    """Second cue, put before a word where there is no colour."""


BUCKET_STYLES = (
    BucketStyle("1-10", "#FFFFFF", ""),
    BucketStyle("11-100", "#FEE838", "~"),
    BucketStyle("101-1000", "#C8B866", "+"),
    BucketStyle("over 1000", "#94907B", "#"),
)

NOT_PROOF = (
    "A score is not proof: it says how unusual a text is among human texts, not who wrote it. "
    "Talk to the author before you act on it."
)


def token_buckets(evidence: Evidence) -> NDArray[np.int64]:
    """GLTR bucket 0 to 3 of each scored token, shape (n,)."""
    return bucket_of(evidence.scores.rank)


def binned_bits(evidence: Evidence, bins: int) -> NDArray[np.float64]:
    """Mean surprise in bits of up to ``bins`` equal stretches of the text."""
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
