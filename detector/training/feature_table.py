"""Labelled texts → a ``FeatureTable``. Scoring is the slow part.

Since the scores of a beginning are the beginning of the scores, a text gives a row for a beginning in each length
bucket below its own too: short texts are judged by what short texts look like.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.documents.sentences import sentence_spans
from detector.errors import InputError
from detector.evaluation.feature_table import FeatureTable
from detector.evaluation.labelled_texts import LabelledText, text_key
from detector.methods import compute_all, plain_methods
from detector.models.language_model import LanguageModel
from detector.records.token_scores import beginning_of
from detector.scoring.probe import LinearProbe
from detector.training.beginnings import lengths_of
from detector.training.evidence_fit import fit_evidence, fit_evidence_register
from detector.training.pooled_states import POOLED_LAYERS
from detector.training.score_cache import Scored, cached_scores, cached_states
from detector.verdict.classifier import LENGTH_LIMITS
from detector.verdict.features import Series, sentence_means, series_of
from detector.verdict.judgement import division, measure
from detector.verdict.lexical import LexicalModel
from detector.verdict.probe_model import ProbeModel
from detector.verdict.segments import EvidenceWeights


def build_table(
    language_model: LanguageModel,
    labelled: Iterable[tuple[str, LabelledText]],
    cache: Path | None = None,
    lexical_model: LexicalModel | None = None,
    probe_model: ProbeModel | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
    evidence: EvidenceWeights | None = None,
    layers: tuple[int, ...] | None = None,
    yardstick: Sequence[float] | None = None,
    quick: bool = False,
) -> FeatureTable:
    """Score (role, text) pairs, with the model's voices if it has them; too short texts are left out.

    The weights of token evidence are fitted on the texts with the role ``fit`` unless given. ``yardstick``
    holds the trivial detector's score of each pair.
    ``layers`` are those whose pooled states the cache keeps, where there is a probe; unless given, ``POOLED_LAYERS``,
    or for a quick table those of the probe.
    ``cache`` is a file that keeps the token scores for the next time; ``report`` is called with
    (texts scored, texts to score). ``quick`` reads the hidden states alone, so that the table holds no number that
    comes from probabilities; it needs ``probe_model`` and ``cache``.
    """
    items, voices = list(labelled), language_model.voices
    trivial = [np.nan] * len(items) if yardstick is None else yardstick
    probe = probe_model.probe if probe_model is not None else None
    pooled: tuple[int, ...] = ()
    if probe is not None:
        pooled = layers or (probe.layers if quick else POOLED_LAYERS)
    texts = [t.text for _, t in items]
    scored: Iterable[Scored]
    if quick:
        if cache is None or probe_model is None:
            raise ValueError("a quick table is read off pooled states: it needs a probe and a cache")
        states = cached_states(language_model, texts, cache, pooled, report)
        scored = (one.as_scored(language_model) for one in states)
    else:
        scored = cached_scores(language_model, texts, cache, report, pooled)
    kept = [
        (role, text, one, other)
        for (role, text), one, other in zip(items, scored, trivial, strict=True)
        if len(one.scores) >= LENGTH_LIMITS[0]
    ]
    if not kept:
        raise InputError(
            f"No labelled text of at least {LENGTH_LIMITS[0]} tokens; there is nothing to fit or evaluate."
        )
    whole = [series_of_scored(text.text, one, len(one.scores), lexical_model, probe) for _, text, one, _ in kept]
    evidence = evidence or fit_evidence(
        [
            (series, text.is_machine, text.dataset)
            for (role, text, *_), series in zip(kept, whole, strict=True)
            if role == "fit"
        ]
    )
    if probe is not None and evidence.register is None:
        references = [
            series
            for (role, text, *_), series in zip(kept, whole, strict=True)
            if role == "calibrate" and not text.is_machine
        ]
        evidence = replace(evidence, register=fit_evidence_register(evidence, references))
    rows: list[dict[str, Any]] = []
    sentences: dict[bool, list[NDArray[np.float64]]] = {False: [], True: []}
    for number, ((role, text, one, other), series) in enumerate(zip(kept, whole, strict=True)):
        scores = one.scores
        if role == "calibrate" and not quick:
            sentences[text.is_machine].append(sentence_means(series) / np.log(2))
        of_the_text = {
            "is_machine": text.is_machine,
            "text_number": number,
            "role": role,
            "dataset": text.dataset,
            "domain": text.domain,
            "generator": text.generator,
            "attack": text.attack,
            "text_key": text_key(text.text),
        }
        for length in lengths_of(len(scores), text.text):
            is_whole = length == len(scores)
            part = series if is_whole else series_of_scored(text.text, one, length, lexical_model, probe)
            measured = measure(part, division(evidence, part))
            row = {
                "features": measured.features,
                "methods": list(compute_all(scores).values())
                if is_whole and not quick
                else [np.nan] * len(plain_methods()),
                "n_tokens": length,
                "is_whole": is_whole,
                "strongest_machine": measured.strongest_machine,
                "strongest_human": measured.strongest_human,
                "contrast": measured.contrast,
                "yardstick": other if is_whole else np.nan,
            }
            rows.append(of_the_text | row)
    columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return FeatureTable(
        **columns,
        method_names=plain_methods(),
        human_sentence_bits=_middle_80_percent(sentences[False]) or ([] if quick else [np.nan] * 3),
        machine_sentence_bits=_middle_80_percent(sentences[True]),
        evidence=evidence,
        model_name=language_model.name,
        model_fingerprint=language_model.fingerprint,
        voices_fingerprint=voices.fingerprint if voices else None,
        lexical_fingerprint=lexical_model.fingerprint if lexical_model else None,
        probe_fingerprint=probe_model.fingerprint if probe_model else None,
        parts_fingerprint=probe_model.parts_fingerprint if probe_model else None,
        number_format=language_model.dtype,
    )


def _middle_80_percent(values: Sequence[NDArray[np.float64]]) -> list[float]:
    """10 %, 50 % and 90 % quantile of all values; none of no values."""
    return np.quantile(np.concatenate(values), [0.1, 0.5, 0.9]).round(4).tolist() if values else []


def series_of_scored(
    text: str, one: Scored, n_tokens: int, lexical_model: LexicalModel | None, probe: LinearProbe | None
) -> Series:
    """Columns of the first tokens of a text that was scored."""
    scores = one.scores if n_tokens == len(one.scores) else beginning_of(one.scores, n_tokens)
    if n_tokens < len(one.scores):
        text = text[: int(scores.end_char[-1])]
    if probe is not None and one.states is not None:
        scores = replace(scores, probe=one.states.read(probe, n_tokens))
    return series_of(scores, [start for start, _ in sentence_spans(text)], text, lexical_model)
