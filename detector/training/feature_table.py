"""Labelled texts → a table of numbers: features, published statistics, and where each row came from.

Scoring is the slow part; fitting and evaluating read this table and take seconds. No text is kept.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from detector.documents.sentences import sentence_spans
from detector.errors import InputError
from detector.evaluation.labelled_texts import LabelledText
from detector.methods import compute_all, plain_methods
from detector.models.language_model import LanguageModel
from detector.training.score_cache import cached_scores
from detector.verdict.features import FEATURE_NAMES, feature_vector, sentence_means, series_of

_NAME_COLUMNS = ("role", "dataset", "domain", "generator")


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """One row a text."""

    features: NDArray[np.float64]  # (n, len(FEATURE_NAMES))
    methods: NDArray[np.float64]  # (n, len(method_names))
    method_names: list[str]
    n_tokens: NDArray[np.int64]
    is_machine: NDArray[np.bool_]
    role: NDArray[np.str_]
    dataset: NDArray[np.str_]
    domain: NDArray[np.str_]
    generator: NDArray[np.str_]
    human_sentence_bits: NDArray[np.float64]
    """Mean surprise of every sentence of the human calibration texts, bits a token."""
    model_name: str
    model_fingerprint: str
    voices_fingerprint: str | None

    def rows(self, mask: NDArray[np.bool_]) -> "FeatureTable":
        """The rows where ``mask`` is true."""
        columns = ("features", "methods", "n_tokens", "is_machine", "role", "dataset", "domain", "generator")
        chosen = {name: getattr(self, name)[mask] for name in columns}
        return FeatureTable(
            **chosen,
            human_sentence_bits=self.human_sentence_bits,
            method_names=self.method_names,
            model_name=self.model_name,
            model_fingerprint=self.model_fingerprint,
            voices_fingerprint=self.voices_fingerprint,
        )

    def save(self, path: Path) -> None:
        """Write as safetensors: numbers in float32, names as codes into lists in the header."""
        arrays: dict[str, NDArray] = {}
        facts = ("method_names", "model_name", "model_fingerprint", "voices_fingerprint")
        header = {name: json.dumps(getattr(self, name)) for name in facts}
        header["feature_names"] = json.dumps(FEATURE_NAMES)
        for name in ("features", "methods", "human_sentence_bits"):
            arrays[name] = getattr(self, name).astype(np.float32)
        arrays["n_tokens"] = self.n_tokens.astype(np.int32)
        arrays["is_machine"] = self.is_machine.astype(np.uint8)
        for name in _NAME_COLUMNS:
            names, codes = np.unique(getattr(self, name), return_inverse=True)
            arrays[name] = codes.astype(np.int16)
            header[name] = json.dumps(names.tolist())
        save_file(arrays, path, metadata=header)

    @classmethod
    def load(cls, path: Path) -> "FeatureTable":
        """Read what ``save`` wrote; raises ``InputError`` for anything else."""
        try:
            with safe_open(path, framework="numpy") as file:
                header = {name: json.loads(value) for name, value in file.metadata().items()}
                names = file.keys()
                arrays = {name: file.get_tensor(name) for name in names}
            if tuple(header.pop("feature_names")) != FEATURE_NAMES:
                raise InputError(f"{path} holds other features than this version computes; make it again.")
            for name in _NAME_COLUMNS:
                arrays[name] = np.array(header.pop(name))[arrays[name]]
        except (SafetensorError, AttributeError, KeyError, ValueError, IndexError) as error:
            raise InputError(f"{path} is not a feature table: {error}.") from error
        columns = {
            **arrays,
            **header,
            "features": arrays["features"].astype(np.float64),
            "methods": arrays["methods"].astype(np.float64),
            "is_machine": arrays["is_machine"].astype(bool),
        }
        return cls(**columns)


def build_table(
    language_model: LanguageModel, labelled: Iterable[tuple[str, LabelledText]], cache: Path | None = None
) -> FeatureTable:
    """Score (role, text) pairs, with the model's voices if it has them; too short texts are left out.

    ``cache`` is a file that keeps the token scores for the next time.
    """
    items, voices = list(labelled), language_model.voices
    rows = []
    human_sentences: list[NDArray[np.float64]] = []
    all_scores = cached_scores(language_model, [t.text for _, t in items], cache)
    for (role, text), scores in zip(items, all_scores, strict=True):
        if len(scores) < 50:
            continue
        series = series_of(scores, [start for start, _ in sentence_spans(text.text)])
        if role == "calibrate" and not text.is_machine:
            human_sentences.append(sentence_means(series) / np.log(2))
        rows.append(
            (
                feature_vector(series),
                list(compute_all(scores).values()),
                len(scores),
                text.is_machine,
                role,
                text.dataset,
                text.domain,
                text.generator,
            )
        )
    if not rows:
        raise InputError("No labelled text of at least 50 tokens; there is nothing to fit or evaluate.")
    features, methods, n_tokens, is_machine, roles, dataset, domain, generator = zip(*rows, strict=True)
    return FeatureTable(
        np.array(features).reshape(-1, len(FEATURE_NAMES)),
        np.array(methods, dtype=np.float64),
        plain_methods(),
        np.array(n_tokens, dtype=np.int64),
        np.array(is_machine, dtype=bool),
        np.array(roles),
        np.array(dataset),
        np.array(domain),
        np.array(generator),
        np.concatenate(human_sentences) if human_sentences else np.zeros(0),
        language_model.name,
        language_model.fingerprint,
        voices.fingerprint if voices else None,
    )
