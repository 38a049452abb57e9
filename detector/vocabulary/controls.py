"""Ordinary tokens that are prompted beside the suspects, to see what this model can give back at all.

A small model fails with rare tokens too, and every model fails with awkward ones. So each token is compared
with ordinary tokens as frequent as it was in the tokenizer's training text: the nearest in merge rank, or in
whatever frequency is known. Ordinary are tokens that a text can hold, of the half the indicators suspect least.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.vocabulary.tokenizer_analysis import Category, TokenizerAnalysis


def choose_controls(
    analysis: TokenizerAnalysis, order: Sequence[int], likeness: NDArray[np.float64], size: int
) -> NDArray[np.int32]:
    """At most ``size`` ordinary tokens, spread evenly over ``likeness``, ascending in it.

    ``likeness`` has the shape (vocabulary,), the answer (n_controls,) ids.

    ``order`` is from the most suspect token down. Raises ``InputError`` where there are none.
    """
    least_suspect = np.asarray(order, dtype=np.int64)[len(order) // 2 :]
    ordinary = np.array([i for i in least_suspect if analysis.categories[i] is Category.OK], dtype=np.int32)
    ordinary = ordinary[np.isfinite(likeness[ordinary])]
    if not len(ordinary):
        raise InputError(
            "No ordinary token is left to compare the suspects with: the half suspected least holds none that "
            "a text can hold whole. Verify a ranking of the whole vocabulary."
        )
    ordinary = ordinary[np.lexsort((ordinary, likeness[ordinary]))]
    places = np.unique(np.linspace(0, len(ordinary) - 1, num=min(size, len(ordinary))).round().astype(int))
    chosen: NDArray[np.int32] = ordinary[places]
    return chosen


def nearest_controls(
    controls: NDArray[np.int32], likeness: NDArray[np.float64], token_id: int, count: int
) -> NDArray[np.int32]:
    """The ``count`` controls nearest to a token in ``likeness``, itself left out.

    ``controls`` has the shape (n_controls,), ``likeness`` (vocabulary,), the answer (count,) ids at most.

    ``controls`` ascend in it. Nearness is counted in places among them, as many below as above where there
    are enough, so that no scale of ``likeness`` matters.

    >>> nearest_controls(np.array([1, 3, 5, 7], dtype=np.int32), np.arange(9.0), token_id=4, count=2)
    array([3, 5], dtype=int32)
    """
    others = controls[controls != token_id]
    place = int(np.searchsorted(likeness[others], likeness[token_id]))
    start = min(max(0, place - count // 2), max(0, len(others) - count))
    return others[start : start + count]
