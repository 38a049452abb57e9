"""The vocabulary, reduced a block at a time while its logits are hot in cache.

The T x V matrix of logits never exists. A tile of it, the logits of many positions for a few hundred entries of the
vocabulary, is made, turned into five numbers a position and overwritten by the next; the five are put together at
the end, as in the online softmax (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax"). Many
positions share each block of the head's weights, so that these are read once a batch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from detector.models.linear_head import LinearHead

CHUNK_POSITIONS = {"cpu": 1024, "cuda": 4096, "mps": 4096}
"""Positions reduced at once, by kind of device; changes speed and memory, never the result."""
BLOCK_ENTRIES = {"cpu": 1024, "cuda": 8192, "mps": 8192}
"""Entries of the vocabulary in a tile. On a CPU a thread's share of a tile stays in its second-level cache."""
_WHOLE_ROWS = 64
"""Positions reduced at once where all of their logits are held: for drawing, and for heads that give no blocks."""

# exp() of this is 0 in float32, and 0 times it is 0: it stands for the -inf of masked entries,
# which would turn the entropy into NaN.
_LOWEST_LOG_PROB = -1.0e4


@dataclass(frozen=True)
class HeadStatistics:
    """Per-position statistics of p = softmax(logits); float32 of shape (n,) unless said otherwise."""

    log_prob_nats: Tensor
    rank: Tensor  # int32
    entropy_nats: Tensor
    log_prob_variance: Tensor
    max_log_prob_nats: Tensor
    top_ids: Tensor  # int32, (n, k)
    top_log_prob_nats: Tensor  # (n, k)
    sampled_log_prob_nats: Tensor | None = None  # (n, samples)


Head = LinearHead | Callable[[Tensor], Tensor]
"""A head that gives any block of the vocabulary, or rows (n, d) → logits (n, V) of any float type."""
Exact = Callable[[Tensor, Tensor], Tensor]
"""Rows (n, d) and ids (n, k) → the logits of these ids alone in float32, (n, k)."""


@dataclass(frozen=True)
class _Rows:
    """Positions whose logits can be asked for: by blocks of the vocabulary, and of a few ids in float32."""

    block: Callable[[int, int, Tensor], Tensor]  # start, stop, room (n, stop - start) → logits, in the room or not
    few: Callable[[Tensor], Tensor]  # ids (n, k) → (n, k)
    is_rounded: bool
    """Whether a block's logits differ from those of ``few`` by a rounding that would show."""
    n_entries: int
    device: torch.device


def reduce_logits(
    logits: Tensor,
    targets: Tensor,
    top_k: int = 0,
    uniforms: Tensor | None = None,
    exact: Callable[[Tensor], Tensor] | None = None,
    block_entries: int | None = None,
) -> HeadStatistics:
    """Statistics of logits (n, V) of any float type, which are kept; ``targets`` (n,).

    ``exact`` maps ids (n, k) to their logits in float32; for the rest see ``reduce_vocabulary``.
    """
    return _reduce(_rows_of(logits, exact), targets, top_k, uniforms, block_entries)


def reduce_vocabulary(
    hidden: Tensor,
    head: Head,
    targets: Tensor,
    top_k: int = 0,
    chunk_positions: int | None = None,
    uniforms: Tensor | None = None,
    exact: Exact | None = None,
    block_entries: int | None = None,
) -> HeadStatistics:
    """Statistics of all positions, on the CPU. ``hidden`` (n, d), ``targets`` (n,).

    Each of ``uniforms`` (n, samples) in [0, 1) draws a token by inverting the cumulative distribution.
    In a short number format the logits of the target and of the likeliest token are computed again in float32, where
    rounding would show; ``exact`` does so for a head that is no ``LinearHead``. The rounding of all others is as often
    up as down.

    Ties share the better rank: only strictly larger logits count. Logits are taken relative to the largest, so
    that neither the entropy nor the variance is a small difference of large numbers.
    """
    parts = []
    for chunk in _chunks(hidden, chunk_positions, is_whole=uniforms is not None or not isinstance(head, LinearHead)):
        rows = _rows(hidden[chunk], head, exact)
        drawn = None if uniforms is None else uniforms[chunk]
        parts.append(_reduce(rows, targets[chunk], top_k, drawn, block_entries))
    names = [name for name in HeadStatistics.__dataclass_fields__ if getattr(parts[0], name) is not None]
    return HeadStatistics(**{name: torch.cat([getattr(part, name).cpu() for part in parts]) for name in names})


