"""The hidden layer of a probe: a small network on the mean states of texts, as outputs of a ``LinearProbe``.

    score = sum of max(0, u_i . s + b_i) over the first half of the units - the same over the second half

for the mean scaled state s of a text. Since s is a mean over tokens, u_i . s + b_i is the mean of a number a token, so
that the engine gives the numbers as it gives evidence, and only their means are rectified.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detector.errors import InputError
from detector.evaluation.metrics import auroc
from detector.training.probe_fit import ProbeTexts, balanced_weights, domains_with_both
from detector.verdict.features import N_UNITS


@dataclass(frozen=True)
class UnitsRecipe:
    """What the network is fitted with; chosen on dev sets, where half as many units do nearly as well."""

    epochs: int = 40
    batch: int = 256
    rate: float = 1e-3
    decay: float = 0.1
    dropout: float = 0.3
    seed: int = 0


class _Units(torch.nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(width, N_UNITS)
        self.dropout = torch.nn.Dropout(dropout)
        self.register_buffer("side", torch.ones(N_UNITS).index_fill(0, torch.arange(N_UNITS // 2, N_UNITS), -1.0))

    def forward(self, states: Tensor) -> Tensor:
        return self.dropout(torch.relu(self.linear(states))) @ self.side


def fit_units(
    texts: ProbeTexts, layers: tuple[int, ...], recipe: UnitsRecipe | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (N_UNITS, len(layers) * d) on unscaled states, and biases (N_UNITS,).

    Texts weigh as they do for the evidence. Raises ``InputError`` when no domain has both labels.
    """
    recipe = recipe or UnitsRecipe()
    weights = balanced_weights(texts.domain, texts.is_machine)
    used = weights > 0
    if not used.any():
        raise InputError("A probe needs a domain with human and machine texts; there is none.")
    states = texts.of(layers)[used].astype(np.float64)
    means, scales = states.mean(axis=0), states.std(axis=0) + 1e-6
    inputs = torch.from_numpy(((states - means) / scales).astype(np.float32))
    labels = torch.from_numpy(texts.is_machine[used].astype(np.float32))
    weight = torch.from_numpy(weights[used].astype(np.float32))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = _Units(inputs.shape[1], recipe.dropout)
        optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.decay)
        for _ in range(recipe.epochs):
            for chosen in torch.randperm(len(inputs)).split(recipe.batch):
                loss = torch.nn.functional.binary_cross_entropy_with_logits(
                    network(inputs[chosen]), labels[chosen], weight=weight[chosen]
                )
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
    fitted = network.linear.weight.detach().double().numpy() / scales
    bias = network.linear.bias.detach().double().numpy() - fitted @ means
    return fitted.astype(np.float32), bias.astype(np.float32)


def score_of(
    weights: NDArray[np.float32], bias: NDArray[np.float32], states: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Of mean states (n, len(layers) * d): (n,), higher = more machine-like."""
    lit = np.maximum(0, states @ weights.T + bias)
    return lit[:, : N_UNITS // 2].sum(axis=1) - lit[:, N_UNITS // 2 :].sum(axis=1)


def compare_units(texts: ProbeTexts, layers: tuple[int, ...]) -> str:
    """A line for the table of ``compare_probes``: AUROC on each domain when it was left out, and the mean."""
    areas = []
    for name in domains_with_both(texts):
        inside = texts.domain == name
        scores = score_of(*fit_units(texts.rows(~inside), layers), texts.of(layers)[inside])
        machine = texts.is_machine[inside]
        areas.append(auroc(scores[~machine], scores[machine]))
    figures = " ".join(f"{area:9.3f}" for area in [*areas, float(np.mean(areas))])
    return f"{'+'.join(map(str, layers)):20} {'units':8} {figures}"
