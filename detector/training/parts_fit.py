"""What tells parts by different authors apart: a probe fitted to pieces of mixed texts, and the levels of sentences.

The probe of parts is a logistic regression on the mean scaled states of clauses and sentences of texts put together
from both authors (``mixtures``): there a sentence's company says nothing of its author, so what is fitted is its own.
Its weight beside those of the words and of H - s comes from a logistic regression on the sentences of other mixed
texts, in which the mean of the whole text stands as well (a fixed effect: only differences within a text count); then
the means and spreads of ``Levels`` are those of greatest likelihood, each text's level integrated out.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detector.evaluation.splicing import SplicedText
from detector.training.pooled_states import PooledStates
from detector.verdict.features import Series
from detector.verdict.levels import Levels
from detector.verdict.segments import EvidenceWeights, sentence_sums, token_parts

Floats = NDArray[np.float64]

INVERSE_PENALTY = 3e-3
_PURE = 0.1
"""A piece with more than this of its tokens by the other author is left out."""
BORDER_PENALTY = 1.0
TEXT_SPREAD_FACTOR = 1.7
"""Levels of human texts of all kinds scatter so much more than those of the few kinds that mixed texts are made of."""
_LEXICAL, _TYPICALITY, _TOKEN, _PROBE = 1, 2, 3, 4
_USED = [_LEXICAL, _TYPICALITY, _PROBE]
"""Columns of ``token_parts``."""


def fit_part_probe(
    texts: Sequence[tuple[SplicedText, PooledStates, NDArray[np.int32]]],
    layers: Sequence[int],
    inverse_penalty: float = INVERSE_PENALTY,
) -> tuple[Tensor, float]:
    """Weights (layers, d) and bias from (text, pooled states, last character of each token)."""
    from sklearn.linear_model import LogisticRegression

    states, labels, weights = [], [], []
    for spliced, pooled, end_char in texts:
        wanted = [pooled.layers.index(layer) for layer in layers]
        is_machine = spliced.is_machine_at(end_char.astype(np.int64) - 1).astype(np.float64)
        share = np.add.reduceat(is_machine, np.append(0, pooled.ends[:-1])) / pooled.lengths
        pure = (share < _PURE) | (share > 1 - _PURE)
        states.append(pooled.means[pure][:, wanted].reshape(int(pure.sum()), -1).astype(np.float32))
        labels.append(share[pure] > 0.5)
        weights.append(np.sqrt(pooled.lengths[pure]))
    x, y, w = np.concatenate(states), np.concatenate(labels), np.concatenate(weights)
    means, scales = x.mean(axis=0), x.std(axis=0) + 1e-6
    x -= means
    x /= scales
    model = LogisticRegression(C=inverse_penalty, max_iter=300, random_state=0)
    model.fit(x, y, sample_weight=w / w.mean())
    direction = model.coef_[0] / scales
    bias = float(model.intercept_[0] - direction @ means)
    return torch.from_numpy(direction.reshape(len(layers), -1).astype(np.float32)), bias


def fit_levels(texts: Sequence[tuple[Series, NDArray[np.bool_]]]) -> EvidenceWeights:
    """From mixed texts and whether a machine wrote each of their tokens."""
    sentences = [_sentences(series, is_machine) for series, is_machine in texts]
    weights = _within_texts([(means[:, _USED], counts, truth) for means, counts, truth in sentences])
    values = [(means[:, _USED] @ weights, counts, truth) for means, counts, truth in sentences]
    lexical, typicality, probe = (float(f"{value:.6g}") for value in weights)
    return EvidenceWeights(
        voice_ratio=0.0,
        lexical=lexical,
        typicality=typicality,
        token=0.0,
        border_penalty=BORDER_PENALTY,
        probe=probe,
        levels=_likeliest_levels(values),
    )


def _sentences(series: Series, is_machine: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]:
    """Mean parts of a token, number of tokens and author of each sentence."""
    counts = sentence_sums(np.ones(len(series), dtype=np.int64), series.sentence)
    means = sentence_sums(token_parts(series, of_parts=True), series.sentence) / counts[:, None]
    return means, counts, sentence_sums(is_machine.astype(np.float64), series.sentence) / counts > 0.5


def _within_texts(sentences: Sequence[tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]]) -> Floats:
    """Weights by which sentences of one text differ by author."""
    from sklearn.linear_model import LogisticRegression

    rows, labels = [], []
    for means, counts, truth in sentences:
        root = np.sqrt(counts)[:, None]
        of_text = np.broadcast_to(np.average(means, axis=0, weights=counts), means.shape)
        rows.append(np.hstack([means * root, of_text * root, root]))
        labels.append(truth)
    x, y = np.concatenate(rows), np.concatenate(labels)
    scales = np.maximum(x.std(axis=0), 1e-9)
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=1000, random_state=0)
    model.fit(x / scales, y)
    return (model.coef_[0] / scales)[: len(_USED)]


def _likeliest_levels(sentences: Sequence[tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]]) -> Levels:
    """Maximum likelihood of values given authors, the level of each text integrated out (a random intercept)."""
    from scipy.optimize import minimize

    def loss(parameters: Floats) -> float:
        human, machine = parameters[:2]
        sentence, token, text = np.exp(2 * parameters[2:])
        total = 0.0
        for values, counts, truth in sentences:
            variance = sentence + token / counts
            apart = values - np.where(truth, machine, human)
            precision, pull = (1 / variance).sum(), (apart / variance).sum()
            total += np.log(variance).sum() + np.log1p(text * precision)
            total += (apart**2 / variance).sum() - text * pull**2 / (1 + text * precision)
        return float(total) / 2

    found = minimize(loss, [-0.5, 0.5, -1.0, 0.0, -1.0], method="Nelder-Mead", options={"maxiter": 2000, "fatol": 1e-3})
    sentence, token, text = np.exp(found.x[2:]).tolist()
    rounded = (float(f"{value:.5g}") for value in (*found.x[:2], sentence, token, TEXT_SPREAD_FACTOR * text))
    return Levels(*rounded)
