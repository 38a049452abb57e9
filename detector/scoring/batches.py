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
"""Input tokens, padding included, given to the model at once, by kind of device.

On two CPU cores 1,024 are as fast as 4,096 and take half the memory (benchmarks/scoring_speed.py).
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
    """Windows of like length, padded on the right.

    No mask is needed: a causal model's position sees only what stands to its left, and padding
    stands to the right of everything wanted.
    """

    jobs: list[tuple[Sequence, Window]]

    def inputs(self, with_last: bool = False) -> Tensor:
        """Ids (windows, longest), int64; ``with_last`` also the last one of each, which predicts nothing."""
        more = int(with_last)
        padded = np.zeros((len(self.jobs), self.jobs[0][1].input_length + more), dtype=np.int64)
        for row, (sequence, window) in enumerate(self.jobs):
            padded[row, 0] = sequence.ids[0]  # written over below, unless the window repeats it
            own = sequence.ids[window.begin : window.end - 1 + more]
            padded[row, window.begin - window.origin :][: len(own)] = own
        return torch.from_numpy(padded)

    def targets(self) -> Tensor:
        """Ids of the scored tokens, all windows one after the other, int64 (n,)."""
        ids = [sequence.ids[window.first_target : window.end] for sequence, window in self.jobs]
        return torch.from_numpy(np.concatenate(ids).astype(np.int64))

    def wanted(self, hidden: Tensor) -> Tensor:
        """Rows (n, d) of ``hidden`` (windows, longest, d) that predict a scored token; position t predicts id t + 1."""
        rows = [
            hidden[row, window.first_target - 1 - window.origin : window.end - 1 - window.origin]
            for row, (_, window) in enumerate(self.jobs)
        ]
        return torch.cat(rows)

    def own(self, states: Tensor) -> Tensor:
        """Rows (n, ...) of ``states`` (windows, longest, ...) that the scored tokens themselves have."""
        rows = [
            states[row, window.first_target - window.origin : window.end - window.origin]
            for row, (_, window) in enumerate(self.jobs)
        ]
        return torch.cat(rows)

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
    sequences: Iterable[Sequence], context: int, batch_tokens: int, repeats_first: bool = False
) -> Iterator[Batch]:
    """All windows of the texts, longest first, in batches whose padded size fits; a longer one goes alone."""
    jobs = [
        (sequence, window)
        for sequence in sequences
        for window in plan_windows(len(sequence.ids), context, repeats_first)
    ]
    jobs.sort(key=lambda job: job[1].input_length, reverse=True)
    start = 0
    while start < len(jobs):
        rows = max(1, batch_tokens // jobs[start][1].input_length)
        yield Batch(jobs[start : start + rows])
        start += rows