def target_log_probs(
    hidden: Tensor,
    head: Head,
    targets: Tensor,
    chunk_positions: int | None = None,
    block_entries: int | None = None,
) -> Tensor:
    """Ln p of the targets alone, float32 (n,), on the CPU; arguments as of ``reduce_vocabulary``."""
    parts = []
    for chunk in _chunks(hidden, chunk_positions, is_whole=not isinstance(head, LinearHead)):
        tiles = _Tiles(_rows(hidden[chunk], head, None), targets[chunk], block_entries)
        normalisers = []
        for start in tiles.starts:
            tile = tiles.at(start)
            maximum = tile.amax(dim=1, keepdim=True)
            normalisers.append(maximum.squeeze(1) + tile.sub_(maximum).exp_().sum(dim=1).log())
        parts.append(tiles.target.squeeze(1) - torch.stack(normalisers, dim=1).logsumexp(dim=1))
    return torch.cat(parts).cpu()


class _Tiles:
    """The logits of some positions, block after block, in float32, each overwriting the one before."""

    def __init__(self, rows: _Rows, targets: Tensor, block_entries: int | None) -> None:
        size = min(rows.n_entries, block_entries or BLOCK_ENTRIES.get(rows.device.type, BLOCK_ENTRIES["cpu"]))
        self.starts = range(0, rows.n_entries, size)
        self.target = rows.few(targets[:, None])  # (n, 1)
        self._rows, self._targets, self._size = rows, targets[:, None], size
        self._room = torch.empty(len(targets) * size, device=rows.device)

    def at(self, start: int) -> Tensor:
        """(n, entries); the target's is the one of ``target`` to the last bit, so that it never outranks itself."""
        stop = min(start + self._size, self._rows.n_entries)
        n, width = len(self._targets), stop - start
        tile = self._room[: n * width].view(n, width)
        logits = self._rows.block(start, stop, tile)
        if logits is not tile:
            tile.copy_(logits)
        column = (self._targets - start).clamp_(0, width - 1)
        is_here = self._targets == column + start
        return tile.scatter_(1, column, torch.where(is_here, self.target, tile.gather(1, column)))


class _Likeliest:
    """The ``k`` largest logits of each position among the tiles seen so far, largest first."""

    def __init__(self, n: int, k: int, device: torch.device) -> None:
        self.logits = torch.full((n, k), -torch.inf, device=device)
        self.ids = torch.zeros((n, k), dtype=torch.int64, device=device)

    def look_at(self, tile: Tensor, maximum: Tensor, start: int) -> None:
        """Only rows with something larger than what they have are searched: after the first tiles, few."""
        rows = (maximum > self.logits[:, -1:]).squeeze(1).nonzero().squeeze(1)
        found = tile[rows].topk(min(self.ids.shape[1], tile.shape[1]), dim=1)
        logits = torch.cat([self.logits[rows], found.values], dim=1)
        ids = torch.cat([self.ids[rows], found.indices + start], dim=1)
        best = logits.topk(self.ids.shape[1], dim=1)
        self.logits[rows], self.ids[rows] = best.values, ids.gather(1, best.indices)


def _reduce(
    rows: _Rows, targets: Tensor, top_k: int, uniforms: Tensor | None, block_entries: int | None
) -> HeadStatistics:
    tiles = _Tiles(rows, targets, rows.n_entries if uniforms is not None else block_entries)
    n, target = len(targets), tiles.target
    kept = max(top_k, min(2, rows.n_entries)) if rows.is_rounded else top_k
    likeliest = _Likeliest(n, kept, rows.device)
    weights = torch.empty(0, device=rows.device)
    maxima, moments = [], []
    above = torch.zeros(n, device=rows.device)
    drawn = None
    for start in tiles.starts:
        tile = tiles.at(start)
        if weights.shape != tile.shape:
            weights = torch.empty_like(tile)
        # Counted as floats, which is several times faster than counting booleans, and exact up to 2 ** 24.
        above += torch.gt(tile, target, out=weights).sum(dim=1)
        maximum = tile.amax(dim=1, keepdim=True)
        if kept:
            likeliest.look_at(tile, maximum, start)
        shifted = tile.sub_(maximum.clamp_(min=torch.finfo(torch.float32).min))  # at most 0
        total = torch.exp(shifted, out=weights).sum(dim=1)
        if uniforms is not None:
            drawn = _drawn(weights, shifted, uniforms)
        first = weights.mul_(shifted).sum(dim=1)
        if not first.isfinite().all():  # 0 times the -inf of a masked entry
            torch.exp(shifted.clamp_(min=_LOWEST_LOG_PROB), out=weights)
            first = weights.mul_(shifted).sum(dim=1)
        second = weights.mul_(shifted).sum(dim=1)
        maxima.append(maximum.squeeze(1))
        moments.append(torch.stack([total, first, second]))
    largest, blocks, sums = torch.stack(maxima).amax(dim=0), torch.stack(maxima, dim=1), torch.stack(moments, dim=2)
    if rows.is_rounded:
        blocks, sums, above, largest = _mended(rows, likeliest, target, blocks, sums, above)
    log_total, mean, variance = _combined(blocks, sums)
    normaliser = blocks.amax(dim=1) + log_total
    top = likeliest.logits.topk(top_k, dim=1)
    return HeadStatistics(
        log_prob_nats=target.squeeze(1) - normaliser,
        rank=above.int() + 1,
        entropy_nats=log_total - mean,
        log_prob_variance=variance.clamp_(min=0),
        max_log_prob_nats=largest - normaliser,
        top_ids=likeliest.ids.gather(1, top.indices).int(),
        top_log_prob_nats=top.values - normaliser[:, None],
        sampled_log_prob_nats=None if drawn is None else drawn - log_total[:, None],
    )


