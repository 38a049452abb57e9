"""The SynthID-Text watermark (Dathathri et al. 2024): the test by mean scores, given the keys.

Every position has a bit g for each of the ``depth`` keys, hashed from the token and the ``ngram_length`` - 1
tokens before it; marked text was drawn by tournaments that favour bits of 1. Over the positions whose
context is new (a repeated one tells nothing new):
    mean     = sum of g / (depth * positions)
    weighted = the same with weights falling evenly from 10 to 1 over the depth, scaled to mean 1
Without a mark the bits are fair coins, so that both have mean 1/2 and an exact distribution: a binomial,
and a sum of binomials, one for each weight.

The bits are computed by transformers' own ``SynthIDTextWatermarkLogitsProcessor``, which looks them up in a
table; Google's service hashes otherwise, so its texts cannot be tested. Under the same name elsewhere: the
published detector gives no p-value; its Bayesian one must be trained for each set of keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from detector.errors import UsageError

_CONTEXT_HISTORY = 1024


@dataclass(frozen=True)
class SynthId:
    """One watermark: its secret keys and the length of the n-grams that are hashed."""

    keys: tuple[int, ...]
    ngram_length: int = 5

    def __post_init__(self) -> None:
        if len(self.keys) < 2 or len(set(self.keys)) != len(self.keys):
            raise UsageError(
                f"SynthID needs two different keys or more, and {len(self.keys)} were given, or one of them twice."
            )
        if self.ngram_length < 2:
            raise UsageError(f"The n-gram length is {self.ngram_length}; it must be at least 2.")

    @cached_property
    def _processor(self):  # type: ignore[no-untyped-def]
        from transformers import SynthIDTextWatermarkLogitsProcessor

        return SynthIDTextWatermarkLogitsProcessor(
            ngram_len=self.ngram_length,
            keys=list(self.keys),
            sampling_table_size=2**16,
            sampling_table_seed=0,
            context_history_size=_CONTEXT_HISTORY,
            device=torch.device("cpu"),
        )

    def bits(self, token_ids: Sequence[int]) -> NDArray[np.int64]:
        """The bits of the positions with a new context, shape (positions, depth)."""
        if len(token_ids) < self.ngram_length:
            return np.zeros((0, len(self.keys)), dtype=np.int64)
        ids = torch.tensor([list(token_ids)], dtype=torch.long)
        new = self._processor.compute_context_repetition_mask(ids)[0].bool()
        return self._processor.compute_g_values(ids)[0][new].numpy().astype(np.int64)


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
    """Test ``token_ids`` (no prefix) for the mark; NaN where the text is shorter than an n-gram."""
    from scipy.stats import binom

    bits = watermark.bits(token_ids)
    n, depth = bits.shape
    if not n:
        return SynthIdResult(0, *[float("nan")] * 4)
    counts = bits.sum(axis=0)
    steps = _integer_weights(depth)
    weighted = int((steps * counts).sum())
    return SynthIdResult(
        n_scored=n,
        mean=float(counts.sum() / (n * depth)),
        mean_p_value=float(binom.sf(counts.sum() - 1, n * depth, 0.5)),
        weighted_mean=weighted / (n * int(steps.sum())),
        weighted_mean_p_value=weighted_tail(weighted, n, steps),
    )


def _integer_weights(depth: int) -> NDArray[np.int64]:
    """Weights in proportion to ``linspace(10, 1, depth)``, as whole numbers."""
    return 10 * (depth - 1) - 9 * np.arange(depth)


def weighted_tail(total: int, n: int, steps: NDArray[np.int64]) -> float:
    """P(sum_d steps_d B_d >= total) for independent B_d ~ Binomial(n, 1/2).

    The distribution lives on whole numbers, so the Fourier transform of its characteristic function
    gives it exactly up to rounding of about 1e-12; where the tail is smaller, Chernoff's bound is given.
    """
    divisor = int(np.gcd.reduce(steps))
    steps, total = steps // divisor, -(-total // divisor)
    highest = int(n * steps.sum())
    angles = 2 * np.pi * np.arange(highest // 2 + 1 + 1) / (highest + 1)
    # |cos|^n may underflow to 0, which is what it contributes
    characteristic = np.ones(len(angles), dtype=np.complex128)
    for step in steps:
        characteristic *= (0.5 * (1 + np.exp(-1j * angles * step))) ** n
    probabilities = np.fft.irfft(characteristic[: (highest + 1) // 2 + 1], n=highest + 1)
    tail = float(np.clip(probabilities[total:], 0, None).sum())
    return min(1.0, tail) if tail > 1e-9 else _chernoff(total, n, steps)


def _chernoff(total: int, n: int, steps: NDArray[np.int64]) -> float:
    """Min over s of E exp(s (X - total)): an upper bound of P(X >= total)."""
    from scipy.optimize import minimize_scalar

    def log_bound(s: float) -> float:
        return float(n * (np.logaddexp(0, s * steps) - np.log(2)).sum() - s * total)

    found = minimize_scalar(log_bound, bounds=(0, 50 / steps.max()), method="bounded")
    return float(np.exp(min(0.0, found.fun)))
