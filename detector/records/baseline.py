"""What a comparison with a writer's earlier texts found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Baseline:
    """How a text compares with its writer's earlier ones."""

    n_earlier: int
    n_tokens: int
    """Length all texts were cut to."""
    distance: float
    typical_distance: float
    """Median distance of an earlier text from the rest."""
    p_value: float | None
    """None where there are too few earlier texts to say anything."""
    differences: tuple[tuple[str, float], ...]
    """Features that differ most, in standard deviations of the earlier texts; above 0: greater than before."""
    explanation: str

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {**vars(self), "differences": [{"feature": name, "z": z} for name, z in self.differences]}
