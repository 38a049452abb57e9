"""Published statistics of a text, each a small pure function of its ``TokenScores`` or ``PairScores``.

``compute("lrr", scores)`` gives one number, ``compute_all(scores)`` all of them, ``METHODS`` the
registry. A statistic that is undefined for a text (too short, no variance) is NaN, never 0.
"""

from importlib.metadata import entry_points
from warnings import warn

from detector.errors import DetectorWarning
from detector.methods import (
    binoculars,
    detect_gpt,
    diveye,
    dna_detect_llm,
    dna_gpt,
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
    "detect_gpt",
    "diveye",
    "dna_detect_llm",
    "dna_gpt",
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


def _load_plugins() -> None:
    """Third parties register methods from a module named by an entry point of the group ``detector.methods``."""
    for entry in entry_points(group="detector.methods"):
        try:
            entry.load()
        except Exception as error:  # whatever a stranger's module raises, ours still work
            warn(
                f"The method {entry.name} from {entry.value} cannot be loaded: {error}.", DetectorWarning, stacklevel=2
            )


_load_plugins()
