"""How far one text was reworked into another: the share of words that would have to be touched."""

import numpy as np


def extent_of(original: str, edited: str) -> float:
    """Levenshtein distance in words over the length of the longer text: 0 untouched, 1 nothing in common.

    >>> extent_of("a person wrote all this", "a person wrote all of this")
    0.16666666666666666
    >>> extent_of("one two", "three four")
    1.0
    """
    numbers: dict[str, int] = {}
    left, right = ([numbers.setdefault(word, len(numbers)) for word in text.split()] for text in (original, edited))
    if not left or not right:
        return float(bool(left) != bool(right))
    columns = np.arange(len(right) + 1)
    row, words = columns.copy(), np.array(right)
    for i, word in enumerate(left, start=1):
        best = np.append(i, np.minimum(row[:-1] + (words != word), row[1:] + 1))
        # A word put in costs one more than the best place to its left: a running minimum, once that cost is taken off.
        row = np.minimum.accumulate(best - columns) + columns
    return float(row[-1]) / max(len(left), len(right))
