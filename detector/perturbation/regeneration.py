"""The second half of a text, drawn again: what DNA-GPT compares the text with."""

from collections.abc import Iterator, Sequence

import numpy as np

from detector.errors import InputError, UsageError
from detector.generation.sampler import generate
from detector.generation.sampling import SamplingSettings
from detector.models.language_model import LanguageModel
from detector.records.token_scores import RegeneratedScores
from detector.scoring.engine import score_texts


def regenerate(
    language_model: LanguageModel,
    texts: Sequence[str],
    n: int = 10,
    kept_share: float = 0.5,
    settings: SamplingSettings | None = None,
    seed: int = 0,
) -> Iterator[RegeneratedScores]:
    """Cut each text after ``kept_share`` of its words and draw ``n`` other endings of like length.

    Words are joined by single spaces; a drawn ending follows the first half as the model wrote it, which may be
    without a space.
    A text longer than the model's context is taken from its end, so that the cut falls within the context.
    Raises ``InputError`` for a text of fewer than four words.
    """
    if n < 1 or not 0 < kept_share < 1:
        raise UsageError(f"n is {n} and kept_share {kept_share:g}; n must be at least 1, the share between 0 and 1.")
    for text in texts:
        words = text.split()
        if len(words) < 4:
            raise InputError(f"The text has {len(words)} words; at least 4 are needed to cut it in two.")
        head, tail = _cut(language_model, words, kept_share)
        n_tail = len(language_model.encoder.encode(" " + tail)[0])
        drawn = generate(language_model, [head] * n, max_tokens=n_tail, settings=settings, seed=seed)
        endings = [one.text for one in drawn]
        original, *others = score_texts(language_model, [f"{head} {tail}", *(head + ending for ending in endings)])
        yield RegeneratedScores(original, tuple(others), tail, tuple(endings), len(head))


def _cut(language_model: LanguageModel, words: list[str], kept_share: float) -> tuple[str, str]:
    """Both halves, with words left out at the beginning until they fit the context together."""
    room = language_model.window_tokens - 2
    lengths = np.array([len(language_model.encoder.encode(" " + word)[0]) for word in words])
    first = int(np.searchsorted(-np.cumsum(lengths[::-1])[::-1], -room)) if lengths.sum() > room else 0
    kept = words[first:]
    if len(kept) < 4:
        raise InputError("The text has words too long for the model's context to be cut in two.")
    cut = min(max(2, round(kept_share * len(kept))), len(kept) - 1)
    return " ".join(kept[:cut]), " ".join(kept[cut:])
