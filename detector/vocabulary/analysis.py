"""The whole analysis of a vocabulary that needs no model to run, put into one record."""

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.vocabulary.analysis_record import VocabularyAnalysis
from detector.vocabulary.combined_score import DEFAULT_RATE, Ranking, rank_tokens
from detector.vocabulary.embeddings import Embeddings, read_embeddings, say_rows
from detector.vocabulary.indicators import compute_indicators
from detector.vocabulary.merge_residue import count_residue, estimated_standing, expected_standing, load_counts
from detector.vocabulary.reference_rows import ReferenceRows, find_reference, given_reference
from detector.vocabulary.tokenizer_analysis import Category, TokenizerAnalysis, analyse_parts
from detector.vocabulary.tokenizer_parts import take_apart
from detector.vocabulary.tokenizer_versions import compare_versions

_SOFTWARE = ("detect-text", "numpy", "safetensors", "tokenizers", "torch", "transformers")


def analyse_vocabulary(
    folder: Path,
    tokenizer: Any,
    model_name: str,
    sample: Iterable[str] | None = None,
    sample_name: str | None = None,
    reference_ids: NDArray[np.int32] | None = None,
) -> tuple[VocabularyAnalysis, TokenizerAnalysis]:
    """The whole analysis that needs no model to run; with it the tokenizer's own part, for what follows.

    ``reference_ids`` has the shape (n_reference,).

    A folder without weights, or one whose embeddings allow no ranking, is analysed as far as it goes, and
    the notes say what is missing. Raises ``ModelError`` for files that are damaged.
    """
    from detector.models.encoding import TextEncoder

    parts = take_apart(tokenizer)
    tokenizer_analysis = analyse_parts(parts)
    size = len(tokenizer_analysis)
    notes: list[str] = []
    embeddings, reference, indicators, ranking = None, None, None, _no_ranking(size)
    if any(folder.glob("*.safetensors")):
        embeddings = read_embeddings(folder)
        if (sentence := say_rows(embeddings, size)) is not None:
            notes.append(sentence)
        reference = (
            find_reference(embeddings, tokenizer_analysis)
            if reference_ids is None
            else given_reference(embeddings, tokenizer_analysis, _within(reference_ids, embeddings.rows))
        )
        indicators = compute_indicators(embeddings, tokenizer_analysis, reference)
        ranking = rank_tokens(indicators, tokenizer_analysis, reference, embeddings.is_tied)
        notes += _ranking_notes(reference, ranking)
    else:
        notes.append(f"{folder} holds no weights (*.safetensors), so that there are no indicators, only the tokenizer.")
    residue = None
    if sample is not None:
        if parts.merges is None:
            notes.append(f"The tokenizer is of the kind {parts.kind} and has no merges: no merge residue.")
        else:
            residue = count_residue(parts, sample)
    expected = expected_standing(parts)
    standing = residue.standing if residue else np.zeros(size, dtype=np.int64)
    counts = load_counts(folder, size)
    return VocabularyAnalysis(
        model_name=model_name,
        tokenizer_fingerprint=TextEncoder(tokenizer).fingerprint()[:16],
        embeddings_fingerprint=_fingerprint(embeddings) if embeddings else None,
        tokenizer_kind=tokenizer_analysis.kind,
        display=list(tokenizer_analysis.display),
        token_bytes=list(tokenizer_analysis.token_bytes),
        categories=list(tokenizer_analysis.categories),
        reasons=tokenizer_analysis.reasons,
        examples=tokenizer_analysis.examples,
        notes=notes,
        versions=compare_versions(parts, folder),
        is_tied=embeddings.is_tied if embeddings else None,
        rows=embeddings.rows if embeddings else None,
        reference=reference,
        indicators=indicators.values if indicators else {},
        indicators_used=ranking.indicators,
        score=ranking.score,
        false_discovery_rate=ranking.false_discovery_rate,
        order=ranking.order,
        at_floor=ranking.at_floor,
        training_counts=counts,
        produced=residue.produced if residue else None,
        standing=residue.standing if residue else None,
        estimated_standing=estimated_standing(standing, expected) if expected is not None else None,
        settings={
            "false_discovery_rate": DEFAULT_RATE,
            "sample": sample_name,
            "reference": None if reference_ids is None else reference_ids.tolist(),
        },
        software={"python": platform.python_version(), **{name: _version(name) for name in _SOFTWARE}},
    ), tokenizer_analysis


def order_to_verify(analysis: VocabularyAnalysis, rows: int, seed: int = 0) -> NDArray[np.int32]:
    """Ids from the most suspect down, for prompting: by the ranking, else by merge residue, else at random.

    Shape (n_ordered,).

    Tokens without a row, and reference rows, of which it is known that nothing was learned, are left out.
    """
    order = analysis.order
    if not len(order):
        order = np.array(analysis.least_standing(len(analysis)), dtype=np.int32)
    if not len(order):
        every = [c for c in Category if c not in (Category.SPECIAL, Category.UNASSIGNED)]
        order = np.random.default_rng(seed).permutation(np.array(analysis.ids(*every), dtype=np.int32))
    known = analysis.reference.ids if analysis.reference is not None else np.array([], dtype=np.int32)
    return order[(order < rows) & ~np.isin(order, known)]


def _ranking_notes(reference: ReferenceRows, ranking: Ranking) -> list[str]:
    if ranking.refused:
        return [ranking.refused]
    if reference.refused:
        return [
            f"There are no reference rows: {reference.refused}. The ranking rests on the norm of the input embeddings "
            "alone, which is small for some frequent tokens too."
        ]
    return []


def _within(ids: NDArray[np.int32], rows: int) -> NDArray[np.int32]:
    if len(ids) and (ids.min() < 0 or ids.max() >= rows):
        raise InputError(f"The reference rows reach {ids.max()}; the embeddings have the rows 0 to {rows - 1}.")
    return ids


def _no_ranking(size: int) -> Ranking:
    nothing = np.full(size, np.nan)
    return Ranking(nothing, nothing, np.array([], dtype=np.int32), np.zeros(size, dtype=bool), (), None)


def _fingerprint(embeddings: Embeddings) -> str:
    digest = hashlib.sha256()
    matrices = [embeddings.input] if embeddings.is_tied else [embeddings.input, embeddings.output]
    for matrix in matrices:
        digest.update(str(matrix.shape).encode())
        digest.update(np.ascontiguousarray(matrix).tobytes())
    return digest.hexdigest()[:16]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
