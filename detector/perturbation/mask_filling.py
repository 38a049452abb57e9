"""Perturbation as DetectGPT does it: words are masked and a T5 model fills the masks.

``n_spans = share of the words / (span + 2 buffer)`` spans of ``span_words`` words are masked, which
with the published settings is about 15 % of the words. The published code repeats a failed fill for
ever and cannot fill more than 100 masks or 150 tokens; here a copy that fails ``retries`` times keeps
the fills it got, and long texts are filled in parts.
"""

import re
import zlib
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from detector.errors import InputError, ModelError, UsageError
from detector.models.hub import hub_file, hub_shut, prepare_libraries
from detector.models.inspection import check_weight_map, files_in

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_SENTINEL = re.compile(r"<extra_id_(\d+)>")
_MOST_MASKS = 50
"""Masks filled at once; T5 knows 100."""
_PART_WORDS = 250


class MaskFiller:
    """A mask-filling sequence-to-sequence model such as t5-base, by name or folder."""

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        masked_share: float = 0.3,
        span_words: int = 2,
        buffer: int = 1,
        retries: int = 3,
    ) -> None:
        if tokenizer.convert_tokens_to_ids("<extra_id_0>") == tokenizer.unk_token_id:
            raise ModelError("The tokenizer has no mask <extra_id_0>; a mask filler is a T5 model.")
        self.model, self.tokenizer = model.eval(), tokenizer
        self.masked_share, self.span_words, self.buffer, self.retries = masked_share, span_words, buffer, retries

    @classmethod
    def load(cls, name_or_path: str | Path, offline: bool = False, **settings: Any) -> "MaskFiller":
        """Load by folder or Hugging Face name; raises ``ModelError`` where that is not possible."""
        prepare_libraries(offline)
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

        folder = Path(name_or_path).expanduser()
        local_only = offline or folder.is_dir()
        of_hub = partial(hub_file, str(name_or_path), local_only=offline)
        check_weight_map(str(name_or_path), files_in(folder) if folder.is_dir() else of_hub)
        options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": local_only}
        try:
            with hub_shut(local_only):
                tokenizer = AutoTokenizer.from_pretrained(str(name_or_path), **options)
                model = AutoModelForSeq2SeqLM.from_pretrained(str(name_or_path), use_safetensors=True, **options)
        except Exception as error:  # the libraries raise a dozen unrelated types here; each means "cannot load"
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ModelError(f"The mask filler {name_or_path} cannot be loaded: {reason}") from error
        return cls(model, tokenizer, **settings)

    def perturb(self, text: str, n: int, seed: int = 0) -> list[str]:
        """See ``Perturber``."""
        if n < 1:
            raise UsageError(f"The number of perturbed copies is {n}; it must be at least 1.")
        words = text.split(" ")
        if len(words) <= self.span_words:
            raise InputError(f"The text has {len(words)} words; more than {self.span_words} are needed to mask any.")
        random = np.random.default_rng((seed, zlib.crc32(text.encode("utf-8", "surrogatepass"))))
        parts = [words[i : i + _PART_WORDS] for i in range(0, len(words), _PART_WORDS)]
        if len(parts) > 1 and len(parts[-1]) <= self.span_words:
            parts[-2:] = [parts[-2] + parts[-1]]
        filled = [self._fill_part(part, n, random) for part in parts]
        return [" ".join(copy) for copy in zip(*filled, strict=True)]

    def _fill_part(self, words: list[str], n: int, random: np.random.Generator) -> list[str]:
        masked = [self._mask(words, random) for _ in range(n)]
        fills: list[list[str | None]] = [[None] * len(spans) for _, spans in masked]
        for _ in range(self.retries):
            missing = [i for i, found in enumerate(fills) if None in found]
            if not missing:
                break
            for i, new in zip(missing, self._generate([masked[i][0] for i in missing], random), strict=True):
                fills[i] = [old if old is not None else new.get(k) for k, old in enumerate(fills[i])]
        copies = []
        for (_, spans), found in zip(masked, fills, strict=True):
            copy = list(words)
            for (start, end), fill in zip(reversed(spans), reversed(found), strict=True):
                if fill is not None:  # a mask the model never filled keeps its words
                    copy[start:end] = [fill]
            copies.append(" ".join(copy))
        return copies

    def _mask(self, words: list[str], random: np.random.Generator) -> tuple[str, list[tuple[int, int]]]:
        """The text with masks numbered from left to right, and the spans they stand for."""
        wanted = int(self.masked_share * len(words) / (self.span_words + 2 * self.buffer))
        wanted = min(max(1, wanted), _MOST_MASKS)
        taken = np.zeros(len(words), dtype=bool)
        starts: list[int] = []
        for start in random.permutation(len(words) - self.span_words + 1):
            if not taken[max(0, start - self.buffer) : start + self.span_words + self.buffer].any():
                taken[start : start + self.span_words] = True
                starts.append(int(start))
                if len(starts) == wanted:
                    break
        spans = [(start, start + self.span_words) for start in sorted(starts)]
        masked = list(words)
        for number, (start, end) in reversed(list(enumerate(spans))):
            masked[start:end] = [f"<extra_id_{number}>"]
        return " ".join(masked), spans

    @torch.inference_mode()
    def _generate(self, masked: list[str], random: np.random.Generator) -> list[dict[int, str]]:
        """Drawn fills by number of the mask."""
        encoded = self.tokenizer(masked, return_tensors="pt", padding=True).to(self.model.device)
        most = 8 * max(text.count("<extra_id_") for text in masked) + 8
        with torch.random.fork_rng():  # the library draws from the global generator
            torch.manual_seed(int(random.integers(2**31)))
            drawn = self.model.generate(**encoded, do_sample=True, top_p=1.0, top_k=0, max_new_tokens=most)
        return [self._read(text) for text in self.tokenizer.batch_decode(drawn, skip_special_tokens=False)]

    def _read(self, generated: str) -> dict[int, str]:
        """``<extra_id_0> a fill <extra_id_1> ...`` → the fills; the last mark ends the one before it."""
        fills: dict[int, str] = {}
        for mark, following in pairwise(_SENTINEL.finditer(generated)):
            fill = generated[mark.end() : following.start()].strip()
            if fill:
                fills.setdefault(int(mark.group(1)), fill)
        return fills
