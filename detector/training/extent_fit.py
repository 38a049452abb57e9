"""How far a text was edited by a machine: a linear reading and a hidden layer on hidden states, and their interval.

Both tell the extent and which of three kinds a text is (the person's own, edited, written freely); they are fitted
apart on writers of the voice half, the first on all layers of the probe and the second on one, with ten times the
texts, and averaged: either alone does worse on other writers. What is said has no threshold that was fitted. The
interval is that of texts of a set that the fit was made without.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detector.training.edited_texts import LEFT_OUT_GENERATORS, REWORKED_SETS, EditedText
from detector.training.hidden_layer import HiddenLayer, Recipe, on_raw_states, standardised, train
from detector.training.pooled_states import PooledStates
from detector.verdict.edit_extent import MOST_UNTOUCHED, ExtentReadings, ExtentScale
from detector.verdict.features import N_EDIT_OUTPUTS, N_EDIT_UNITS
from detector.verdict.probe_model import ProbeModel

Floats = NDArray[np.float64]

RIDGE = 1e4
INVERSE_PENALTY = 5e-4
"""Of standardised states."""
RECIPE = Recipe(epochs=30)
COVERAGE = 0.9
_EXTENT_WEIGHT = 4.0
"""Of the squared error of the extent, beside the cross-entropy of the kind."""
_OWN, _EDITED, _FREE = range(3)


@dataclass(frozen=True, eq=False)
class EditedStates:
    """Edited texts with their mean states."""

    texts: Sequence[EditedText]
    layers: tuple[int, ...]
    states: NDArray[np.float32]
    """(texts, layers, d)."""

    @property
    def kinds(self) -> NDArray[np.int64]:
        """0 the person's own, 1 edited, 2 written freely."""
        return np.array([_FREE if t.is_free else int(t.extent > MOST_UNTOUCHED) for t in self.texts])

    @property
    def extents(self) -> Floats:
        """Of each text."""
        return np.array([text.extent for text in self.texts])

    def rows(self, mask: NDArray[np.bool_]) -> "EditedStates":
        """Some of the texts."""
        return EditedStates(
            [text for text, is_kept in zip(self.texts, mask, strict=True) if is_kept], self.layers, self.states[mask]
        )

    def of(self, role: str) -> "EditedStates":
        """Texts of a role, but for those by generators that only judge."""
        return self.rows(
            np.array([text.role == role and text.generator not in LEFT_OUT_GENERATORS for text in self.texts])
        )

    def without(self, dataset: str) -> "EditedStates":
        """All texts but those of a set."""
        return self.rows(np.array([text.dataset != dataset for text in self.texts]))


def edited_states(texts: Sequence[EditedText], pooled: Sequence[PooledStates]) -> EditedStates:
    """Of whole texts."""
    means = [one.mean_of_beginning(int(one.ends[-1])) for one in pooled]
    return EditedStates(texts, pooled[0].layers, np.stack(means))


@dataclass(frozen=True, eq=False)
class EditFit:
    """Outputs for a probe, and how they are read."""

    weights: Tensor
    """(N_EDIT_OUTPUTS + N_EDIT_UNITS, layers, d)."""
    bias: Tensor
    scale: ExtentScale

    def readings(self, texts: EditedStates) -> ExtentReadings:
        """Of texts by states of the layers that the outputs read."""
        means = texts.states.reshape(len(texts.states), -1) @ self.weights.flatten(1).numpy().T + self.bias.numpy()
        return self.scale.readings(means.astype(np.float64))


def fit_edits(edited: EditedStates, many: EditedStates) -> EditFit:
    """From ``edited`` texts by all layers of a probe and ``many`` by one of these layers.

    Those of the role ``fit`` give the interval: nine in ten of the worse set lie in it when the set was left out of the
    fit whole.
    """
    halves, others = [], edited.of("fit")
    for name in REWORKED_SETS:
        found = _fit(edited.of("voice").without(name), many.without(name))
        judged = others.rows(np.array([text.dataset == name for text in others.texts]))
        halves.append(float(np.quantile(np.abs(found.readings(judged).values - judged.extents), COVERAGE)))
    fitted = _fit(edited.of("voice"), many)
    return EditFit(fitted.weights, fitted.bias, ExtentScale(fitted.scale.weights, round(max(halves), 4)))


