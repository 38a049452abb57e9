"""Texts → ``TokenScores``: windows, length-sorted batches, results in input order."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from detector.models.body import Body
from detector.models.language_model import LanguageModel
from detector.models.linear_head import LinearHead
from detector.models.voices import VOICE_NAMES, Voices
from detector.records.token_scores import TokenScores
from detector.scoring.ahead import ahead
from detector.scoring.batches import BATCH_TOKENS, Batch, Encoded, encode, plan_batches
from detector.scoring.probe import StateReader, scaled
from detector.scoring.vocabulary_head import reduce_vocabulary, target_log_probs

LOOKAHEAD_TEXTS = 256
"""Texts read ahead and sorted by length, so that a batch holds texts of like length."""


@dataclass
class _Sequence:
    encoded: Encoded
    columns: dict[str, NDArray[Any]]

    @property
    def ids(self) -> NDArray[np.int32]:
        """Prefix included."""
        return self.encoded.ids


def score_texts(
    language_model: LanguageModel,
    texts: Iterable[str],
    *,
    voices: Voices | None = None,
    probe: StateReader | None = None,
    top_k: int = 0,
    samples: int = 0,
    seed: int = 0,
    batch_tokens: int | None = None,
    chunk_positions: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    probabilities: bool = True,
) -> Iterator[TokenScores]:
    """Score every token of every text, in input order.

    ``texts`` may be an endless iterator: a bounded number is read ahead. With ``voices`` (of this
    model, ``language_model.voices``) every token gets its probability under both; with a ``probe`` it gets the
    numbers that the probe reads off its hidden states in the same pass. ``top_k`` asks
    for the likeliest alternatives of each position, ``samples`` for the log-probabilities of as many
    tokens drawn from the model at each position; the draws depend on ``seed`` and the text alone.
    ``batch_tokens`` and ``chunk_positions`` change speed and memory only: in float32 the scores agree
    to 1e-4 nats whatever they are. A text longer than the model's context is scored in overlapping
    windows, never cut; a text without tokens gives empty arrays. ``on_progress`` is told (tokens
    scored, tokens of all texts read so far) after every batch; what it raises ends the scoring. Where a GPU does the
    work, reading, tokenising and scoring go on in threads while the caller uses what it has. Without ``probabilities``
    the pass ends at the highest layer that the ``probe`` reads: its numbers are the same, and all others are NaN, the
    ranks 0.
    Raises ``InputError`` for a text that cannot be tokenised.
    """
    if isinstance(texts, str):
        raise TypeError("score_texts takes several texts; put a single one in a list")
    if not probabilities and (probe is None or voices is not None or top_k or samples):
        raise ValueError("without probabilities there is what a probe reads, and no voices, alternatives or samples")
    if batch_tokens is None:
        batch_tokens = BATCH_TOKENS.get(language_model.device.type, BATCH_TOKENS["cpu"])
    if top_k < 0 or samples < 0 or batch_tokens < 1 or (chunk_positions is not None and chunk_positions < 1):
        raise ValueError("top_k and samples must be at least 0, batch_tokens and chunk_positions at least 1")
    iterator = iter(texts)
    groups = (
        [_sequence(language_model, text, voices is not None, probe, top_k, samples, seed) for text in group]
        for group in iter(lambda: list(islice(iterator, LOOKAHEAD_TEXTS)), [])
    )
    # Without the chunked head a batch holds logits for every position: keep it to one window.
    largest = batch_tokens if language_model.uses_chunked_head else 1
    context = language_model.window_tokens
    if probe is not None:  # the last token is read too, for its own state
        context = min(context, language_model.context_tokens - 1)

    def scored(groups: Iterator[list[_Sequence]]) -> Iterator[list[TokenScores]]:
        done = read = 0
        for sequences in groups:
            read += sum(len(sequence.encoded.start_char) for sequence in sequences)
            packs, repeats = language_model.packs_texts, language_model.repeats_prefix
            for batch in plan_batches(sequences, context, largest, packs, probe is not None, repeats):
                if probe is not None and not probabilities:
                    _read_batch(language_model, probe, batch)
                else:
                    _score_batch(language_model, voices, probe, batch, top_k, chunk_positions)
                done += sum(window.end - window.first_target for _, window in batch.jobs)
                if on_progress is not None:
                    on_progress(done, read)
            yield [_finish(language_model, sequence) for sequence in sequences]

    if not _overlaps(language_model):
        return chain.from_iterable(scored(groups))
    return chain.from_iterable(ahead(scored(ahead(groups))))


def _overlaps(language_model: LanguageModel) -> bool:
    """Whether texts are tokenised beside the scoring of the group before, and that beside what the caller does.

    A CPU that scores has no time to spare for either.
    """
    return language_model.device.type != "cpu"


def _sequence(
    language_model: LanguageModel,
    text: str,
    with_voices: bool,
    probe: StateReader | None,
    top_k: int,
    samples: int,
    seed: int,
) -> _Sequence:
    encoded = encode(language_model, text)
    n = len(encoded.start_char)
    columns: dict[str, NDArray[Any]] = {
        "log_prob_nats": np.full(n, np.nan, np.float32),
        "rank": np.zeros(n, np.int32),
        "entropy_nats": np.full(n, np.nan, np.float32),
        "log_prob_variance": np.full(n, np.nan, np.float32),
        "max_log_prob_nats": np.full(n, np.nan, np.float32),
        "top_ids": np.empty((n, top_k), np.int32),
        "top_log_prob_nats": np.empty((n, top_k), np.float32),
    }
    if with_voices:
        columns |= {f"{name}_log_prob_nats": np.empty(n, np.float32) for name in VOICE_NAMES}
    if probe is not None:
        columns["probe"] = np.empty((n, probe.width), np.float32)
    if samples:
        columns["sampled_log_prob_nats"] = np.empty((n, samples), np.float32)
        random = np.random.default_rng((seed, zlib.crc32(text.encode("utf-8", "surrogatepass"))))
        columns["uniforms"] = random.random((n, samples), dtype=np.float32)
    return _Sequence(encoded, columns)


@torch.inference_mode()
def _score_batch(
    language_model: LanguageModel,
    voices: Voices | None,
    probe: StateReader | None,
    batch: Batch,
    top_k: int,
    chunk_positions: int | None,
) -> None:
    ids = batch.inputs().to(language_model.device)
    targets = batch.targets().to(language_model.device)
    uniforms = None
    if "uniforms" in batch.jobs[0][0].columns:
        uniforms = torch.from_numpy(batch.gather("uniforms")).to(language_model.device)
    last, states = language_model.hidden_states(ids, batch.lengths, probe.layers if probe is not None else ())
    hidden = batch.wanted(last)
    statistics = reduce_vocabulary(hidden, language_model.head, targets, top_k, chunk_positions, uniforms)
    language_model.check_finite(statistics.max_log_prob_nats)  # NaN where any logit of the position is NaN or +inf
    values = {name: column.numpy() for name, column in vars(statistics).items() if column is not None}
    if probe is not None:
        own = torch.stack([scaled(batch.own(layer)) for layer in states], dim=1)  # (n, layers, d)
        values["probe"] = probe.read(own).cpu().numpy()
    if voices is not None:
        for name in VOICE_NAMES:
            voice = getattr(voices, name)
            body = Body(voice.base_model, packs=language_model.packs_texts)
            hidden = batch.wanted(body(ids, batch.lengths)[0])
            head = voice.get_output_embeddings()
            log_probs = target_log_probs(hidden, LinearHead.of(head) or head, targets, chunk_positions)
            language_model.check_finite(log_probs)
            values[f"{name}_log_prob_nats"] = log_probs.numpy()
    batch.write(values)


@torch.inference_mode()
def _read_batch(language_model: LanguageModel, probe: StateReader, batch: Batch) -> None:
    """What the probe reads, and nothing above the highest of its layers."""
    states = language_model.states(batch.inputs(), batch.lengths, probe.layers)
    found = probe.read(torch.stack([scaled(batch.own(layer)) for layer in states], dim=1))
    language_model.check_finite(found)
    batch.write({"probe": found.cpu().numpy()})


def _finish(language_model: LanguageModel, sequence: _Sequence) -> TokenScores:
    n = len(sequence.encoded.start_char)
    sequence.columns.pop("uniforms", None)
    return TokenScores(
        token_ids=sequence.ids[len(sequence.ids) - n :],
        start_char=sequence.encoded.start_char,
        end_char=sequence.encoded.end_char,
        first_token=language_model.first_token,
        window_tokens=language_model.window_tokens,
        model_fingerprint=language_model.fingerprint,
        **sequence.columns,
    )
