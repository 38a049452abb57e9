"""The vocabulary, reduced a few positions at a time while the logits are hot in cache.

The T x V matrix of logits never exists: each chunk of positions is turned into six numbers a
token (and the likeliest alternatives, if wanted) and dropped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

CHUNK_POSITIONS = 64
"""Positions reduced at once; changes speed and memory, never the result."""

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


ExactLogits = Callable[[Tensor], Tensor]
"""Ids (n, k) → their logits (n, k) in float32."""


def reduce_logits(
    logits: Tensor,
    targets: Tensor,
    top_k: int = 0,
    uniforms: Tensor | None = None,
    exact: ExactLogits | None = None,
) -> HeadStatistics:
    """Statistics of one chunk. ``logits`` (n, V) of any float type, overwritten if float32; ``targets`` (n,).

    Each of ``uniforms`` (n, samples) in [0, 1) draws a token by inverting the cumulative distribution.
    ``exact`` mends logits of a short number format where rounding would show: those of the target and of the
    likeliest token. The rounding of all others is as often up as down.

    Ties share the better rank: only strictly larger logits count. Logits are taken relative to the largest, so
    that neither the entropy nor the variance is a small difference of large numbers.
    """
    logits = logits.float()
    if exact is not None:
        mended = torch.stack([logits.argmax(dim=1), targets], dim=1)
        logits.scatter_(1, mended, exact(mended))
    target = logits.gather(1, targets[:, None])  # (n, 1)
    rank = (logits > target).sum(dim=1, dtype=torch.int32) + 1
    top = logits.topk(top_k, dim=1) if top_k else None
    maximum = logits.amax(dim=1, keepdim=True)
    shifted = logits.sub_(maximum)  # (n, V), at most 0
    weights = shifted.exp()
    total = weights.sum(dim=1)
    mean = torch.linalg.vecdot(weights, shifted) / total
    if not mean.isfinite().all():  # 0 times the -inf of a masked entry
        mean = torch.linalg.vecdot(weights, shifted.clamp_(min=_LOWEST_LOG_PROB)) / total
    log_total = total.log()
    sampled = None if uniforms is None else _drawn(weights, shifted, uniforms) - log_total[:, None]
    variance = torch.linalg.vecdot(weights, shifted.square_()) / total - mean.square()
    normaliser = maximum + log_total[:, None]
    n = len(targets)
    return HeadStatistics(
        log_prob_nats=(target - normaliser).squeeze(1),
        rank=rank,
        entropy_nats=log_total - mean,
        log_prob_variance=variance.clamp_(min=0),
        max_log_prob_nats=-log_total,
        top_ids=top.indices.int() if top else torch.empty((n, 0), dtype=torch.int32),
        top_log_prob_nats=top.values - normaliser if top else torch.empty((n, 0)),
        sampled_log_prob_nats=sampled,
    )


def _drawn(weights: Tensor, shifted: Tensor, uniforms: Tensor) -> Tensor:
    """Relative logits of the drawn tokens, (n, samples)."""
    cumulative = weights.cumsum(dim=1)
    chosen = torch.searchsorted(cumulative, uniforms * cumulative[:, -1:], right=True)
    return shifted.gather(1, chosen.clamp_(max=weights.shape[1] - 1))


def target_log_probs(
    hidden: Tensor,
    head: Callable[[Tensor], Tensor],
    targets: Tensor,
    chunk_positions: int = CHUNK_POSITIONS,
) -> Tensor:
    """Ln p of the targets alone, float32 (n,); arguments as of ``reduce_vocabulary``."""
    parts = []
    for i in range(0, len(targets), chunk_positions):
        logits = head(hidden[i : i + chunk_positions]).float()
        wanted = logits.gather(1, targets[i : i + chunk_positions, None]).squeeze(1)
        parts.append(wanted - torch.logsumexp(logits, dim=1))
    return torch.cat(parts).cpu()


def reduce_vocabulary(
    hidden: Tensor,
    head: Callable[[Tensor], Tensor],
    targets: Tensor,
    top_k: int = 0,
    chunk_positions: int = CHUNK_POSITIONS,
    uniforms: Tensor | None = None,
    exact: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> HeadStatistics:
    """Statistics of all positions. ``hidden`` (n, d); ``head`` maps (c, d) to logits (c, V); ``targets`` (n,).

    ``exact`` maps (c, d) and ids (c, k) to the logits of these ids alone in float32, (c, k); for heads of a short
    number format.
    """
    parts = []
    for i in range(0, len(targets), chunk_positions):
        chunk = slice(i, i + chunk_positions)
        drawn = None if uniforms is None else uniforms[chunk]
        rows = hidden[chunk]
        mend = None if exact is None else partial(exact, rows)
        parts.append(reduce_logits(head(rows), targets[chunk], top_k, drawn, mend))
    names = [name for name in HeadStatistics.__dataclass_fields__ if getattr(parts[0], name) is not None]
    return HeadStatistics(**{name: torch.cat([getattr(part, name).cpu() for part in parts]) for name in names})