def _fit(edited: EditedStates, many: EditedStates) -> EditFit:
    linear, linear_bias = _fit_linear(edited)
    units, units_bias, heads, heads_bias = _fit_units(many)
    (layer,) = many.layers
    weights = torch.zeros(N_EDIT_OUTPUTS + N_EDIT_UNITS, len(edited.layers), edited.states.shape[2])
    weights[:N_EDIT_OUTPUTS] = torch.from_numpy(linear / 2).reshape(N_EDIT_OUTPUTS, len(edited.layers), -1)
    weights[N_EDIT_OUTPUTS:, edited.layers.index(layer)] = torch.from_numpy(units).float()
    bias = torch.from_numpy(np.concatenate([(linear_bias + heads_bias) / 2, units_bias])).float()
    rounded = [[float(f"{weight:.6g}") for weight in row] for row in heads / 2]
    return EditFit(weights, bias, ExtentScale(rounded, 0.0))


def _fit_linear(edited: EditedStates) -> tuple[Floats, Floats]:
    """Weights (N_EDIT_OUTPUTS, layers * d) and biases: extent, and log-odds of both other kinds against ``edited``."""
    from sklearn.linear_model import LogisticRegression, Ridge

    states, means, scales = standardised(edited.states.reshape(len(edited.states), -1))
    x = states.numpy()
    extent = Ridge(alpha=RIDGE).fit(x, edited.extents)
    kinds = LogisticRegression(C=INVERSE_PENALTY, max_iter=500, random_state=0).fit(x, edited.kinds)
    weights = np.stack([extent.coef_, *(kinds.coef_[[_OWN, _FREE]] - kinds.coef_[_EDITED])]) / scales
    bias = np.array([extent.intercept_, *(kinds.intercept_[[_OWN, _FREE]] - kinds.intercept_[_EDITED])])
    return weights.astype(np.float32), bias - weights @ means


class _Edits(torch.nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.units = HiddenLayer(width, N_EDIT_UNITS, dropout)
        self.heads = torch.nn.Linear(N_EDIT_UNITS, N_EDIT_OUTPUTS)

    def forward(self, states: Tensor) -> Tensor:
        return self.heads(self.units(states))


def _fit_units(many: EditedStates) -> tuple[Floats, Floats, Floats, Floats]:
    """Weights and biases of the units, and of the outputs in the rectified units."""
    inputs, means, scales = standardised(many.states.reshape(len(many.states), -1))
    kinds, extents = torch.from_numpy(many.kinds), torch.from_numpy(many.extents).float()

    def loss_of(network: _Edits, chosen: Tensor) -> Tensor:
        if_edited, own, free = network(inputs[chosen]).T
        log_odds = torch.stack([own, torch.zeros_like(own), free], dim=1)
        apart = (if_edited - extents[chosen]).square().mean()
        return torch.nn.functional.cross_entropy(log_odds, kinds[chosen]) + _EXTENT_WEIGHT * apart

    network = train(lambda: _Edits(inputs.shape[1], RECIPE.dropout), len(inputs), loss_of, RECIPE)
    weights, bias = on_raw_states(network.units, means, scales)
    heads = network.heads
    return weights, bias, heads.weight.detach().double().numpy(), heads.bias.detach().double().numpy()


def read_extents(texts: EditedStates, probe: ProbeModel, scale: ExtentScale) -> ExtentReadings:
    """By a probe of the layers of the states."""
    return scale.readings(probe.read_edits(torch.from_numpy(texts.states)).double().numpy())


def macro_f1(truth: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """Mean F1 of the kinds that there are."""
    scores = []
    for kind in np.unique(truth):
        hits = int(((truth == kind) & (found == kind)).sum())
        scores.append(2 * hits / max(1, int((truth == kind).sum()) + int((found == kind).sum())))
    return float(np.mean(scores))
