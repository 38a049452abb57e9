"""Pooled hidden states of labelled texts → ``ProbeModel``: the direction of the evidence, and the register's.

The evidence is a logistic regression on the mean scaled states of whole texts, a few layers side by side. Human and
machine texts of one domain weigh the same, so that what a text is about says nothing about its author; human texts of
domains without machine texts take no part, for they would teach that such domains are human. Layers and penalties are
compared on domains left out of the fit whole (``python -m detector.training probe ... --choices``); of the best there,
those were taken that did best on the dev sets once the kind of text is taken off.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from detector.errors import InputError
from detector.evaluation.labelled_texts import LabelledText
from detector.evaluation.metrics import auroc
from detector.scoring.probe import LinearProbe
from detector.training.score_cache import StatesOnly
from detector.verdict.classifier import LENGTH_LIMITS
from detector.verdict.features import REGISTER_SIZE
from detector.verdict.probe_model import ProbeModel

Floats = NDArray[np.float32]

LAYERS = (12, 15, 18, 21, 24)
INVERSE_PENALTY = 3e-3
"""Of the logistic regression on standardised states."""


@dataclass(frozen=True, eq=False)
class ProbeTexts:
    """What a probe is fitted on: one row a text."""

    layers: tuple[int, ...]
    states: Floats
    """Mean scaled states, (n, layers, d)."""
    is_machine: NDArray[np.bool_]
    domain: NDArray[np.str_]
    """Genre; texts of one domain are compared with each other."""
    dataset: NDArray[np.str_]

    def of(self, layers: Sequence[int]) -> Floats:
        """States of some of the layers side by side, (n, len(layers) * d)."""
        wanted = [self.layers.index(layer) for layer in layers]
        return self.states[:, wanted].reshape(len(self.states), -1)

    def rows(self, mask: NDArray[np.bool_]) -> "ProbeTexts":
        """Some of the texts."""
        return ProbeTexts(self.layers, self.states[mask], self.is_machine[mask], self.domain[mask], self.dataset[mask])


def probe_texts_of(texts: Sequence[LabelledText], pooled: Iterable[StatesOnly]) -> ProbeTexts:
    """Mean states of whole texts; those of fewer than ``LENGTH_LIMITS[0]`` tokens are left out."""
    rows = [
        (one.states.mean_of_beginning(n), text.is_machine, text.domain, text.dataset, one.states.layers)
        for text, one in zip(texts, pooled, strict=True)
        if (n := len(one.end_char)) >= LENGTH_LIMITS[0]
    ]
    if not rows:
        raise InputError("No text is long enough to fit a probe.")
    states, labels, domains, datasets, layers = zip(*rows, strict=True)
    return ProbeTexts(layers[0], np.stack(states), np.array(labels), np.array(domains), np.array(datasets))


def fit_probe(
    texts: ProbeTexts, layers: tuple[int, ...] = LAYERS, inverse_penalty: float = INVERSE_PENALTY
) -> ProbeModel:
    """Raises ``InputError`` when no domain has both labels."""
    evidence, bias = fit_evidence_direction(texts, layers, inverse_penalty)
    registers, centre = register_directions(texts, evidence, layers)
    weights = np.concatenate([evidence[None], registers])
    return ProbeModel(
        LinearProbe(
            layers,
            torch.from_numpy(weights.reshape(1 + REGISTER_SIZE, len(layers), -1).astype(np.float32)),
            torch.from_numpy(np.concatenate([[bias], -centre]).astype(np.float32)),
        )
    )


def fit_evidence_direction(
    texts: ProbeTexts, layers: tuple[int, ...], inverse_penalty: float
) -> tuple[NDArray[np.float64], float]:
    """Weights (len(layers) * d,) on unscaled states, and the bias."""
    from sklearn.linear_model import LogisticRegression

    weights = balanced_weights(texts.domain, texts.is_machine)
    used = weights > 0
    if not used.any():
        raise InputError("A probe needs a domain with human and machine texts; there is none.")
    states = texts.of(layers)[used].astype(np.float64)
    means, scales = states.mean(axis=0), states.std(axis=0) + 1e-6
    model = LogisticRegression(C=inverse_penalty, max_iter=500, random_state=0)
    model.fit((states - means) / scales, texts.is_machine[used], sample_weight=weights[used])
    direction = model.coef_[0] / scales
    return direction, float(model.intercept_[0] - direction @ means)


def register_directions(
    texts: ProbeTexts, evidence: NDArray[np.float64], layers: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The main directions in which human texts differ, free of the evidence: (REGISTER_SIZE, k) and their means."""
    human = texts.of(layers)[~texts.is_machine].astype(np.float64)
    centre, scales = human.mean(axis=0), human.std(axis=0) + 1e-6
    scaled = (human - centre) / scales
    # In scaled coordinates the evidence is this direction; what moves along it is taken out before anything else.
    along = evidence * scales
    along /= np.linalg.norm(along)
    scaled -= np.outer(scaled @ along, along)
    _, singular, directions = np.linalg.svd(scaled, full_matrices=False)
    kept = directions[:REGISTER_SIZE] / (singular[:REGISTER_SIZE, None] / np.sqrt(len(human)))
    kept = (kept - np.outer(kept @ along, along)) / scales
    return kept, kept @ centre


def balanced_weights(domain: NDArray[np.str_], is_machine: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Both labels of a domain weigh the same, domains by the square root of their size; 0 where a label is missing."""
    weights = np.zeros(len(domain))
    for name in np.unique(domain):
        inside = domain == name
        human, machine = inside & ~is_machine, inside & is_machine
        if human.any() and machine.any():
            for side in (human, machine):
                weights[side] = np.sqrt(inside.sum()) / side.sum()
    return weights * len(weights) / max(weights.sum(), 1e-12)


def compare_probes(texts: ProbeTexts) -> Iterator[str]:
    """Lines of a table: AUROC of probes on each domain when it was left out of their fit, and the mean."""
    domains = domains_with_both(texts)
    yield f"{'layers':20} {'C':8} " + " ".join(f"{name[:9]:9}" for name in [*domains, "mean"])
    for layers in (choice for choice in CHOICES if set(choice) <= set(texts.layers)):
        for penalty in PENALTIES:
            areas = []
            for name in domains:
                inside = texts.domain == name
                direction, _ = fit_evidence_direction(texts.rows(~inside), layers, penalty)
                scores = texts.of(layers)[inside] @ direction
                machine = texts.is_machine[inside]
                areas.append(auroc(scores[~machine], scores[machine]))
            figures = " ".join(f"{area:9.3f}" for area in [*areas, float(np.mean(areas))])
            yield f"{'+'.join(map(str, layers)):20} {penalty:<8g} {figures}"


def domains_with_both(texts: ProbeTexts) -> list[str]:
    """Domains that have human and machine texts."""
    return [
        str(name) for name in np.unique(texts.domain) if len(np.unique(texts.is_machine[texts.domain == name])) == 2
    ]


CHOICES: tuple[tuple[int, ...], ...] = ((6,), (9,), (12,), (9, 12), (18,), (24,), (30,), (15, 18, 21), LAYERS)
PENALTIES = (1e-3, 3e-3)
"""Inverse, of the logistic regression on standardised states."""
