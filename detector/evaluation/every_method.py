"""Every registered statistic of texts, those included that need samples, a second model, copies or other endings."""

from collections.abc import Callable, Sequence

import numpy as np

from detector.methods import METHODS, REQUIREMENTS, compute
from detector.models.language_model import LanguageModel
from detector.perturbation import SpanResampler, regenerate, score_perturbed
from detector.scoring import score_pairs, score_texts

SAMPLES = 100
COPIES = 20
"""Changed copies of a text; the papers take up to 100."""
ENDINGS = 10


def every_method(
    language_model: LanguageModel,
    texts: Sequence[str],
    varied: Sequence[bool],
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, list[float]]:
    """Name → a value for each text, NaN where it is undefined or was not computed.

    The second model is the machine voice; without voices the statistics of two models are NaN. Those of
    changed copies and other endings, which cost most, are computed where ``varied`` is true.
    """
    values = {name: [float("nan")] * len(texts) for name in METHODS}
    chosen = [i for i, wanted in enumerate(varied) if wanted]
    few = [texts[i] for i in chosen]
    report(f"{len(texts)} texts with {SAMPLES} samples")
    for i, scores in enumerate(score_texts(language_model, texts, top_k=10, samples=SAMPLES)):
        for name in _needing("", "top_k", "samples"):
            values[name][i] = compute(name, scores)
    if language_model.voices is not None:
        report(f"{len(texts)} texts under two models")
        performer = LanguageModel(language_model.voices.machine, language_model.tokenizer, name="machine voice")
        for i, pair in enumerate(score_pairs(language_model, performer, texts)):
            for name in _needing("pair"):
                values[name][i] = compute(name, pair)
    report(f"{len(few)} texts with {COPIES} changed copies")
    for i, copies in zip(
        chosen, score_perturbed(language_model, SpanResampler(language_model), few, n=COPIES), strict=True
    ):
        for name in _needing("perturbations"):
            values[name][i] = compute(name, copies)
    report(f"{len(few)} texts with {ENDINGS} other endings")
    for i, others in zip(chosen, regenerate(language_model, few, n=ENDINGS), strict=True):
        for name in _needing("regenerations"):
            values[name][i] = compute(name, others)
    return values


def _needing(*requirements: str) -> list[str]:
    return [name for name in METHODS if REQUIREMENTS[name] in requirements]


def in_direction(name: str, values: Sequence[float]) -> np.ndarray:
    """The values of a method, turned so that higher is what the literature expects of machine text."""
    return (1 if METHODS[name]().higher_is_machine else -1) * np.asarray(values, dtype=np.float64)
