"""Held-out bits per byte by genre: the one figure that models with different tokenizers share.

bits per byte = (total surprisal of the text in bits) / (its length in UTF-8 bytes).
The reference points are n-gram models over bytes and over the model's own tokens, with Witten-Bell
smoothing, trained on the training split of the same corpus and measured on the same bytes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from detector.models.language_model import LanguageModel
from detector.scoring.engine import score_texts
from detector.training.corpus import read_documents
from detector.training.tokenizer import mixture_sample

BYTE_ORDER, TOKEN_ORDER = 5, 3


def validation_texts(corpus: Path, documents_per_genre: int = 40, characters: int = 3000) -> dict[str, list[str]]:
    """Beginnings of held-out documents, by genre, all whitespace collapsed to spaces."""
    texts: dict[str, list[str]] = {}
    for document in read_documents(corpus):
        if document.split == "validation":
            found = texts.setdefault(document.genre, [])
            # Spread over the sources of a genre: the shards come one after the other.
            found.append(" ".join(document.text[:characters].split()))
    rng = np.random.default_rng(0)
    return {
        genre: [found[i] for i in rng.permutation(len(found))[:documents_per_genre]]
        for genre, found in sorted(texts.items())
    }


def model_bits_per_byte(language_model: LanguageModel, texts: dict[str, list[str]]) -> dict[str, float]:
    """Bits per byte of a language model, by genre."""
    result = {}
    for genre, found in texts.items():
        bits = sum(float(scores.surprisal_bits.sum()) for scores in score_texts(language_model, found))
        result[genre] = bits / sum(len(text.encode()) for text in found)
    return result


class Ngram:
    """Interpolated n-gram model with Witten-Bell smoothing (Witten and Bell 1991) over bytes or tuples of ids."""

    def __init__(self, order: int, vocabulary: int, sequences: Iterable[Sequence[int]]) -> None:
        self.order, self.vocabulary = order, vocabulary
        self.counts: list[Counter[Sequence[int]]] = [Counter() for _ in range(order + 1)]
        for sequence in sequences:
            for length in range(1, order + 1):
                self.counts[length].update(sequence[i : i + length] for i in range(len(sequence) - length + 1))
        self.totals: list[Counter[Sequence[int]]] = [Counter() for _ in range(order)]
        self.kinds: list[Counter[Sequence[int]]] = [Counter() for _ in range(order)]
        for length in range(1, order + 1):
            for gram, count in self.counts[length].items():
                self.totals[length - 1][gram[:-1]] += count
                self.kinds[length - 1][gram[:-1]] += 1

    def bits(self, sequence: Sequence[int]) -> float:
        """Total surprisal of a sequence in bits."""
        total = 0.0
        for i in range(len(sequence)):
            probability = 1 / self.vocabulary
            for length in range(min(i, self.order - 1) + 1):
                context = sequence[i - length : i]
                seen, kinds = self.totals[length][context], self.kinds[length][context]
                if seen == 0:
                    break
                count = self.counts[length + 1][sequence[i - length : i + 1]]
                probability = (count + kinds * probability) / (seen + kinds)
            total -= float(np.log2(probability))
        return total


def byte_ngram_bits_per_byte(corpus: Path, texts: dict[str, list[str]], megabytes: int = 12) -> dict[str, float]:
    """Bits per byte of a byte ``Ngram``, trained on ``megabytes`` of mixed training text."""
    sample = mixture_sample(read_documents(corpus), megabytes * 1_000_000, seed=0)
    model = Ngram(BYTE_ORDER, 256, (text.encode() for text in sample))
    return {
        genre: sum(model.bits(text.encode()) for text in found) / sum(len(text.encode()) for text in found)
        for genre, found in texts.items()
    }


def token_ngram_bits_per_byte(
    corpus: Path, language_model: LanguageModel, texts: dict[str, list[str]], megabytes: int = 30
) -> dict[str, float]:
    """Bits per byte of an ``Ngram`` over the model's tokens, trained on ``megabytes`` of mixed training text."""
    encoder = language_model.encoder

    def encode(text: str) -> tuple[int, ...]:
        return tuple(encoder.encode(text)[0].tolist())

    sample = mixture_sample(read_documents(corpus), megabytes * 1_000_000, seed=0)
    model = Ngram(TOKEN_ORDER, encoder.highest_id() + 1, (encode(text) for text in sample))
    return {
        genre: sum(model.bits(encode(text)) for text in found) / sum(len(text.encode()) for text in found)
        for genre, found in texts.items()
    }
