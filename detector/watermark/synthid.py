"""The SynthID-Text watermark (Dathathri et al. 2024): the test by mean scores, given the keys.

Every position has a bit g for each of the ``depth`` keys, hashed from the token and the ``ngram_length`` - 1
tokens before it; marked text was drawn by tournaments that favour bits of 1. Over the positions whose
context is new in the text (a repeated one tells nothing new, however far apart):
    mean     = sum of g / (depth * positions)
    weighted = the same with weights falling evenly from 10 to 1 over the depth, scaled to mean 1
Without a mark the bits are fair coins, so that both have mean 1/2 and an exact distribution: a binomial,
and a sum of binomials, one for each weight.

The bits are computed by transformers' own ``SynthIDTextWatermarkLogitsProcessor``, which looks them up in a
table; Google's service hashes otherwise, so its texts cannot be tested. Under the same name elsewhere: the
published detector gives no p-value, and its Bayesian one must be trained for each set of keys; it forgets a
context after the next 1,024, so that a text that repeats a long passage counts the same bits again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import binom

from detector.errors import UsageError
from detector.watermark.keys import check_key
from detector.watermark.tails import LEAST_SCORED, weighted_tail


@dataclass(frozen=True)
class SynthId:
    """One watermark: its secret keys and the length of the n-grams that are hashed."""

    keys: tuple[int, ...]
    ngram_length: int = 5

    def __post_init__(self) -> None:
        if len(self.keys) < 2:
            given = "none was" if not self.keys else "only one was"
            raise UsageError(f"SynthID-Text needs at least two keys, and {given} given. Give all of them.")
        for key in self.keys:
            check_key(key, "A key of SynthID-Text")
        repeated = next((key for i, key in enumerate(self.keys) if key in self.keys[:i]), None)
        if repeated is not None:
            raise UsageError(f"The SynthID-Text key {repeated} was given twice; its keys must differ. Give each once.")
        if self.ngram_length < 2:
            raise UsageError(f"The n-gram length is {self.ngram_length}; it must be at least 2. 5 is usual.")

    @cached_property
    def _processor(self):  # type: ignore[no-untyped-def]
        from transformers import SynthIDTextWatermarkLogitsProcessor

        return SynthIDTextWatermarkLogitsProcessor(
            ngram_len=self.ngram_length,
            keys=list(self.keys),
            sampling_table_size=2**16,
            sampling_table_seed=0,
            context_history_size=1,  # asked for bits alone, it keeps no contexts
            device=torch.device("cpu"),
        )

    def bits(self, token_ids: Sequence[int]) -> NDArray[np.int64]:
        """The bits of the positions with a new context, shape (positions, depth)."""
        if len(token_ids) < self.ngram_length:
            return np.zeros((0, len(self.keys)), dtype=np.int64)
        ids = torch.tensor([list(token_ids)], dtype=torch.long)
        contexts = ids[0, :-1].unfold(0, self.ngram_length - 1, 1).numpy()  # (positions, ngram_length - 1)
        _, first = np.unique(contexts, axis=0, return_index=True)
        return self._processor.compute_g_values(ids)[0].numpy()[np.sort(first)].astype(np.int64)


@dataclass(frozen=True)
class SynthIdResult:
    """How far the bits of a text lean to 1."""

    n_scored: int
    """Positions with a new context."""
    mean: float
    mean_p_value: float
    """Exact; the share of unmarked texts with a mean at least as high."""
    weighted_mean: float
    weighted_mean_p_value: float
    """The same, from the exact distribution; below 1e-9 an upper bound of it."""


def detect_synthid(watermark: SynthId, token_ids: Sequence[int]) -> SynthIdResult:
    """Test ``token_ids`` (no prefix) for the mark; NaN below ``LEAST_SCORED`` scored positions."""
    bits = watermark.bits(token_ids)
    n, depth = bits.shape
    if n < LEAST_SCORED:
        return SynthIdResult(n, *[float("nan")] * 4)
    counts = bits.sum(axis=0)
    steps = _integer_weights(depth)
    weighted = int((steps * counts).sum())
    return SynthIdResult(
        n_scored=n,
        mean=float(counts.sum() / (n * depth)),
        mean_p_value=float(binom.sf(int(counts.sum()) - 1, n * depth, 0.5)),
        weighted_mean=weighted / (n * int(steps.sum())),
        weighted_mean_p_value=weighted_tail(weighted, n, steps),
    )


def _integer_weights(depth: int) -> NDArray[np.int64]:
    """Weights in proportion to ``linspace(10, 1, depth)``, as whole numbers."""
    return 10 * (depth - 1) - 9 * np.arange(depth)
