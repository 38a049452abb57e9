"""Whether a corpus is like the reference texts, since every error rate is promised for texts like them.

Two numbers, of distinct texts:

- the share *out of range*: that show a value far outside what any reference text shows, and so got no verdict;
- the *distance* of the others from the nearest kind of human references (``Register.distance``), over what references
  of the same lengths have: 1 is as near as references are. Machine-looking texts are left out, since they lie farther
  for being machine text.

A corpus is far where its distance is above what 1 in 1000 draws of as many references exceeds (by the central limit
theorem, from 20 texts on), and above that of the farthest single source of references: a corpus of one kind of text
always differs a little from a mixture of all.
"""

from dataclasses import dataclass

import numpy as np

from detector.verdict.classifier import Classifier

FEWEST_TEXTS = 20
"""For a distance; the mean of fewer says little."""
_LEVEL = 0.001
"""Share of draws of references, of the corpus' size, that may be called unlike the references."""
_USUALLY_OUTSIDE = 0.001
"""Share of references, at most, with a value outside of a range that is as wide again as 998 of 1,000 need."""
_USUALLY_FAR = 0.02
"""Share of them that lie further from all others than a text may, where that is asked."""


@dataclass(frozen=True)
class Likeness:
    """How a corpus lies to the references."""

    texts: int
    """Distinct texts long enough and in the right language, with a verdict or out of range."""
    out_of_range: int
    is_often_out_of_range: bool
    """More often than chance explains."""
    texts_with_distance: int
    """Of ``texts``, with a verdict that does not accuse."""
    distance: float | None
    """Over that of references of the same lengths; None without kinds of references, or for too few texts."""
    distance_of_draws: float | None
    """That 1 in 1000 draws of as many references exceeds."""
    farthest_source: str | None
    farthest_source_distance: float | None
    """Of the references of one source."""
    is_far: bool

    @property
    def is_unlike(self) -> bool:
        """Whether the rates of the verdicts should not be relied on."""
        return self.is_far or self.is_often_out_of_range


class LikenessCounter:
    """Counts texts as they come, in memory that does not grow with them."""

    def __init__(self, classifier: Classifier) -> None:
        buckets = sorted(classifier.buckets, key=lambda bucket: bucket.least_tokens)
        self._least = np.array([bucket.least_tokens for bucket in buckets])
        self._has_distances = bool(classifier.kinds) and all(bucket.human_distances for bucket in buckets)
        moments = [_moments(bucket.human_distances) if self._has_distances else (1.0, 0.0) for bucket in buckets]
        self._means, self._variances = np.array(moments).T
        self._sources = classifier.source_distances
        self._asks_how_far = classifier.neighbours is not None
        self._counts = np.zeros(len(buckets), np.int64)
        self._sum = 0.0
        self._texts = self._out_of_range = 0

    def add(self, distance: float | None, n_tokens: int, is_out_of_range: bool, is_accused: bool) -> None:
        """One distinct text with a verdict, or out of range."""
        self._texts += 1
        self._out_of_range += is_out_of_range
        if distance is not None and not is_accused:
            self._counts[max(0, int(np.searchsorted(self._least, n_tokens, side="right")) - 1)] += 1
            self._sum += distance

    def likeness(self) -> Likeness:
        """Of all that were added."""
        from scipy.stats import binom, norm

        n = int(self._counts.sum())
        distance = draws = farthest = None
        if self._has_distances and n >= FEWEST_TEXTS:
            expected = float(self._counts @ self._means)
            distance = self._sum / expected
            draws = 1 + float(norm.isf(_LEVEL)) * float(np.sqrt(self._counts @ self._variances)) / expected
            farthest = max(self._sources, key=self._sources.__getitem__, default=None)
        usual = _USUALLY_OUTSIDE + (_USUALLY_FAR if self._asks_how_far else 0)
        limit = max([draws or 1.0, *([self._sources[farthest]] if farthest else [])])
        return Likeness(
            texts=self._texts,
            out_of_range=self._out_of_range,
            is_often_out_of_range=bool(self._out_of_range > binom.ppf(1 - _LEVEL, self._texts, usual)),
            texts_with_distance=n,
            distance=distance,
            distance_of_draws=draws,
            farthest_source=farthest,
            farthest_source_distance=self._sources[farthest] if farthest else None,
            is_far=distance is not None and distance > limit,
        )


def likeness_warnings(found: Likeness) -> list[str]:
    """What makes the corpus unlike the references, by how much, and what follows; nothing for one that is like them."""
    said = []
    if found.is_often_out_of_range:
        share = 100 * found.out_of_range / found.texts
        said.append(
            f"{found.out_of_range:,} of {found.texts:,} texts ({share:.1f} %) are too unlike all reference texts and "
            "got no verdict. Of texts like the references few would."
        )
    if found.distance is not None and found.is_far:
        farthest = found.farthest_source_distance
        source = f", and the farthest single source of references {farthest:.1f} times" if farthest else ""
        said.append(
            f"In kind, these texts lie {found.distance:.1f} times as far from the nearest human reference texts as "
            f"references of their length do on average{source}."
        )
    if said:
        said.append(
            "This corpus is unlike the reference texts: false alarms may be more than promised, estimates are rough. "
            "Measure both on texts of this kind whose author is known: detect calibrate."
        )
    return said


def likeness_note(found: Likeness) -> str:
    """The distance of a corpus that is like the references; nothing where it is not known."""
    if found.distance is None or found.is_unlike:
        return ""
    return (
        f"In kind, the texts lie {found.distance:.1f} times as far from the nearest human reference texts as "
        "references of their length do on average; near 1 is like them."
    )


def _moments(quantiles: list[float]) -> tuple[float, float]:
    """Mean and variance of what has these evenly spaced quantiles, evenly spread between each two."""
    low, high = np.array(quantiles[:-1]), np.array(quantiles[1:])
    mean = float(((low + high) / 2).mean())
    square = float(((low**2 + low * high + high**2) / 3).mean())
    return mean, square - mean**2
