"""The reference texts that a score is compared with, as their own scores."""

from dataclasses import dataclass


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


@dataclass(frozen=True)
class Kind:
    """Human references that are alike, whatever their length; sorted."""

    human_scores: list[float]
    human_strongest: list[float]
    """Evidence of the strongest machine part of each, nats."""
