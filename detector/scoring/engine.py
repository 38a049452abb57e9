"""Texts → ``TokenScores``: windows, length-sorted batches, results in input order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from detector.models.language_model import LanguageModel
from detector.models.voices import VOICE_NAMES, Voices
from detector.scoring.records import TokenScores
from detector.scoring.vocabulary_head import CHUNK_POSITIONS, reduce_vocabulary, target_log_probs
from detector.scoring.windows import Window, plan_windows

BATCH_TOKENS = {"cpu": 1024, "cuda": 16_384, "mps": 4096}
"""Input tokens, padding included, given to the model at once, by kind of device.

On two CPU cores 1,024 are as fast as 4,096 and take half the memory (benchmarks/scoring_speed.py).
"""
LOOKAHEAD_TEXTS = 256
"""Texts read ahead and sorted by length, so that a batch holds texts of like length."""


@dataclass
class _Sequence:
    """One encoded text and the columns its scores are written to."""

    ids: NDArray[np.int32]  # prefix included
    start_char: NDArray[np.int32]  # (n,)
    end_char: NDArray[np.int32]
    columns: dict[str, NDArray]

    def write(self, window: Window, values: dict[str, NDArray], rows: slice) -> None:
        target = slice(window.first_target - 1, window.end - 1)
        for name, column in self.columns.items():
            column[target] = values[name][rows]


def score_texts(
    language_model: LanguageModel,
    texts: Iterable[str],
    *,
    voices: Voices | None = None,
    top_k: int = 0,
    batch_tokens: int | None = None,
    chunk_positions: int = CHUNK_POSITIONS,
) -> Iterator[TokenScores]:
    """Score every token of every text, in input order.

    ``texts`` may be an endless iterator: a bounded number is read ahead. With ``voices`` (of this
    model, ``language_model.voices``) every token gets its probability under both. ``top_k`` asks
    for the likeliest alternatives of each position. ``batch_tokens`` and ``chunk_positions`` change speed
    and memory only: in float32 the scores agree to 1e-4 nats whatever they are. A text longer than
    the model's context is scored in overlapping windows, never cut; a text without tokens gives
    empty arrays. Raises ``InputError`` for a text that cannot be tokenised.
    """
    if isinstance(texts, str):
        raise TypeError("score_texts takes several texts; put a single one in a list")
    if batch_tokens is None:
        batch_tokens = BATCH_TOKENS.get(language_model.device.type, BATCH_TOKENS["cpu"])
    if top_k < 0 or batch_tokens < 1 or chunk_positions < 1:
        raise ValueError("top_k must be at least 0, batch_tokens and chunk_positions at least 1")
    iterator = iter(texts)
    while group := list(islice(iterator, LOOKAHEAD_TEXTS)):
        sequences = [_encode(language_model, text, top_k, voices is not None) for text in group]
        jobs = [
            (sequence, window)
            for sequence in sequences
            for window in plan_windows(len(sequence.ids), language_model.window_tokens)
        ]
        jobs.sort(key=lambda job: job[1].input_length, reverse=True)
        # Without the chunked head a batch holds logits for every position: keep it to one window.
        for batch in _batches(jobs, batch_tokens if language_model.uses_chunked_head else 1):
            _score_batch(language_model, voices, batch, top_k, chunk_positions)
        for sequence in sequences:
            yield _finish(language_model, sequence)


def _encode(language_model: LanguageModel, text: str, top_k: int, with_voices: bool) -> _Sequence:
    ids, start_char, end_char = language_model.encoder.encode(text)
    if language_model.prefix_id is None:
        start_char, end_char = start_char[1:], end_char[1:]
    else:
        ids = np.concatenate([np.array([language_model.prefix_id], dtype=np.int32), ids])
    n = len(start_char)
    columns: dict[str, NDArray] = {
        "log_prob_nats": np.empty(n, np.float32),
        "rank": np.empty(n, np.int32),
        "entropy_nats": np.empty(n, np.float32),
        "log_prob_variance": np.empty(n, np.float32),
        "max_log_prob_nats": np.empty(n, np.float32),
        "top_ids": np.empty((n, top_k), np.int32),
        "top_log_prob_nats": np.empty((n, top_k), np.float32),
    }
    if with_voices:
        columns |= {f"{name}_log_prob_nats": np.empty(n, np.float32) for name in VOICE_NAMES}
    return _Sequence(ids, start_char, end_char, columns)


def _batches(jobs: list[tuple[_Sequence, Window]], batch_tokens: int) -> Iterator[list[tuple[_Sequence, Window]]]:
    """Runs of jobs, sorted longest first, whose padded size fits; a job that does not fit goes alone."""
    start = 0
    while start < len(jobs):
        rows = max(1, batch_tokens // jobs[start][1].input_length)
        yield jobs[start : start + rows]
        start += rows


@torch.inference_mode()
def _score_batch(
    language_model: LanguageModel,
    voices: Voices | None,
    batch: list[tuple[_Sequence, Window]],
    top_k: int,
    chunk_positions: int,
) -> None:
    longest = batch[0][1].input_length
    padded = np.zeros((len(batch), longest), dtype=np.int64)
    for row, (sequence, window) in enumerate(batch):
        padded[row, : window.input_length] = sequence.ids[window.begin : window.end - 1]
    ids = torch.from_numpy(padded).to(language_model.device)
    targets = torch.from_numpy(
        np.concatenate([sequence.ids[window.first_target : window.end] for sequence, window in batch]).astype(np.int64)
    ).to(language_model.device)

    def wanted(hidden: torch.Tensor) -> torch.Tensor:
        """Only positions that predict a wanted token reach the vocabulary; position t predicts id t + 1."""
        return torch.cat(
            [
                hidden[row, window.first_target - 1 - window.begin : window.end - 1 - window.begin]
                for row, (_, window) in enumerate(batch)
            ]
        )

    statistics = reduce_vocabulary(
        wanted(language_model.hidden_states(ids)), language_model.logits, targets, top_k, chunk_positions
    )
    values = {name: column.numpy() for name, column in vars(statistics).items()}
    if voices is not None:
        for name in VOICE_NAMES:
            voice = getattr(voices, name)
            hidden = voice.base_model(input_ids=ids, use_cache=False).last_hidden_state
            log_probs = target_log_probs(wanted(hidden), voice.get_output_embeddings(), targets, chunk_positions)
            values[f"{name}_log_prob_nats"] = log_probs.numpy()
    start = 0
    for sequence, window in batch:
        n = window.end - window.first_target
        sequence.write(window, values, slice(start, start + n))
        start += n


def _finish(language_model: LanguageModel, sequence: _Sequence) -> TokenScores:
    n = len(sequence.start_char)
    return TokenScores(
        token_ids=sequence.ids[len(sequence.ids) - n :],
        start_char=sequence.start_char,
        end_char=sequence.end_char,
        first_token=language_model.first_token,
        window_tokens=language_model.window_tokens,
        model_fingerprint=language_model.fingerprint,
        **sequence.columns,
    )
