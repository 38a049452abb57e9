"""The reference texts that a score is compared with, as their own scores."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LengthBucket:
    """Reference scores of texts with ``least_tokens`` tokens or more, up to the next bucket; sorted."""

    least_tokens: int
    human_scores: list[float]
    machine_scores: list[float]
    human_strongest: list[float]
    """Evidence of the strongest machine part of each human text, nats."""
    machine_strongest: list[float]
    """Evidence of the strongest human part of each machine text, taken positive."""
    human_mixture: list[float] = field(default_factory=list)
    """Score and contrast together of each human text; empty where texts by two authors are not told by them."""
    machine_contrast: list[float] = field(default_factory=list)
    """Contrast of the parts of each machine text."""
    human_distances: list[float] = field(default_factory=list)
    """Evenly spaced quantiles, 0 to 1, of how far the human texts lie from the nearest kind; empty without kinds."""
    human_standings: list[list[float]] = field(default_factory=list)
    """How high each human text stands over the human texts nearest to it, a list for each number of these; empty where
    neighbours are not known."""


@dataclass(frozen=True)
class Kind:
    """Human references that are alike, whatever their length; sorted."""

    human_scores: list[float]
    human_strongest: list[float]
    """Evidence of the strongest machine part of each, nats."""
    human_mixture: list[float] = field(default_factory=list)
    """Score and contrast together of each."""
