"""Published statistics of a text, each a small pure function of its ``TokenScores`` or ``PairScores``.

``compute("lrr", scores)`` gives one number, ``compute_all(scores)`` all of them, ``METHODS`` the
registry. A statistic that is undefined for a text (too short, no variance) is NaN, never 0.
"""

from detector.methods import (
    binoculars,
    diveye,
    dna_detect_llm,
    fast_detect_gpt,
    fluctuation,
    gltr,
    lastde,
    likelihood,
    lrr,
    outliers,
    rank,
    spectrum,
    uid,
)
from detector.methods._registry import METHODS, REQUIREMENTS, Method, compute, compute_all, method, plain_methods

__all__ = [
    "METHODS",
    "REQUIREMENTS",
    "Method",
    "binoculars",
    "compute",
    "compute_all",
    "diveye",
    "dna_detect_llm",
    "fast_detect_gpt",
    "fluctuation",
    "gltr",
    "lastde",
    "likelihood",
    "lrr",
    "method",
    "outliers",
    "plain_methods",
    "rank",
    "spectrum",
    "uid",
]
