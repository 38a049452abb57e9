"""How much a score depends on which sentences a text happens to have."""

import zlib
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from detector.verdict.classifier import Classifier
from detector.verdict.features import LEAST_TOKENS, Series, feature_vector

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
    used = classifier.needed_features
    resamples = (series.take(*_drawn(series, blocks, rng)) for _ in range(RESAMPLES))
    scores = classifier.scores(np.array([feature_vector(taken, used) for taken in chain([series], resamples)]))
    estimate, resampled = scores[0], scores[1:]
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    # Centred on the estimate: resampling shortens the memory of the series and so shifts some features.
    centre = np.median(resampled)
    return float(estimate + low - centre), float(estimate + high - centre)


def _blocks(series: Series) -> list[np.ndarray]:
    """Token indices of stretches of the text, in order: whole sentences as far as they are not too long.

    A short text, and one without full stops, is cut as well; a single block would make every
    resample the same and the interval falsely narrow. None is shorter than the shortest aimed at: a few tokens left
    over at the end belong to the block before, or a text drawn of them alone would be too short for its features.
    """
    target = int(np.clip(len(series) // 8, LEAST_TOKENS, _BLOCK_TOKENS))
    ends_sentence = np.append(np.diff(series.sentence) > 0, True)
    begins, begin = [0], 0
    for end in range(1, len(series) - target + 1):
        length = end - begin
        if (length >= target and ends_sentence[end - 1]) or length == 2 * target:
            begins.append(begin := end)
    return np.split(np.arange(len(series)), begins[1:])


def _drawn(
    series: Series, blocks: list[np.ndarray], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """As many blocks as there are, drawn with repetition: token indices, and sentence numbers that rise throughout."""
    chosen = [blocks[i] for i in rng.integers(len(blocks), size=len(blocks))]
    index = np.concatenate(chosen)
    sentence = series.sentence[index]
    last = np.cumsum([len(block) for block in chosen]) - 1
    # Within a block the numbers rise as they did; from one block to the next by 1.
    steps = np.diff(sentence, prepend=sentence[:1])
    steps[last[:-1] + 1] = 1
    return index, np.cumsum(steps)
