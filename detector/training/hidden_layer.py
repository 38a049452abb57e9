"""Small networks over the mean states of texts, with one layer of rectified units.

The mean state of a text is a mean over its tokens, so what a unit reads before it is rectified is the mean of one
number a token, which the engine gives as it gives evidence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float32]
Network = TypeVar("Network", bound=torch.nn.Module)


@dataclass(frozen=True)
class Recipe:
    """What a network is fitted with."""

    epochs: int = 40
    batch: int = 256
    rate: float = 1e-3
    decay: float = 0.1
    dropout: float = 0.3
    seed: int = 0


class HiddenLayer(torch.nn.Module):
    """Rectified units of a standardised state, each left out at random in training."""

    def __init__(self, width: int, n_units: int, dropout: float) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(width, n_units)
        self.dropout = torch.nn.Dropout(dropout)

    def forward(self, states: Tensor) -> Tensor:
        """(texts, n_units)."""
        return self.dropout(torch.relu(self.linear(states)))


def train(make: Callable[[], Network], n: int, loss_of: Callable[[Network, Tensor], Tensor], recipe: Recipe) -> Network:
    """A network trained on ``n`` texts by the loss of a batch, given the numbers of its texts.

    Torch's chance elsewhere is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = make()
        optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.decay)
        for _ in range(recipe.epochs):
            for chosen in torch.randperm(n).split(recipe.batch):
                loss = loss_of(network, chosen)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
    return network


def standardised(states: Floats) -> tuple[Tensor, NDArray[np.float64], NDArray[np.float64]]:
    """States, their means and their scales."""
    means, scales = states.mean(axis=0, dtype=np.float64), states.std(axis=0, dtype=np.float64) + 1e-6
    return torch.from_numpy(((states - means) / scales).astype(np.float32)), means, scales


def on_raw_states(
    layer: HiddenLayer, means: NDArray[np.float64], scales: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (n_units, width) and biases (n_units,) of the units for states as they are."""
    weights = layer.linear.weight.detach().double().numpy() / scales
    return weights, layer.linear.bias.detach().double().numpy() - weights @ means
