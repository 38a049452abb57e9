"""Held-out bits per byte by genre: the one figure that models with different tokenizers share.

bits per byte = (total surprisal of the text in bits) / (its length in UTF-8 bytes).
The reference point is a byte-level n-gram model with Witten-Bell smoothing, trained on the
training split of the same corpus and measured on the same bytes.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from detector.models.language_model import LanguageModel
from detector.scoring.engine import score_texts
from detector.training.corpus import read_documents


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


class ByteNgram:
    """Interpolated byte n-gram model with Witten-Bell smoothing (Witten and Bell 1991)."""

    def __init__(self, order: int, texts: Iterable[str]) -> None:
        self.order = order
        self.counts: list[Counter[bytes]] = [Counter() for _ in range(order + 1)]
        for text in texts:
            data = text.encode()
            for length in range(1, order + 1):
                self.counts[length].update(data[i : i + length] for i in range(len(data) - length + 1))
        self.totals: list[Counter[bytes]] = [Counter() for _ in range(order)]
        self.kinds: list[Counter[bytes]] = [Counter() for _ in range(order)]
        for length in range(1, order + 1):
            for gram, count in self.counts[length].items():
                self.totals[length - 1][gram[:-1]] += count
                self.kinds[length - 1][gram[:-1]] += 1

    def bits(self, data: bytes) -> float:
        """Total surprisal of ``data`` in bits."""
        total = 0.0
        for i in range(len(data)):
            probability = 1 / 256
            for length in range(min(i, self.order - 1) + 1):
                context = data[i - length : i]
                seen, kinds = self.totals[length][context], self.kinds[length][context]
                if seen == 0:
                    break
                count = self.counts[length + 1][context + data[i : i + 1]]
                probability = (count + kinds * probability) / (seen + kinds)
            total -= np.log2(probability)
        return total


def ngram_bits_per_byte(
    corpus: Path, texts: dict[str, list[str]], order: int = 5, megabytes: int = 12
) -> dict[str, float]:
    """Bits per byte of ``ByteNgram``, trained on the first ``megabytes`` of mixed training text."""
    from detector.training.tokenizer import mixture_sample

    model = ByteNgram(order, mixture_sample(read_documents(corpus), megabytes * 1_000_000, seed=0))
    return {
        genre: sum(model.bits(text.encode()) for text in found) / sum(len(text.encode()) for text in found)
        for genre, found in texts.items()
    }
