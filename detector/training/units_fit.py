"""The hidden layer of a probe: a small network on the mean states of texts, as outputs of a ``LinearProbe``.

    score = sum of max(0, u_i . s + b_i) over the first half of the units - the same over the second half

for the mean scaled state s of a text. Since s is a mean over tokens, u_i . s + b_i is the mean of a number a token, so
that the engine gives the numbers as it gives evidence, and only their means are rectified.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detector.errors import InputError
from detector.evaluation.metrics import auroc
from detector.training.hidden_layer import HiddenLayer, Recipe, on_raw_states, standardised, train
from detector.training.probe_fit import ProbeTexts, balanced_weights, domains_with_both
from detector.training.roles import NEGATIVES
from detector.verdict.features import N_UNITS

RECIPE = Recipe(seed=2)
"""Chosen on dev sets, where half as many units do nearly as well. Of three seeds, which find about as much, this is the
one whose worst dev set is accused least."""
NEGATIVE_WEIGHT = 0.5
"""Of a human text of the corpus, beside the mean of those that are a side of a comparison: without them fewer machine
texts are found at the same false alarms, and half to four times the weight does alike (on dev sets)."""


class _Units(torch.nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.units = HiddenLayer(width, N_UNITS, dropout)
        self.register_buffer("side", torch.ones(N_UNITS).index_fill(0, torch.arange(N_UNITS // 2, N_UNITS), -1.0))

    def forward(self, states: Tensor) -> Tensor:
        return self.units(states) @ self.side


def fit_units(
    texts: ProbeTexts, layers: tuple[int, ...], recipe: Recipe = RECIPE
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (N_UNITS, len(layers) * d) on unscaled states, and biases (N_UNITS,).

    Texts weigh as they do for the evidence, and human texts of the corpus take part too. Raises ``InputError`` when no
    domain has both labels.
    """
    weights = balanced_weights(texts.domain, texts.is_machine)
    if not weights.any():
        raise InputError("A probe needs a domain with human and machine texts; there is none.")
    weights[texts.dataset == NEGATIVES] = NEGATIVE_WEIGHT * weights[(weights > 0) & ~texts.is_machine].mean()
    used = weights > 0
    inputs, means, scales = standardised(texts.of(layers)[used])
    labels = torch.from_numpy(texts.is_machine[used].astype(np.float32))
    weight = torch.from_numpy(weights[used].astype(np.float32))

    def loss_of(network: _Units, chosen: Tensor) -> Tensor:
        return torch.nn.functional.binary_cross_entropy_with_logits(
            network(inputs[chosen]), labels[chosen], weight=weight[chosen]
        )

    network = train(lambda: _Units(inputs.shape[1], recipe.dropout), len(inputs), loss_of, recipe)
    fitted, bias = on_raw_states(network.units, means, scales)
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
