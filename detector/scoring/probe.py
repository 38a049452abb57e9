"""Linear probes: a few numbers a token, read off the hidden states of the very pass that gives the probabilities.

A hidden state is the vector a token has after one of the model's layers. Each is divided by its root mean square, so
that no token speaks louder than another, and multiplied by weights; what is kept of a token is the few products.
A text's mean of such numbers is what the same weights give for its mean state, which is how they are fitted
(Alain and Bengio 2017, "Understanding intermediate layers using linear classifier probes").
"""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class StateReader(Protocol):
    """What the engine asks of anything that reads hidden states."""

    @property
    def layers(self) -> tuple[int, ...]:
        """Which states are wanted: 0 is the embedding, L the state after layer L."""
        ...

    @property
    def width(self) -> int:
        """Numbers a token."""
        ...

    def read(self, states: Tensor) -> Tensor:
        """Scaled states (n, layers, d), float32 → float32 (n, width)."""
        ...


def scaled(states: Tensor) -> Tensor:
    """Every state divided by its root mean square, in float32; any shape (..., d).

    >>> import torch
    >>> scaled(torch.tensor([3.0, 4.0])).square().mean().item()
    1.0
    """
    states = states.float()
    return states * states.square().mean(dim=-1, keepdim=True).clamp(min=1e-12).rsqrt()


@dataclass(frozen=True, eq=False)
class LinearProbe:
    """Weights of one or more probes that read the same layers."""

    layers: tuple[int, ...]
    weights: Tensor
    """(width, layers, d), float32."""
    bias: Tensor
    """(width,), float32; added to every token."""

    @property
    def width(self) -> int:
        """Numbers a token."""
        return len(self.weights)

    def read(self, states: Tensor) -> Tensor:
        """See ``StateReader``."""
        weights = self.weights.to(states.device).flatten(1)  # (width, layers * d)
        return states.flatten(1) @ weights.T + self.bias.to(states.device)


@dataclass(frozen=True)
class EveryState:
    """Reads the states themselves, layer after layer: what probes are fitted on. Large; for a few texts at once."""

    layers: tuple[int, ...]
    hidden_size: int

    @property
    def width(self) -> int:
        """Numbers a token."""
        return len(self.layers) * self.hidden_size

    def read(self, states: Tensor) -> Tensor:
        """See ``StateReader``."""
        return states.flatten(1)
