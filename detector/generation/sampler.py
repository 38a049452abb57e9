"""Drawing text from a causal model: batches, seeds, stop strings, a cache of keys and values.

Every text of a batch is drawn with a random stream of its own, made from the seed and its place, so
that it does not depend on the others. With the cache a step costs one position; without it the
whole text is read again, with the same result up to rounding.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detector.errors import InputError, UsageError
from detector.generation.sampling import SamplingSettings, draw, next_distribution
from detector.models.language_model import LanguageModel
from detector.models.reading_on import read_on

StopReason = Literal["length", "end_of_text", "stop_string", "context_full"]


@dataclass(frozen=True)
class Generated:
    """One continuation."""

    prompt: str
    text: str
    """What was drawn, without the prompt and without what follows a stop string or the end of the text."""
    token_ids: list[int]
    """All tokens drawn, those of the stop string and the end-of-text token included."""
    log_prob_nats: list[float]
    """ln of the probability each token was drawn with, after penalties, temperature and cuts."""
    stop_reason: StopReason


@dataclass
class _Text:
    """A text in the making."""

    prompt_ids: list[int]
    random: np.random.Generator
    ids: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    stop_reason: StopReason | None = None


def check_request(max_tokens: int, seed: int, stop: Sequence[str]) -> None:
    """Raise ``UsageError`` for what ``generate`` cannot do with any model."""
    if max_tokens < 1:
        raise UsageError(f"The number of tokens to draw is {max_tokens}; it must be at least 1.")
    if seed < 0:
        raise UsageError(f"The seed is {seed}; it must be a whole number of at least 0.")
    if "" in stop:
        raise UsageError("A stop string is empty, so every text would stop before it begins. Leave it out.")


def check_prompt(language_model: LanguageModel, prompt: str) -> None:
    """Raise ``InputError`` for a prompt too long to be continued, or empty where the model must have a first word."""
    _prompt_ids(language_model, prompt)


@torch.inference_mode()
def generate(
    language_model: LanguageModel,
    prompts: Sequence[str],
    *,
    max_tokens: int = 200,
    settings: SamplingSettings | None = None,
    seed: int = 0,
    stop: Sequence[str] = (),
    use_cache: bool = True,
    adjust_logits: Callable[[Tensor, list[list[int]]], Tensor] | None = None,
    on_text: Callable[[int, str], None] | None = None,
) -> list[Generated]:
    """Continue every prompt by at most ``max_tokens`` tokens.

    ``adjust_logits`` (rows (n, V), the ids so far of each row) may change the logits before anything
    else, as a watermark does. ``on_text`` is told (index of the prompt, new characters) as they come.
    Raises what ``check_request`` and ``check_prompt`` raise, before anything is drawn.
    """
    settings = settings or SamplingSettings()
    check_request(max_tokens, seed, stop)
    texts = [
        _Text(_prompt_ids(language_model, prompt), np.random.default_rng((seed, i))) for i, prompt in enumerate(prompts)
    ]
    writer = _Writer(language_model, stop, on_text)
    for step, logits in enumerate(_steps(language_model, texts, max_tokens, use_cache)):
        running = [text for text in texts if text.stop_reason is None]
        if adjust_logits is not None:
            logits = adjust_logits(logits, [text.prompt_ids + text.ids for text in running])
        counts = _counts(running, logits) if settings.has_penalty else None
        probabilities = next_distribution(logits, counts, settings)
        uniforms = torch.tensor([text.random.random() for text in running], dtype=torch.float64)
        chosen = draw(probabilities, uniforms.to(probabilities.device))
        drawn_with = probabilities.gather(1, chosen[:, None]).squeeze(1).log()
        for text, token, log_prob in zip(running, chosen.tolist(), drawn_with.tolist(), strict=True):
            text.ids.append(token)
            text.log_probs.append(log_prob)
            if token == language_model.tokenizer.eos_token_id:
                text.stop_reason = "end_of_text"
            elif writer.has_stopped(text):
                text.stop_reason = "stop_string"
            elif step + 1 == max_tokens:
                text.stop_reason = "length"
            elif len(text.prompt_ids) + len(text.ids) >= language_model.window_tokens:
                text.stop_reason = "context_full"
            if on_text is not None:
                writer.tell(texts.index(text), text)
    return [
        Generated(prompt, writer.visible(text), text.ids, text.log_probs, text.stop_reason or "length")
        for prompt, text in zip(prompts, texts, strict=True)
    ]


def _prompt_ids(language_model: LanguageModel, prompt: str) -> list[int]:
    ids = [int(i) for i in language_model.encoder.encode(prompt)[0]]
    if language_model.prefix_id is not None:
        ids = [language_model.prefix_id, *ids]
    if not ids:
        raise InputError(
            f"The prompt is empty, and {language_model.name} has no token that begins a text; give a first word."
        )
    if len(ids) >= language_model.window_tokens:
        raise InputError(
            f"The prompt has {len(ids)} tokens and {language_model.name} reads {language_model.window_tokens} at once, "
            "so nothing can follow it. Shorten it."
        )
    return ids


def _counts(texts: list[_Text], logits: Tensor) -> Tensor:
    """How often each token stands in prompt and continuation, (n, V)."""
    counts = torch.zeros_like(logits, dtype=torch.float64)
    for row, text in enumerate(texts):
        ids = torch.tensor(text.prompt_ids + text.ids, device=logits.device)
        counts[row].scatter_add_(0, ids, torch.ones(len(ids), dtype=torch.float64, device=logits.device))
    return counts


def _steps(language_model: LanguageModel, texts: list[_Text], max_tokens: int, use_cache: bool) -> Iterator[Tensor]:
    """Logits (running texts, V) for the next token, step by step; the caller appends what it draws."""
    rows = list(range(len(texts)))  # which text each row of the cache belongs to
    cache = None
    for _ in range(max_tokens):
        running = [i for i, text in enumerate(texts) if text.stop_reason is None]
        if not running:
            return
        if cache is None or not use_cache:
            sequences = [texts[i].prompt_ids + texts[i].ids for i in running]
            ids, mask = _left_padded(sequences)
        else:
            if running != rows:
                cache.batch_select_indices(torch.tensor([rows.index(i) for i in running]))
                mask = mask[[rows.index(i) for i in running]]
            ids = torch.tensor([[texts[i].ids[-1]] for i in running])
            mask = torch.cat([mask, torch.ones(len(running), 1, dtype=mask.dtype)], dim=1)
        rows = running
        positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        logits, cache = read_on(
            language_model, ids, cache, use_cache=use_cache, attention_mask=mask, position_ids=positions
        )
        yield logits[:, -1]


def _left_padded(sequences: list[list[int]]) -> tuple[Tensor, Tensor]:
    longest = max(map(len, sequences))
    ids = torch.zeros(len(sequences), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, longest - len(sequence) :] = torch.tensor(sequence)
        mask[row, longest - len(sequence) :] = 1
    return ids, mask


class _Writer:
    """Tokens → the characters that may be shown: whole ones, and none from a stop string on."""

    def __init__(
        self, language_model: LanguageModel, stop: Sequence[str], on_text: Callable[[int, str], None] | None
    ) -> None:
        self._tokenizer, self._stop, self._on_text = language_model.tokenizer, tuple(stop), on_text
        self._end = language_model.tokenizer.eos_token_id
        self._told: dict[int, int] = {}

    def _decoded(self, text: _Text) -> str:
        ids = text.ids[:-1] if text.ids and text.ids[-1] == self._end else text.ids
        # subtle: decoded behind the prompt's last token, for some tokenizers drop the space of a first token
        before = text.prompt_ids[-1:]
        decode: Callable[[list[int]], str] = lambda ids: self._tokenizer.decode(ids, skip_special_tokens=False)  # noqa: E731
        return decode(before + ids)[len(decode(before)) :]

    def has_stopped(self, text: _Text) -> bool:
        """Whether a stop string stands in what was drawn."""
        return bool(self._stop) and any(stop in self._decoded(text) for stop in self._stop)

    def visible(self, text: _Text) -> str:
        """What was drawn, up to the first stop string."""
        decoded = self._decoded(text)
        return decoded[: min([at for stop in self._stop if (at := decoded.find(stop)) >= 0], default=len(decoded))]

    def tell(self, index: int, text: _Text) -> None:
        """Hand on the characters that are new and certain: no half character, nothing that may become a stop string."""
        visible = self.visible(text)
        if text.stop_reason is None:
            visible = visible.rstrip("\ufffd")
            held = max([_overlap(visible, stop) for stop in self._stop], default=0)
            visible = visible[: len(visible) - held]
        told = self._told.get(index, 0)
        if len(visible) > told and self._on_text is not None:
            self._on_text(index, visible[told:])
            self._told[index] = len(visible)


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of ``text`` that begins ``stop``."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if stop.startswith(text[-n:])), 0)


def next_token_distribution(
    language_model: LanguageModel, prompt: str, settings: SamplingSettings | None = None
) -> NDArray[np.float64]:
    """Probability of every token to follow ``prompt``, shape (V,), after ``settings``."""
    with torch.inference_mode():
        text = _Text(_prompt_ids(language_model, prompt), np.random.default_rng(0))
        logits = next(_steps(language_model, [text], 1, use_cache=False))
        settings = settings or SamplingSettings()
        counts = _counts([text], logits) if settings.has_penalty else None
        return next_distribution(logits, counts, settings)[0].cpu().numpy()
