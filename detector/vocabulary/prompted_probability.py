"""How probable a model finds tokens at the slots of a prompt: one pass a batch over a cached prefix.

The ids before the first slot are alike for every token: the model reads them once, and their keys
and values serve every batch. Behind them every row of a batch differs only in the token, so that
nothing is padded and no mask is needed.
"""

import copy
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from detector.errors import DetectorWarning
from detector.models.language_model import LanguageModel
from detector.models.reading_on import read_on
from detector.vocabulary.in_context import TokenInContext
from detector.vocabulary.prompts import Prompt

_LARGEST_BATCH = 32
_MOST_LOGITS = 16_000_000
"""Logits held at once; 64 MB in float32."""
_CACHE_TOLERANCE_NATS = 0.02


@dataclass(frozen=True)
class SlotReading:
    """What a model thinks of one token at the slots read of one prompt; the last slot ends the prompt."""

    prompt: str
    log_prob_nats: tuple[float, ...]
    rank: tuple[int, ...]
    """1 + number of tokens the model finds likelier."""
    gap_nats: tuple[float, ...]
    """Logit of the likeliest token less that of this one; 0 where it is the likeliest."""
    lead_nats: tuple[float, ...] = ()
    """Logit of this token less the mean one of tokens known to be unused, itself left out; empty if none are known."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "SlotReading":
        """The inverse of ``to_dict``; KeyError or TypeError for anything else."""
        return cls(
            str(values["prompt"]),
            tuple(float(value) for value in values["log_prob_nats"]),
            tuple(int(value) for value in values["rank"]),
            tuple(float(value) for value in values["gap_nats"]),
            tuple(float(value) for value in values["lead_nats"]),
        )


class PromptReader:
    """One prompt and one model; ``read`` may be called as often as wanted.

    ``unused`` are ids of tokens or rows known to be untrained.
    """

    def __init__(self, language_model: LanguageModel, prompt: Prompt, unused: Sequence[int] = ()) -> None:
        self._model, self.prompt = language_model, prompt
        self._unused = torch.tensor(list(unused), dtype=torch.long, device=language_model.device)
        self._cache = self._prefix_cache()

    @torch.inference_mode()
    def read(self, tokens: Sequence[TokenInContext]) -> list[SlotReading]:
        """One reading a token, in their order."""
        found: dict[int, SlotReading] = {}
        alike: dict[tuple[int, int], list[int]] = defaultdict(list)
        for place, token in enumerate(tokens):
            alike[len(token.left), len(token.right)].append(place)
        for places in alike.values():
            for batch in self._batches(places):
                readings = self._read_batch([tokens[place] for place in batch])
                found.update(zip(batch, readings, strict=True))
        return [found[place] for place in range(len(tokens))]

    def _batches(self, places: list[int]) -> Iterator[list[int]]:
        row = self._model.vocabulary_size * self.prompt.slots_read
        size = max(1, min(_LARGEST_BATCH, _MOST_LOGITS // row))
        for start in range(0, len(places), size):
            yield places[start : start + size]

    def _read_batch(self, tokens: Sequence[TokenInContext]) -> list[SlotReading]:
        """Tokens with as many neighbours on each side."""
        suffixes = [self.prompt.suffix(token) for token in tokens]
        places = torch.tensor(suffixes[0][1])
        logits = self._logits(torch.tensor([ids for ids, _ in suffixes]), places - 1)
        targets = torch.tensor([token.token_id for token in tokens], device=logits.device)
        wanted = logits.gather(2, targets[:, None, None].expand(-1, len(places), 1))  # (batch, slots, 1)
        log_prob = (wanted - logits.logsumexp(2, keepdim=True))[..., 0]
        rank = 1 + (logits > wanted).sum(2)
        gap = logits.amax(2) - wanted[..., 0]
        lead = self._lead(logits, wanted[..., 0], targets)
        return [
            SlotReading(self.prompt.name, tuple(p), tuple(r), tuple(g), tuple(a))
            for p, r, g, a in zip(log_prob.tolist(), rank.tolist(), gap.tolist(), lead.tolist(), strict=True)
        ]

    def _lead(self, logits: Tensor, wanted: Tensor, targets: Tensor) -> Tensor:
        """(batch, slots), or (batch, 0) where nothing is left to compare with."""
        others = (self._unused != targets[:, None]).to(logits)[:, None]  # (batch, 1, unused)
        counted = others.sum(2)
        if not len(self._unused) or not counted.all():
            return logits.new_zeros(len(targets), 0)
        return wanted - (logits[:, :, self._unused] * others).sum(2) / counted

    def _logits(self, suffixes: Tensor, predicting: Tensor) -> Tensor:
        """Logits (batch, slots, V) in float32 of the ``predicting`` places of suffixes (batch, length)."""
        given = suffixes[:, :-1].to(self._model.device)
        if self._cache is None:
            prefix = torch.tensor(self.prompt.prefix, device=given.device).expand(len(given), -1)
            given, predicting = torch.cat([prefix, given], dim=1), predicting + len(self.prompt.prefix)
            return self._forward(given, predicting, None)
        cache = copy.deepcopy(self._cache)  # a pass writes into the cache it is given
        cache.batch_repeat_interleave(len(given))
        return self._forward(given, predicting, cache)

    def _forward(self, ids: Tensor, predicting: Tensor, cache: Any) -> Tensor:
        kept = predicting.to(ids.device)
        return read_on(self._model, ids, cache, use_cache=cache is not None, logits_to_keep=kept)[0]

    @torch.inference_mode()
    def _prefix_cache(self) -> Any:
        """Keys and values of the prefix, or None where this model reads on from them otherwise than from the ids."""
        self._cache = None
        if not self.prompt.prefix:
            return None
        ids = torch.tensor([self.prompt.prefix], device=self._model.device)
        _, self._cache = read_on(self._model, ids)
        probe = [TokenInContext(token_id) for token_id in self._probe_ids()]
        try:
            cached = self._read_batch(probe)
        except Exception:  # caches of other kinds than keys and values fail in many ways; each means "cannot be shared"
            cached = []
        cache, self._cache = self._cache, None
        if cached:
            differences = [
                abs(a - b)
                for with_cache, without in zip(cached, self._read_batch(probe), strict=True)
                for a, b in zip(with_cache.log_prob_nats, without.log_prob_nats, strict=True)
            ]
            if max(differences) <= self._tolerance():
                return cache
        warnings.warn(
            f"{self._model.name} cannot read on from a prefix read before, so the whole {self.prompt.name} prompt is "
            "read for every token: the results are right, but take longer.",
            DetectorWarning,
            stacklevel=2,
        )
        return None

    def _tolerance(self) -> float:
        """Rounding differs more in the short number formats."""
        return _CACHE_TOLERANCE_NATS if self._model.dtype == "float32" else 0.5

    def _probe_ids(self) -> list[int]:
        return [1, self._model.vocabulary_size // 2]
