"""Perturbation without a second model: short spans are drawn again from the scoring model itself.

DetectGPT fills masked spans with T5; here each span is drawn from the causal model given everything to its
left, the earlier replacements included. What stands to the right is not seen, so the fit is looser than
a mask filler's; nothing needs to be downloaded. All copies of a text go through the model together, one
position at a time, with a shared cache of keys and values.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from detector.errors import InputError, UsageError
from detector.generation.sampling import draw
from detector.models.language_model import LanguageModel
from detector.models.reading_on import read_on


@dataclass(frozen=True)
class SpanResampler:
    """Replaces about ``share`` of the tokens, in spans of ``span_tokens`` at least ``buffer`` apart."""

    language_model: LanguageModel
    share: float = 0.15
    span_tokens: int = 2
    buffer: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.share < 1 or self.span_tokens < 1 or self.buffer < 0:
            raise UsageError(
                f"share is {self.share:g}, span_tokens {self.span_tokens} and buffer {self.buffer}; the share must lie "
                "between 0 and 1, the span be at least 1 and the buffer at least 0."
            )

    @torch.inference_mode()
    def perturb(self, text: str, n: int, seed: int = 0) -> list[str]:
        """See ``Perturber``."""
        if n < 1:
            raise UsageError(f"The number of perturbed copies is {n}; it must be at least 1.")
        ids = self.language_model.encoder.encode(text)[0].astype(np.int64)
        random = np.random.default_rng((seed, zlib.crc32(text.encode("utf-8", "surrogatepass"))))
        chosen = np.stack([choose_spans(len(ids), self.share, self.span_tokens, self.buffer, random) for _ in range(n)])
        if not chosen.any():
            raise InputError(
                f"The text has {len(ids)} tokens; at least {self.span_tokens + 1} are needed to replace any of them."
            )
        copies = np.repeat(ids[None], n, axis=0)
        prefix = self.language_model.prefix_id
        # Long texts in stretches, each with the half window before it as context.
        half = max(1, (self.language_model.window_tokens - 1) // 2)
        for begin in range(0, len(ids), half):
            context = copies[:, max(0, begin - half) : begin]
            if prefix is not None and (begin <= half or self.language_model.repeats_prefix):
                context = np.concatenate([np.full((n, 1), prefix), context], axis=1)
            self._resample(copies, chosen, begin, min(len(ids), begin + half), context, random)
        decode = self.language_model.tokenizer.decode
        return [decode(copy.tolist(), skip_special_tokens=False) for copy in copies]

    def _resample(
        self,
        copies: NDArray[np.int64],
        chosen: NDArray[np.bool_],
        begin: int,
        end: int,
        context: NDArray[np.int64],
        random: np.random.Generator,
    ) -> None:
        """Draw the chosen positions of ``copies[:, begin:end]`` again, from left to right."""
        known = self.language_model.vocabulary_size  # a tokenizer may have special tokens that its model lacks
        special = [i for i in set(self.language_model.tokenizer.all_special_ids) if i < known]
        cache, fed = None, context
        for position in range(begin, end):
            logits = None
            if fed.shape[1]:
                read, cache = read_on(self.language_model, torch.from_numpy(fed), cache)
                logits = read[:, -1].cpu()
            rows = np.flatnonzero(chosen[:, position])
            if logits is not None and len(rows):
                wanted = logits[rows].double()
                wanted[:, special] = -torch.inf  # an end of text in the middle would be no perturbation
                uniforms = torch.from_numpy(random.random(len(rows)))
                copies[rows, position] = draw(wanted.softmax(-1), uniforms).numpy()
            fed = copies[:, position : position + 1]


def choose_spans(n: int, share: float, span: int, buffer: int, random: np.random.Generator) -> NDArray[np.bool_]:
    """Which of ``n`` positions to replace: spans at random, apart by ``buffer``; at least one where there is room.

    Shape (n,).

    The first position is left alone, so that every replacement has something to its left.
    """
    chosen = np.zeros(n, dtype=bool)
    wanted = max(1, round(share * n / span))
    for start in random.permutation(np.arange(1, n - span + 1)):
        if not chosen[max(0, start - buffer) : start + span + buffer].any():
            chosen[start : start + span] = True
            wanted -= 1
            if wanted == 0:
                break
    return chosen
