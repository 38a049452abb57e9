"""Merge residue: tokens that BPE makes on its way to longer ones and then hardly ever leaves standing.

A token that is nearly always swallowed by a later merge never comes in training, though it is common as a
step. Two predictors, neither of which needs the model's weights:

**From a text sample.** Encode it merge by merge (``bpe.py``); for each token count how often it was *produced*
and how often it was *left standing*.

**From the merges alone.** BPE training takes the most frequent pair each time, so the rank of a merge tells how
often its product came up in the tokenizer's own training text; frequency falls about like 1 / rank (Zipf). A merge
of rank j that uses the token made at rank i takes away about (i + 1) / (j + 1) of its occurrences. What is left,

    expected_standing(i) = 1 / (i + 1) - sum over later merges j that use i of 1 / (j + 1),

and at least a thousandth of 1 / (i + 1), is how often the token is expected to be left standing, as a multiple
of how often the first merge is made.

**Together.** ``estimated_standing`` adds to the counts of a sample what the merges alone let one expect in
as much text again: among the many tokens that a sample never holds, the merges decide.

Residue in the sense of Chizhov et al. (Picky BPE, 2024) and of Sun et al. (LiteToken, 2026); the estimate from
the merges alone is ours.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError, ModelError
from detector.files import read_json
from detector.vocabulary.bpe import Merges
from detector.vocabulary.tokenizer_parts import TokenizerParts

COUNTS_FILE = "token_counts.json"
_LEAST_LEFT = 1e-3


@dataclass(frozen=True, eq=False)
class MergeResidue:
    """Counts over a text sample, arrays of shape (vocabulary,)."""

    produced: NDArray[np.int64]
    """How often each token stood at some step."""
    standing: NDArray[np.int64]
    """How often it was left in the end."""


def count_residue(parts: TokenizerParts, texts: Iterable[str]) -> MergeResidue:
    """Encode the texts merge by merge. Raises ``InputError`` for a tokenizer without merges."""
    merges = Merges.of(parts)
    if merges is None:
        raise InputError(
            f"The tokenizer is of the kind {parts.kind} and has no merges, so there is no merge residue to count."
        )
    produced, standing = np.zeros(len(parts), dtype=np.int64), np.zeros(len(parts), dtype=np.int64)
    cuts: Counter[str] = Counter()
    for word, count in words_of_texts(parts, texts, standing).items():
        for part in merges.cut(word):
            cuts[part] += count
    produced += standing  # added tokens are matched whole
    for part, count in cuts.items():
        trace = merges.encode(part)
        np.add.at(produced, list(trace.produced), count)
        np.add.at(standing, list(trace.ids), count)
    return MergeResidue(produced, standing)


def words_of_texts(parts: TokenizerParts, texts: Iterable[str], added_counts: NDArray[np.int64]) -> Counter[str]:
    """Words as the pre-tokenizer delivers them, with their counts; added tokens go to ``added_counts``.

    ``added_counts`` has the shape (vocabulary,).
    """
    ids = {parts.token_bytes[i].decode(): i for i in parts.added_ids - parts.special_ids}
    added = re.compile("|".join(map(re.escape, sorted(ids, key=len, reverse=True)))) if ids else None
    words: Counter[str] = Counter()
    for text in texts:
        for match in added.finditer(text) if added else ():
            added_counts[ids[match[0]]] += 1
        for piece in filter(None, added.split(text) if added else [text]):
            words.update(_words(parts, piece))
    return words


def _words(parts: TokenizerParts, text: str) -> Iterator[str]:
    tokenizer = parts.tokenizer
    normalized = tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer else text
    if tokenizer.pre_tokenizer is None:
        yield normalized
    else:
        yield from (word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normalized))


def expected_standing(parts: TokenizerParts) -> NDArray[np.float64] | None:
    """The estimate from the merges alone, (vocabulary,), NaN for what no merge makes; None without merges."""
    merges = Merges.of(parts)
    if merges is None:
        return None
    made_at: dict[int, int] = {}
    for rank, product in merges.merges.values():
        made_at.setdefault(product, rank)  # two merges may make one token; the first makes most of it
    frequency = np.full(len(parts), np.nan)
    frequency[list(made_at)] = 1 / (1 + np.array(list(made_at.values()), dtype=np.float64))
    expected = frequency.copy()
    for (left, right), (rank, product) in merges.merges.items():
        if made_at[product] == rank:
            expected[left] -= frequency[product]
            expected[right] -= frequency[product]
    return np.maximum(expected, _LEAST_LEFT * frequency)


def estimated_standing(standing: NDArray[np.int64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts of a sample plus what the merges let one expect in as much text again; lower = more suspect.

    NaN for what no merge makes. Both arrays are (vocabulary,).
    """
    is_made = np.isfinite(expected)
    scale = standing[is_made].sum() / expected[is_made].sum() if is_made.any() else 0.0
    return standing + max(scale, 1e-12) * expected


def load_counts(folder: Path, vocabulary_size: int | None = None) -> NDArray[np.int64] | None:
    """How often each token stood in a model's training, where the model says so; else None.

    Shape (vocabulary,).

    Raises ``ModelError`` for a file that is no list of as many whole numbers as there are tokens.
    """
    path = folder / COUNTS_FILE
    if not path.is_file():
        return None
    try:
        counts = np.array(read_json(path), dtype=np.int64)
    except (ValueError, TypeError, OverflowError) as error:
        raise ModelError(f"{path} is no list of counts: {error}.") from error
    if counts.ndim != 1 or (vocabulary_size is not None and len(counts) != vocabulary_size) or (counts < 0).any():
        raise ModelError(
            f"{path} does not fit: it must hold one count, at least 0, for each of the {vocabulary_size} tokens."
        )
    return counts
