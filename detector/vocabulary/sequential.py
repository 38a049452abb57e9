"""How far to verify a list that is ordered by suspicion, and what was missed by stopping there.

The list is walked from its worst token upwards until fewer than a stated share of the last ones was
confirmed. A random sample of the rest then says how many confirmed tokens lie beyond: an exact
interval for a finite population, by inverting the hypergeometric distribution.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from detector.errors import UsageError


def walk_end(confirmed: Sequence[bool], window: int, least_share: float) -> int | None:
    """How many tokens the walk takes, or None while it must go on.

    It ends with the first token at which fewer than ``least_share`` of the last ``window`` are confirmed.

    >>> walk_end([True, True, False, True, False, False, False], window=3, least_share=0.5)
    5
    >>> walk_end([True, True, False], window=3, least_share=0.5) is None
    True
    """
    total = np.concatenate([[0], np.cumsum(confirmed)])
    in_window = total[window:] - total[:-window] if len(total) > window else np.zeros(0)
    low = np.flatnonzero(in_window < least_share * window)
    return int(low[0]) + window if len(low) else None


def random_sample(rest: Sequence[int], size: int, seed: int) -> NDArray[np.int64]:
    """At most ``size`` of ``rest`` without replacement, in random order; alike for the same seed.

    Shape (n_sampled,).
    """
    rng = np.random.default_rng(seed)
    return rng.permutation(np.asarray(rest, dtype=np.int64))[:size]


def finite_interval(hits: int, drawn: int, population: int, confidence: float = 0.95) -> tuple[int, int]:
    """Fewest and most members of ``population`` that may have a property, given ``hits`` among ``drawn`` of them.

    Exact: every number left out makes a result as extreme as this one rarer than (1 - confidence) / 2.

    >>> finite_interval(hits=3, drawn=10, population=10), finite_interval(hits=0, drawn=0, population=5)
    ((3, 3), (0, 5))
    """
    if drawn == population:
        return hits, hits
    possible = np.arange(hits, population - (drawn - hits) + 1)
    tail = (1 - confidence) / 2
    at_least = hypergeom.sf(hits - 1, population, possible, drawn)
    at_most = hypergeom.cdf(hits, population, possible, drawn)
    kept = possible[(at_least > tail) & (at_most > tail)]
    return int(kept[0]), int(kept[-1])


@dataclass(frozen=True)
class RecallEstimate:
    """What share of all confirmed tokens the walk found."""

    walked: int
    """Tokens the walk took."""
    found: int
    """Of these, confirmed."""
    rest: int
    """Tokens beyond its end."""
    sampled: int
    """Of these, drawn at random and verified."""
    sampled_confirmed: int

    @property
    def beyond(self) -> tuple[int, int]:
        """95 % interval for the number of confirmed tokens beyond the end of the walk."""
        return finite_interval(self.sampled_confirmed, self.sampled, self.rest)

    @property
    def beyond_estimate(self) -> float:
        """Their number, extrapolated from the sample; NaN without one."""
        if not self.rest:
            return 0.0
        return self.rest * self.sampled_confirmed / self.sampled if self.sampled else float("nan")

    @property
    def recall(self) -> float:
        """Of all that are estimated to exist; NaN where nothing is confirmed anywhere."""
        total = self.found + self.beyond_estimate
        return self.found / total if total else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the recall; (0, 1) where it says nothing."""
        fewest, most = self.beyond
        if not self.found:
            return (0.0, 1.0)
        return self.found / (self.found + most), self.found / (self.found + fewest)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; NaN becomes null."""
        recall, estimate = self.recall, self.beyond_estimate
        return asdict(self) | {
            "confirmed_beyond": None if np.isnan(estimate) else estimate,
            "confirmed_beyond_interval": list(self.beyond),
            "recall": None if np.isnan(recall) else recall,
            "recall_interval": list(self.interval),
        }


def check_plan(window: int, least_share: float, sample: int, most: int | None) -> None:
    """Raise ``UsageError`` for a plan that cannot be followed."""
    if window < 1:
        raise UsageError(f"The window is {window} tokens; it must be at least 1.")
    if not 0 < least_share <= 1:
        raise UsageError(f"The least share of confirmed tokens is {least_share:g}; it must be above 0 and at most 1.")
    if sample < 0:
        raise UsageError(f"The random sample is {sample} tokens; it must be at least 0.")
    if most is not None and most < 1:
        raise UsageError(f"At most {most} tokens are to be verified; the number must be at least 1.")
