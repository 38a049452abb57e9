"""How far a text was edited by a machine: a direction in the hidden states, and the scale that it is read on.

The direction is a ridge regression of the extent on mean scaled states, fitted on writers of the voice half. Its scale,
how wide it scatters and where one word for it ends and another begins come from other writers, those of the fit role.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detector.training.edited_texts import LEFT_OUT_GENERATORS, EditedText
from detector.training.pooled_states import PooledStates
from detector.verdict.edit_extent import ExtentScale
from detector.verdict.features import EXTENT_COLUMN
from detector.verdict.probe_model import ProbeModel

Floats = NDArray[np.float64]

RIDGE = 1e4
"""Of standardised states."""


def mean_states(states: Sequence[PooledStates], layers: Sequence[int]) -> NDArray[np.float32]:
    """Of whole texts, (texts, layers * d)."""
    rows = []
    for one in states:
        wanted = [one.layers.index(layer) for layer in layers]
        rows.append(one.mean_of_beginning(int(one.ends[-1]))[wanted].ravel())
    return np.array(rows)


def fit_extent_direction(
    texts: Sequence[EditedText], states: Sequence[PooledStates], layers: Sequence[int]
) -> tuple[Tensor, float]:
    """Weights (layers, d) and bias."""
    from sklearn.linear_model import Ridge

    used = [i for i, text in enumerate(texts) if text.role == "voice" and text.generator not in LEFT_OUT_GENERATORS]
    x = mean_states([states[i] for i in used], layers).astype(np.float64)
    means, scales = x.mean(axis=0), x.std(axis=0) + 1e-6
    model = Ridge(alpha=RIDGE).fit((x - means) / scales, [texts[i].extent for i in used])
    direction = model.coef_ / scales
    bias = float(model.intercept_ - direction @ means)
    return torch.from_numpy(direction.reshape(len(layers), -1).astype(np.float32)), bias


HEAVY = 0.45
"""Extent from which an edit is called heavy: about what a model leaves that was told to rewrite."""
UNTOUCHED = 0.1
"""Extent up to which a text counts as the person's own: a tenth of the words."""
COVERAGE = 0.9
_LOW = np.linspace(0.05, 0.45, 33)
_HIGH = np.linspace(0.5, 1.0, 41)


def fit_extent_scale(texts: Sequence[EditedText], states: Sequence[PooledStates], probe: ProbeModel) -> ExtentScale:
    """From the texts with the role ``fit``, writers that the probe has not seen.

    The borders of ``untouched`` and ``machine-written`` are those with the best mean F1 of the three kinds of text that
    are told apart: the person's own, edited, and freely written.
    """
    chosen = [text.role == "fit" and text.generator not in LEFT_OUT_GENERATORS for text in texts]
    readings, kinds, extents = (values[np.array(chosen)] for values in read_extents(texts, states, probe))
    best, borders = -1.0, (0.0, 0.0)
    for low in _LOW:
        for high in _HIGH:
            found = macro_f1(kinds, np.digitize(readings, [low, high]))
            if found > best:
                best, borders = found, (float(low), float(high))
    apart = np.abs(np.clip(readings, 0, 1) - extents)
    return ExtentScale(
        borders=[round(borders[0], 4), HEAVY, round(borders[1], 4)],
        half_width=round(float(np.quantile(apart, COVERAGE)), 4),
    )


def read_extents(
    texts: Sequence[EditedText], states: Sequence[PooledStates], probe: ProbeModel
) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Mean reading, kind (0 the person's own, 1 edited, 2 freely written) and extent of each text."""
    weights = probe.probe.weights[EXTENT_COLUMN].flatten().double().numpy()
    readings = mean_states(states, probe.probe.layers).astype(np.float64) @ weights
    readings += float(probe.probe.bias[EXTENT_COLUMN])
    kinds = np.array([2 if text.is_free else int(text.extent > UNTOUCHED) for text in texts])
    return readings, kinds, np.array([text.extent for text in texts])


def macro_f1(truth: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """Mean F1 of the kinds that there are."""
    scores = []
    for kind in np.unique(truth):
        hits = int(((truth == kind) & (found == kind)).sum())
        scores.append(2 * hits / max(1, int((truth == kind).sum()) + int((found == kind).sum())))
    return float(np.mean(scores))
