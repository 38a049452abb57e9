"""The rows a run is trained on: of the base model, from the token store; of a voice, from labelled texts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detector.errors import InputError
from detector.training.token_store import TokenStore, TrainingStream
from detector.training.trainer import TrainingConfig

VALIDATION_BATCHES = 6


class CorpusRows:
    """Rows of the shuffled corpus, short ones first; validation from held-out documents."""

    def __init__(self, store: TokenStore, config: TrainingConfig) -> None:
        self._config = config
        self.validation = _validation_rows(store, config)
        self._stream = TrainingStream(store, config.stream_tokens, config.context, config.seed)

    def batch(self, step: int) -> Tensor:
        """See ``Rows``."""
        config = self._config
        n = config.tokens_per_step // config.context
        rows = np.stack([self._stream.row(step * n + i) for i in range(n)])
        if step < config.steps * config.long_rows_from:
            short = config.short_row
            rows = np.concatenate([rows[:, i : i + short + 1] for i in range(0, config.context, short)])
        return torch.from_numpy(rows)


def _validation_rows(store: TokenStore, config: TrainingConfig) -> list[Tensor]:
    """Fixed rows of held-out text, documents taken in turn from a seeded order."""
    documents = np.random.default_rng(1).permutation(store.select("validation"))
    needed = VALIDATION_BATCHES * config.tokens_per_step + 1
    pieces, total = [], 0
    for document in documents:
        start, length = int(store.starts[document]), int(store.lengths[document])
        pieces.append(store.tokens[start : start + min(length, config.short_row)])
        total += len(pieces[-1])
        if total >= needed:
            break
    rows = cut_rows(pieces, config.short_row)
    if not len(rows):
        raise InputError("The corpus has too little validation text (2 % by hash); add documents.")
    return batches(rows, config.tokens_per_step // config.short_row)


class DocumentRows:
    """Rows of documents laid end to end in the order given, read round and round, shuffled each time."""

    def __init__(
        self,
        documents: Sequence[NDArray[np.int64]],
        validation: Sequence[NDArray[np.int64]],
        row_length: int,
        rows_per_step: int,
        seed: int,
    ) -> None:
        self._rows, self._rows_per_step, self._seed = cut_rows(documents, row_length), rows_per_step, seed
        held_out = cut_rows(validation, row_length)
        if not len(self._rows) or not len(held_out):
            raise InputError(
                f"Too little text to tune on: fewer than {row_length + 1} tokens on one side of the split."
            )
        self.validation = batches(held_out[: VALIDATION_BATCHES * rows_per_step], rows_per_step)

    def batch(self, step: int) -> Tensor:
        """See ``Rows``."""
        index = np.arange(step * self._rows_per_step, (step + 1) * self._rows_per_step)
        turns, places = np.divmod(index, len(self._rows))
        chosen = [self._order(int(turn))[place] for turn, place in zip(turns, places, strict=True)]
        return torch.from_numpy(self._rows[chosen])

    def _order(self, turn: int) -> NDArray[np.int64]:
        return np.random.default_rng((self._seed, turn)).permutation(len(self._rows))


def cut_rows(documents: Sequence[NDArray[Any]], row_length: int) -> NDArray[np.int64]:
    """Documents end to end, cut into (n, row_length + 1); a row's last id is the next row's first."""
    flat = np.concatenate(documents).astype(np.int64) if len(documents) else np.zeros(0, dtype=np.int64)
    n = max(0, (len(flat) - 1) // row_length)
    starts = np.arange(n)[:, None] * row_length
    return flat[starts + np.arange(row_length + 1)] if n else np.zeros((0, row_length + 1), dtype=np.int64)


def batches(rows: NDArray[np.int64], per_batch: int) -> list[Tensor]:
    """Rows as tensors of at most ``per_batch`` rows."""
    return [torch.from_numpy(rows[i : i + per_batch]) for i in range(0, len(rows), per_batch)]
