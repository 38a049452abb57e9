"""What a model is given at once, and which of its positions are wanted. Shared by all engines."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detector.models.language_model import LanguageModel
from detector.scoring.windows import Window, plan_windows

BATCH_TOKENS = {"cpu": 1024, "cuda": 16_384, "mps": 4096}
"""Input tokens, padding included where texts are padded, given to the model at once, by kind of device.

On two CPU cores 1,024 are as fast as 4,096 and take half the memory (benchmarks/speed.py).
"""


class Sequence(Protocol):
    """An encoded text and the columns its results are written to."""

    @property
    def ids(self) -> NDArray[np.int32]:
        """Prefix included."""
        ...

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """Each with one entry a scored token."""
        ...


@dataclass(frozen=True)
class Encoded:
    """A text's ids and the characters they stand for."""

    ids: NDArray[np.int32]  # prefix included
    start_char: NDArray[np.int32]  # (n,) of the n scored tokens
    end_char: NDArray[np.int32]


def encode(language_model: LanguageModel, text: str) -> Encoded:
    """Ids with the prefix that gives the first token a probability; without one the first has no score."""
    ids, start_char, end_char = language_model.encoder.encode(text)
    if language_model.prefix_id is None:
        return Encoded(ids, start_char[1:], end_char[1:])
    return Encoded(np.concatenate([np.array([language_model.prefix_id], dtype=np.int32), ids]), start_char, end_char)


@dataclass(frozen=True)
class Batch:
    """Windows that the model reads together, one behind the other."""

    jobs: list[tuple[Sequence, Window]]
    reads_last: bool = False
    """Whether the last id of each window is read too, for its own state; it predicts nothing."""

    @property
    def lengths(self) -> list[int]:
        """Ids that the model reads of each window."""
        return [window.input_length + self.reads_last for _, window in self.jobs]

    def inputs(self) -> Tensor:
        """Ids, int64 (n,) for the sum n of ``lengths``."""
        stop = int(self.reads_last) - 1
        ids: list[NDArray[np.int32]] = []
        for sequence, window in self.jobs:
            if window.repeats_first:
                ids.append(sequence.ids[:1])
            ids.append(sequence.ids[window.begin : window.end + stop])
        return torch.from_numpy(np.concatenate(ids).astype(np.int64))

    def targets(self) -> Tensor:
        """Ids of the scored tokens, all windows one after the other, int64."""
        ids = [sequence.ids[window.first_target : window.end] for sequence, window in self.jobs]
        return torch.from_numpy(np.concatenate(ids).astype(np.int64))

    def wanted(self, states: Tensor) -> Tensor:
        """Rows of ``states`` (n, ...) that predict a scored token, in the order of ``targets``."""
        return self._rows(states, -1)

    def own(self, states: Tensor) -> Tensor:
        """Rows of ``states`` (n, ...) that the scored tokens themselves have."""
        return self._rows(states, 0)

    def _rows(self, states: Tensor, shift: int) -> Tensor:
        """A position t predicts id t + 1."""
        rows = [
            part[window.first_target + shift - window.origin : window.end + shift - window.origin]
            for part, (_, window) in zip(states.split(self.lengths), self.jobs, strict=True)
        ]
        return torch.cat(rows) if len(rows) > 1 else rows[0]

    def gather(self, name: str) -> NDArray[Any]:
        """A column's entries for the scored tokens, in the order of ``targets``."""
        return np.concatenate(
            [sequence.columns[name][window.first_target - 1 : window.end - 1] for sequence, window in self.jobs]
        )

    def write(self, values: Mapping[str, NDArray[Any]]) -> None:
        """Put values, in the order of ``targets``, into the columns of their texts."""
        start = 0
        for sequence, window in self.jobs:
            n = window.end - window.first_target
            for name, column in values.items():
                sequence.columns[name][window.first_target - 1 : window.end - 1] = column[start : start + n]
            start += n


def plan_batches(
    sequences: Iterable[Sequence],
    context: int,
    batch_tokens: int,
    packs: bool = False,
    reads_last: bool = False,
    repeats_first: bool = False,
) -> Iterator[Batch]:
    """All windows of the texts, longest first, in batches whose size fits; a longer one goes alone.

    Texts that a model does not pack are padded to the longest of their batch, which counts.
    """
    jobs = [
        (sequence, window)
        for sequence in sequences
        for window in plan_windows(len(sequence.ids), context, repeats_first)
    ]
    jobs.sort(key=lambda job: job[1].input_length, reverse=True)
    batch: list[tuple[Sequence, Window]] = []
    size = 0
    for job in jobs:
        length = job[1].input_length if packs or not batch else batch[0][1].input_length
        if batch and size + length > batch_tokens:
            yield Batch(batch, reads_last)
            batch, size, length = [], 0, job[1].input_length
        batch.append(job)
        size += length
    if batch:
        yield Batch(batch, reads_last)
