"""The vocabulary, reduced a few positions at a time while the logits are hot in cache.

The T x V matrix of logits never exists: each chunk of positions is turned into six numbers a
token (and the likeliest alternatives, if wanted) and dropped.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

CHUNK_POSITIONS = 128
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


def reduce_logits(logits: Tensor, targets: Tensor, top_k: int = 0, uniforms: Tensor | None = None) -> HeadStatistics:
    """Statistics of one chunk. ``logits`` (n, V) of any float type, overwritten if float32; ``targets`` (n,).

    Each of ``uniforms`` (n, samples) in [0, 1) draws a token by inverting the cumulative distribution.

    Ties share the better rank: only strictly larger logits count. The variance is centred
    (E[(ln p - E ln p)^2]), not a difference of two large numbers.
    """
    logits = logits.float()
    target_logits = logits.gather(1, targets[:, None])  # (n, 1)
    rank = (logits > target_logits).sum(dim=1, dtype=torch.int32) + 1
    top = logits.topk(top_k, dim=1) if top_k else None
    normaliser = torch.logsumexp(logits, dim=1, keepdim=True)  # (n, 1)
    log_probs = logits.sub_(normaliser).clamp_(min=_LOWEST_LOG_PROB)  # (n, V)
    probs = log_probs.exp()
    mean = torch.linalg.vecdot(probs, log_probs)  # (n,), minus the entropy
    maximum = log_probs.amax(dim=1)
    sampled = None if uniforms is None else _drawn(probs, log_probs, uniforms)
    variance = torch.linalg.vecdot(probs, log_probs.sub_(mean[:, None]).square_())
    n = len(targets)
    return HeadStatistics(
        log_prob_nats=(target_logits - normaliser).squeeze(1),
        rank=rank,
        entropy_nats=-mean,
        log_prob_variance=variance,
        max_log_prob_nats=maximum,
        top_ids=top.indices.int() if top else torch.empty((n, 0), dtype=torch.int32),
        top_log_prob_nats=top.values - normaliser if top else torch.empty((n, 0)),
        sampled_log_prob_nats=sampled,
    )


def _drawn(probs: Tensor, log_probs: Tensor, uniforms: Tensor) -> Tensor:
    """Ln p of the drawn tokens, (n, samples)."""
    cumulative = probs.cumsum(dim=1)
    chosen = torch.searchsorted(cumulative, uniforms * cumulative[:, -1:], right=True)
    return log_probs.gather(1, chosen.clamp_(max=probs.shape[1] - 1))


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
) -> HeadStatistics:
    """Statistics of all positions. ``hidden`` (n, d); ``head`` maps (c, d) to logits (c, V); ``targets`` (n,)."""
    parts = []
    for i in range(0, len(targets), chunk_positions):
        chunk = slice(i, i + chunk_positions)
        drawn = None if uniforms is None else uniforms[chunk]
        parts.append(reduce_logits(head(hidden[chunk]), targets[chunk], top_k, drawn))
    names = [name for name in HeadStatistics.__dataclass_fields__ if getattr(parts[0], name) is not None]
    return HeadStatistics(**{name: torch.cat([getattr(part, name).cpu() for part in parts]) for name in names})
