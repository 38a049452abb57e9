"""The green-list watermark of Kirchenbauer et al. (2023, 2024): marking and testing.

From the tokens before a position (and, in ``selfhash``, the token itself) a seed is made; it chooses a
share gamma of the vocabulary as green. Marking adds ``bias`` to the logits of green tokens; the test
counts how many tokens of a text are green, G of T. Without a mark each is green with probability gamma,
whatever the text says, so that
    z = (G - gamma T) / sqrt(T gamma (1 - gamma)),      p = P(Binomial(T, gamma) >= G)
An n-gram that stands several times in the text is counted once: repeats are not independent.

Schemes, k the key, h a fixed permutation of 0 .. 1,000,002 plus 1, context t_1 .. t_w:
    lefthash (simple_1)  w = 1: k t_1                    minhash    w = 4: min_i h(k t_i)
    skipgram             w = 5: h(k t_1)                 selfhash   w = 4, t_4 the token itself:
                                                                    min_i k h(t_i) h(t_4)
Products are 64-bit and wrap around, as in the published code (its own key wraps in selfhash).
The green tokens are the first floor(gamma V) of ``torch.randperm(V)`` on the CPU, seeded with that number
modulo 2^64 - 1; a text marked on a GPU has another permutation and cannot be tested on a CPU.

Under the same name elsewhere: the published detector and that of transformers give the normal
approximation of p, which is too small for short texts; transformers counts repeats unless told
otherwise, and its selfhash makes h from the key (scheme ``selfhash_transformers`` here), so that texts
marked by one are not found by the other. The published largest-window score has no valid p-value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import binom
from torch import Tensor

from detector.errors import UsageError
from detector.watermark.keys import check_key
from detector.watermark.tails import LEAST_SCORED

PUBLISHED_KEY = 15_485_863
"""The default key of the published code: a mark made with it can be removed by anyone."""

_TABLE_SIZE = 1_000_003
_TABLE_SEED = 2_971_215_073
_CANDIDATES = {"selfhash": 41, "selfhash_transformers": 40}
"""In ``selfhash`` every candidate has a list of its own; only the likeliest are tried, as many as each code tries."""

_WIDTHS: dict[str, int] = {"lefthash": 1, "minhash": 4, "skipgram": 5, "selfhash": 4, "selfhash_transformers": 4}
SCHEMES = tuple(_WIDTHS)
_ALIASES = {"simple_1": "lefthash", "algorithm-3": "selfhash"}
HIGHEST_BIAS = 1000.0
"""More cannot mark a text more: a green token is certain long before, and the logits must stay finite."""


@cache
def _table(seed: int) -> Tensor:
    return torch.randperm(_TABLE_SIZE, generator=torch.Generator().manual_seed(seed))


def _hashed(values: Tensor, table: Tensor) -> Tensor:
    return table[values % _TABLE_SIZE] + 1


@dataclass(frozen=True)
class GreenList:
    """One watermark: everything a marker and a tester must share."""

    vocabulary: int
    """Size of the model's logits, which may exceed that of the tokenizer."""
    key: int = PUBLISHED_KEY
    gamma: float = 0.25
    scheme: str = "selfhash"
    """One of ``SCHEMES``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "scheme", _ALIASES.get(self.scheme, self.scheme))
        if self.scheme not in _WIDTHS:
            raise UsageError(f"Unknown watermark scheme {self.scheme!r}. Allowed: {', '.join(SCHEMES)}.")
        if not 0 < self.gamma < 1:
            raise UsageError(f"gamma is {self.gamma:g}; the share of green tokens must lie between 0 and 1.")
        if not 0 < self.n_green_ids < self.vocabulary:
            raise UsageError(
                f"gamma is {self.gamma:g}, which makes {self.n_green_ids} of {self.vocabulary} tokens green; some must "
                "be green and some not. Choose another, such as 0.25."
            )
        check_key(self.key, "The watermark key")

    @property
    def n_green_ids(self) -> int:
        """Length of a green list: a whole number of tokens, so that the true share may lie below gamma."""
        return int(self.gamma * self.vocabulary)

    @property
    def seeds_with_itself(self) -> bool:
        """Whether the token itself is part of what its list is made from."""
        return self.scheme.startswith("selfhash")

    @property
    def ngram_length(self) -> int:
        """Tokens that decide whether the last of them is green."""
        return _WIDTHS[self.scheme] + (not self.seeds_with_itself)

    def _seed(self, context: Sequence[int]) -> int:
        ids = torch.tensor(list(context), dtype=torch.long)
        if self.scheme == "lefthash":
            seed = self.key * int(ids[-1])
        elif self.scheme == "minhash":
            seed = int(_hashed(self.key * ids, _table(_TABLE_SEED)).min())
        elif self.scheme == "skipgram":
            seed = int(_hashed(self.key * ids[0], _table(_TABLE_SEED)))
        else:
            table = _table(self.key if self.scheme == "selfhash_transformers" else _TABLE_SEED)
            hashes = _hashed(ids, table)
            seed = int((self.key * hashes * hashes[-1]).min())
        return seed % (2**64 - 1)

    def green_ids(self, context: Sequence[int]) -> Tensor:
        """Ids of the green tokens after ``context`` (in ``selfhash`` with the token itself at its end).

        Shape (n_green,).
        """
        generator = torch.Generator().manual_seed(self._seed(context))
        return torch.randperm(self.vocabulary, generator=generator)[: self.n_green_ids]

    def is_green(self, ngram: Sequence[int]) -> bool:
        """Whether the last token of an n-gram of ``ngram_length`` ids is green."""
        context = ngram if self.seeds_with_itself else ngram[:-1]
        return bool((self.green_ids(context) == ngram[-1]).any())

    def marker(self, bias: float = 2.0) -> Callable[[Tensor, list[list[int]]], Tensor]:
        """For ``generate(adjust_logits=...)``: adds ``bias`` to green logits; the first tokens stay unmarked.

        Logits have the shape (n_texts, V).
        """
        check_bias(bias)
        width = self.ngram_length - 1

        def adjust(logits: Tensor, sequences: list[list[int]]) -> Tensor:
            adjusted = logits.clone()
            for row, sequence in enumerate(sequences):
                if len(sequence) < max(1, width):
                    continue
                context = sequence[len(sequence) - width :]
                if self.seeds_with_itself:
                    n_tried = min(_CANDIDATES[self.scheme], logits.shape[-1])
                    candidates = logits[row].topk(n_tried).indices.tolist()
                    green = torch.tensor([c for c in candidates if self.is_green([*context, c])], dtype=torch.long)
                else:
                    green = self.green_ids(context)
                adjusted[row, green.to(logits.device)] += bias
            return adjusted

        return adjust


def check_bias(bias: float) -> None:
    """Raise ``UsageError`` for a bias that marks nothing or breaks the logits."""
    if not 0 <= bias <= HIGHEST_BIAS:
        raise UsageError(
            f"The watermark bias is {bias:g}; it must be a finite number from 0 to {HIGHEST_BIAS:g}. 2 is usual."
        )


@dataclass(frozen=True)
class GreenListResult:
    """How green a text is."""

    n_scored: int
    """Different n-grams."""
    n_green: int
    z: float
    p_value: float
    """Exact binomial; the share of unmarked texts at least as green."""
    window_p_value: float
    """Of the greenest stretch, after a correction for the stretches tried."""
    window: tuple[int, int] | None
    """First and one past the last token of that stretch."""
    green: list[bool | None]
    """For every token: green or not; None for the first ones and for repeats."""


def detect_green_list(
    watermark: GreenList, token_ids: Sequence[int], window_lengths: Sequence[int] = (50, 100, 200, 400)
) -> GreenListResult:
    """Test ``token_ids`` (no prefix) for the mark.

    ``window_p_value`` is valid for a mark in part of a text: the least binomial p over all stretches of
    ``window_lengths`` scored n-grams, times their number (Bonferroni), at most 1. All statistics
    are NaN below ``LEAST_SCORED`` scored n-grams.
    """
    length = watermark.ngram_length
    ids = [int(i) for i in token_ids]
    green: list[bool | None] = [None] * len(ids)
    seen: set[tuple[int, ...]] = set()
    for end in range(length, len(ids) + 1):
        ngram = tuple(ids[end - length : end])
        if ngram not in seen:
            seen.add(ngram)
            green[end - 1] = watermark.is_green(ngram)
    places = np.array([i for i, flag in enumerate(green) if flag is not None], dtype=np.int64)
    flags = np.array([green[i] for i in places], dtype=np.int64)
    n, count = len(flags), int(flags.sum())
    if n < LEAST_SCORED:
        return GreenListResult(n, count, float("nan"), float("nan"), float("nan"), None, green)
    share = watermark.n_green_ids / watermark.vocabulary
    z = (count - share * n) / np.sqrt(n * share * (1 - share))
    window_p, window = _greenest_window(flags, share, window_lengths)
    where = None if window is None else (int(places[window[0]]), int(places[window[1] - 1]) + 1)
    return GreenListResult(n, count, float(z), float(binom.sf(count - 1, n, share)), window_p, where, green)


def _greenest_window(
    flags: NDArray[np.int64], share: float, lengths: Sequence[int]
) -> tuple[float, tuple[int, int] | None]:
    cumulative = np.concatenate([[0], np.cumsum(flags)])
    best, window, tried = 2.0, None, 0
    for length in {min(length, len(flags)) for length in lengths}:
        counts = cumulative[length:] - cumulative[:-length]
        tried += len(counts)
        at = int(counts.argmax())
        p = float(binom.sf(int(counts[at]) - 1, length, share))
        if p < best:
            best, window = p, (at, at + length)
    return min(1.0, best * tried), window