def _combined(blocks: Tensor, sums: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Log of the sum, mean and variance of l under softmax(l), each (n,), where l is relative to the largest logit.

    ``blocks`` (n, blocks) is what each block's logits were taken relative to, ``sums`` (3, n, blocks) the sums of
    exp(l), of it times l, and of it times l squared. All terms of a sum have one sign, so nothing cancels.
    """
    lower = (blocks - blocks.amax(dim=1, keepdim=True)).clamp_(min=_LOWEST_LOG_PROB)
    total, first, second = sums * lower.exp()
    n = total.sum(dim=1)
    mean = (first + lower * total).sum(dim=1) / n
    square = (second + 2 * lower * first + lower.square() * total).sum(dim=1) / n
    return n.log(), mean, square - mean.square()


def _mended(
    rows: _Rows, likeliest: _Likeliest, target: Tensor, blocks: Tensor, sums: Tensor, above: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The last three, and the largest logits (n,), with the exact logit of the likeliest token for its rounded one.

    In its block it counted 1, 0 and 0: it leaves that and becomes a block of its own.
    """
    rounded, exact = likeliest.logits[:, :1].clone(), rows.few(likeliest.ids[:, :1])
    above = above + (exact > target).squeeze(1).float() - (rounded > target).squeeze(1).float()
    alone = torch.zeros((3, len(exact), 1), device=exact.device)
    alone[0] = 1
    sums[0].scatter_add_(1, blocks.argmax(dim=1, keepdim=True), -alone[0])
    likeliest.logits[:, :1] = exact
    return torch.cat([blocks, exact], dim=1), torch.cat([sums, alone], dim=2), above, likeliest.logits.amax(dim=1)


def _drawn(weights: Tensor, shifted: Tensor, uniforms: Tensor) -> Tensor:
    """Relative logits of the drawn tokens, (n, samples)."""
    cumulative = weights.cumsum(dim=1)
    chosen = torch.searchsorted(cumulative, uniforms * cumulative[:, -1:], right=True)
    return shifted.gather(1, chosen.clamp_(max=weights.shape[1] - 1))


def _chunks(hidden: Tensor, chunk_positions: int | None, is_whole: bool) -> list[slice]:
    size = chunk_positions or CHUNK_POSITIONS.get(hidden.device.type, CHUNK_POSITIONS["cpu"])
    size = min(size, _WHOLE_ROWS) if is_whole else size
    return [slice(i, i + size) for i in range(0, len(hidden), size)]


def _rows(hidden: Tensor, head: Head, exact: Exact | None) -> _Rows:
    if not isinstance(head, LinearHead):
        return _rows_of(head(hidden), None if exact is None else partial(exact, hidden))
    return _Rows(partial(head.block, hidden), partial(head.few, hidden), head.is_rounded, head.n_entries, hidden.device)


def _rows_of(logits: Tensor, exact: Callable[[Tensor], Tensor] | None) -> _Rows:
    def block(start: int, stop: int, room: Tensor) -> Tensor:
        return logits[:, start:stop]

    def few(ids: Tensor) -> Tensor:
        return logits.gather(1, ids).float() if exact is None else exact(ids)

    return _Rows(block, few, exact is not None, logits.shape[1], logits.device)
