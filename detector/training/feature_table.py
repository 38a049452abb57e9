"""Labelled texts → a table of numbers: features, published statistics, and where each row came from.

Scoring is the slow part; fitting and evaluating read this table and take seconds. No text is kept.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from detector.documents.folding import fold
from detector.documents.hashing import unit_hash
from detector.documents.sentences import sentence_spans
from detector.errors import InputError
from detector.evaluation.labelled_texts import (
    LENGTHS_IN_WORDS,
    LabelledText,
    cut_alike,
    read_labelled,
    sample,
    without_overlap,
    without_repeats,
    word_shingles,
)
from detector.methods import METHODS, compute_all
from detector.models.language_model import LanguageModel
from detector.scoring.engine import score_texts
from detector.training.corpus import read_documents
from detector.verdict.features import FEATURE_NAMES, feature_vector, sentence_means, series_of

SPLITS_FILE = Path(__file__).parents[2] / "datasets" / "detection_splits.json"
VOICE_SHARE = 0.5
"""Pairs below this hash are kept for tuning language models and never reach the classifier."""
FIT_SHARE = 0.8
"""Of all pairs, those between ``VOICE_SHARE`` and this fit the classifier; the rest calibrate it."""
_MOST_PIECES = 8
_NAME_COLUMNS = ("role", "dataset", "domain", "generator")


def role_of(pair_id: str) -> str:
    """``voice``, ``fit`` or ``calibrate``: a pair has one role for ever."""
    position = unit_hash("role:" + pair_id)
    return "voice" if position < VOICE_SHARE else "fit" if position < FIT_SHARE else "calibrate"


def select(data: Path, part: str, humans: int, machines: int) -> list[LabelledText]:
    """Texts of the ``fit`` or ``dev`` part of ``detection_splits.json``, cut to like length, none twice.

    At most ``humans`` human texts a data set and ``machines`` machine texts a generator and data set.
    The half of the fit pairs that is kept for language models is left out.
    """
    recipe = json.loads(SPLITS_FILE.read_text(encoding="utf-8"))[part]
    texts: list[LabelledText] = []
    for entry in recipe:
        paths = [p for p in sorted(data.glob("*.jsonl*")) if p.name.split(".jsonl")[0] == entry["dataset"]]
        if not paths:
            raise InputError(f"The data set {entry['dataset']} is not in {data}; {SPLITS_FILE.name} asks for it.")
        admitted = (
            text
            for text in read_labelled(paths[0])
            if _admits(entry, text) and (part == "dev" or role_of(text.pair_id) != "voice")
        )
        texts += sample(cut_alike(admitted), humans, machines, seed=part)
    return without_repeats(texts)


def _admits(entry: dict[str, Any], text: LabelledText) -> bool:
    if "generators" in entry and text.is_machine:
        first = unit_hash("generator:" + text.generator) < 0.5
        if first != (entry["generators"] == "first_half"):
            return False
    if "attack_at_least" in entry and text.is_machine:
        degree = text.attack.rpartition(":")[2]
        return degree.isdigit() and int(degree) >= entry["attack_at_least"]
    return True


def human_references(corpus: Path, per_genre: int) -> list[LabelledText]:
    """Pieces of held-out corpus documents that no model was trained on, of varied length, folded.

    At most ``per_genre`` pieces a genre, taken round by round: the first piece of every document
    before the second piece of any.
    """
    pieces: dict[str, list[tuple[int, float, LabelledText]]] = {}
    for index, document in enumerate(read_documents(corpus)):
        if document.split != "reference":
            continue
        words, start = fold(document.text).text.split(), 0
        for number in range(_MOST_PIECES):
            # The index tells documents apart that share a source, such as the abstracts of one volume.
            key = f"{document.source}:{index}:{number}"
            limit = LENGTHS_IN_WORDS[int(unit_hash("length:" + key) * len(LENGTHS_IN_WORDS))]
            kept = words[start : min(start + limit, len(words) - 1)]
            if len(kept) < LENGTHS_IN_WORDS[0]:
                break
            start += limit
            text = LabelledText(" ".join(kept), False, "corpus", key, domain=document.genre)
            pieces.setdefault(document.genre, []).append((number, unit_hash(key), text))
    return [text for found in pieces.values() for *_, text in sorted(found, key=lambda p: p[:2])[:per_genre]]


def training_shingles(corpus: Path, texts: Iterable[LabelledText]) -> set[int]:
    """Shingles of ``texts`` that also stand in a document the base model was trained on.

    Public data sets borrow from public corpora; what a model has read must not evaluate it.
    """
    wanted = {shingle for text in texts for shingle in word_shingles(text.text)}
    found: set[int] = set()
    for document in read_documents(corpus):
        if document.split == "train":
            found.update(wanted.intersection(word_shingles(document.text)))
    return found


def labelled_texts(
    detection: Path, corpus: Path, humans: int, machines: int, per_genre: int
) -> list[tuple[str, LabelledText]]:
    """Every (role, text) the classifier is fitted, calibrated and judged on, cleared of leaks.

    Texts the base model was trained on are left out of all roles, and dev texts that share a fifth
    of their shingles with anything fitted or calibrated on are left out of dev.
    """
    fit = select(detection, "fit", humans, machines)
    dev = select(detection, "dev", humans, machines)
    references = human_references(corpus, per_genre)
    read = training_shingles(corpus, [*fit, *dev, *references])
    fit, dev, references = (without_overlap(texts, read) for texts in (fit, dev, references))
    used = {shingle for text in [*fit, *references] for shingle in word_shingles(text.text)}
    return [
        *((role_of(text.pair_id), text) for text in fit),
        *(("calibrate", text) for text in references),
        *(("dev", text) for text in without_overlap(dev, used)),
    ]


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
        )

    def save(self, path: Path) -> None:
        """Write as safetensors: numbers in float32, names as codes into lists in the header."""
        arrays: dict[str, NDArray] = {}
        header = {name: json.dumps(getattr(self, name)) for name in ("method_names", "model_name", "model_fingerprint")}
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


def build_table(language_model: LanguageModel, labelled: Iterable[tuple[str, LabelledText]]) -> FeatureTable:
    """Score (role, text) pairs; texts under the shortest length bucket are left out."""
    items = list(labelled)
    rows = []
    human_sentences: list[NDArray[np.float64]] = []
    for (role, text), scores in zip(items, score_texts(language_model, [t.text for _, t in items]), strict=True):
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
        list(METHODS),
        np.array(n_tokens, dtype=np.int64),
        np.array(is_machine, dtype=bool),
        np.array(roles),
        np.array(dataset),
        np.array(domain),
        np.array(generator),
        np.concatenate(human_sentences) if human_sentences else np.zeros(0),
        language_model.name,
        language_model.fingerprint,
    )
