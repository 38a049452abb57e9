"""How much a score depends on which sentences a text happens to have."""

import zlib

import numpy as np

from detector.verdict.classifier import Classifier
from detector.verdict.features import Series, feature_vector

RESAMPLES = 100
LEVEL = 0.95
_BLOCK_TOKENS = 40


def score_interval(series: Series, classifier: Classifier, text: str) -> tuple[float, float]:
    """95 % basic bootstrap interval of the score over blocks of the text.

    The seed is taken from the text, so the same text always gets the same interval. Blocks are
    stretches of about 40 tokens, fewer in short texts, which keeps the fluctuation within them.
    """
    rng = np.random.default_rng(zlib.crc32(text.encode("utf-8", "surrogatepass")))
    blocks = _blocks(series)
    used = frozenset(classifier.feature_names)
    estimate = classifier.score(feature_vector(series, used))
    resampled = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        chosen = [blocks[j] for j in rng.integers(len(blocks), size=len(blocks))]
        index = np.concatenate(chosen)
        sentence = _renumbered([series.sentence[block] for block in chosen])
        resampled[i] = classifier.score(feature_vector(series.take(index, sentence), used))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    # Centred on the estimate: resampling shortens the memory of the series and so shifts some features.
    centre = np.median(resampled)
    return float(estimate + low - centre), float(estimate + high - centre)


def _blocks(series: Series) -> list[np.ndarray]:
    """Token indices of stretches of the text, in order: whole sentences as far as they are not too long.

    A short text, and one without full stops, is cut as well; a single block would make every
    resample the same and the interval falsely narrow.
    """
    target = int(np.clip(len(series) // 8, 8, _BLOCK_TOKENS))
    ends_sentence = np.append(np.diff(series.sentence) > 0, True)
    blocks, begin = [], 0
    for end in range(1, len(series) + 1):
        length = end - begin
        if end == len(series) or (length >= target and ends_sentence[end - 1]) or length == 2 * target:
            blocks.append(np.arange(begin, end))
            begin = end
    return blocks


def _renumbered(parts: list[np.ndarray]) -> np.ndarray:
    """Sentence numbers of concatenated blocks, increasing across them."""
    numbers, offset = [], 0
    for part in parts:
        fresh = part - part[0] + offset
        numbers.append(fresh)
        offset = int(fresh[-1]) + 1
    return np.concatenate(numbers)
