"""Two models over the same texts: what one expects of the other's surprise."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detector.errors import ModelError
from detector.models.language_model import LanguageModel
from detector.records.pair_scores import PairScores
from detector.scoring.batches import BATCH_TOKENS, Batch, encode, plan_batches
from detector.scoring.engine import LOOKAHEAD_TEXTS

_COLUMNS = ("log_prob_nats", "max_log_prob_nats", "cross_entropy_nats", "cross_variance")


CHUNK_POSITIONS = 64
"""Positions whose whole vocabulary is held at once, twice; changes speed and memory, never the result."""


@dataclass
class _Sequence:
    ids: NDArray[np.int32]
    """Prefix included; in a text of one window an id behind the last, so that the position there is read too."""
    columns: dict[str, NDArray[Any]]
    n: int
    """Scored tokens, without the one behind the last."""

    def finish(self, observer: LanguageModel, performer: LanguageModel) -> PairScores:
        past_the_end = self.columns["cross_entropy_nats"][self.n :]
        return PairScores(
            **{name: column[: self.n] for name, column in self.columns.items()},
            final_cross_entropy_nats=float(past_the_end[0]) if len(past_the_end) else float("nan"),
            observer_fingerprint=observer.fingerprint,
            performer_fingerprint=performer.fingerprint,
        )


def _sequence(performer: LanguageModel, text: str, context: int) -> _Sequence:
    encoded = encode(performer, text)
    n, ids = len(encoded.start_char), encoded.ids
    if 0 < len(ids) <= context:
        ids = np.append(ids, ids[-1:])
    return _Sequence(ids, {name: np.empty(max(0, len(ids) - 1), np.float32) for name in _COLUMNS}, n)


def score_pairs(
    observer: LanguageModel,
    performer: LanguageModel,
    texts: Iterable[str],
    *,
    batch_tokens: int | None = None,
    chunk_positions: int = CHUNK_POSITIONS,
) -> Iterator[PairScores]:
    """Score every token under both models, in input order; texts, windows and batches as in ``score_texts``.

    Raises ``ModelError`` when the two do not share a tokenizer, a vocabulary size and a first-token policy.
    """
    if isinstance(texts, str):
        raise TypeError("score_pairs takes several texts; put a single one in a list")
    _check_pair(observer, performer)
    if batch_tokens is None:
        batch_tokens = BATCH_TOKENS.get(performer.device.type, BATCH_TOKENS["cpu"])
    context = min(observer.window_tokens, performer.window_tokens)
    chunked = observer.uses_chunked_head and performer.uses_chunked_head
    iterator = iter(texts)
    while group := list(islice(iterator, LOOKAHEAD_TEXTS)):
        sequences = [_sequence(performer, text, context) for text in group]
        packs = observer.packs_texts and performer.packs_texts
        repeats = performer.repeats_prefix or observer.repeats_prefix
        for batch in plan_batches(sequences, context, batch_tokens if chunked else 1, packs, repeats_first=repeats):
            _score_batch(observer, performer, batch, chunk_positions)
        for sequence in sequences:
            yield sequence.finish(observer, performer)


def _check_pair(observer: LanguageModel, performer: LanguageModel) -> None:
    sizes = [model.model.get_input_embeddings().num_embeddings for model in (observer, performer)]
    same_texts = observer.encoder.fingerprint() == performer.encoder.fingerprint()
    if not same_texts or sizes[0] != sizes[1] or observer.prefix_id != performer.prefix_id:
        raise ModelError(
            f"{observer.name} and {performer.name} do not share a tokenizer ({sizes[0]} and {sizes[1]} entries), so "
            "their probabilities cannot be compared token by token. Choose two models of one family."
        )


@torch.inference_mode()
def _score_batch(observer: LanguageModel, performer: LanguageModel, batch: Batch, chunk_positions: int) -> None:
    ids, targets = batch.inputs(), batch.targets()
    seen, said = (batch.wanted(model.hidden_states(ids, batch.lengths)[0]) for model in (observer, performer))
    parts = []
    for i in range(0, len(targets), chunk_positions):
        chunk = slice(i, i + chunk_positions)
        q, p = observer.logits(seen[chunk]), performer.logits(said[chunk])
        parts.append(reduce_pair(q.to(p.device), p, targets[chunk].to(p.device)))
    columns = dict(zip(_COLUMNS, (torch.cat(column).cpu() for column in zip(*parts, strict=True)), strict=True))
    performer.check_finite(columns["max_log_prob_nats"])
    observer.check_finite(columns["cross_entropy_nats"])
    batch.write({name: column.numpy() for name, column in columns.items()})


def reduce_pair(q_logits: Tensor, p_logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The columns of ``PairScores`` for logits (n, V) and targets (n,), each float32 (n,); the variance is centred."""
    q = q_logits.float().softmax(dim=1)
    log_p = p_logits.float().log_softmax(dim=1).clamp_(min=-1.0e4)
    expected = torch.linalg.vecdot(q, log_p)
    variance = torch.linalg.vecdot(q, (log_p - expected[:, None]).square_())
    return log_p.gather(1, targets[:, None]).squeeze(1), log_p.amax(dim=1), -expected, variance
