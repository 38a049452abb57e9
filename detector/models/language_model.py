"""One causal language model with its tokenizer, ready to be scored with.

Loading is in ``loading.py``; what a text looks like to the model (ids and character spans) is in
``encoding.py``.
"""

import hashlib
import json
import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from detector.errors import DetectorWarning, ModelError
from detector.models.body import Body, padded, unpadded
from detector.models.encoding import TextEncoder
from detector.models.linear_head import LinearHead
from detector.models.prefix import AUTO, PrefixNeed, choose_prefix, measure_need
from detector.models.voices import Voices

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LONGEST_WINDOW = 4096
"""Cap on the window of models with a longer context; attention costs grow with its square."""

_HEAD_TOLERANCE_NATS = 1e-3


class LanguageModel:
    """A causal language model, its tokenizer, and how the two are used.

    ``LanguageModel.load("default")`` is the best of the known models that is installed; one of them by name, a
    folder, a GGUF file or a Hugging Face name loads that one. The model is put into evaluation mode; its weights
    are never changed.
    """

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        name: str = "unnamed",
        max_window: int = LONGEST_WINDOW,
        voices_folder: Path | None = None,
        notices: tuple[str, ...] = (),
        prefix: str = AUTO,
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.encoder = TextEncoder(tokenizer)
        self.name = name
        self.notices = notices
        """What whoever reads a result of this model should know, such as that it stands in for a better one."""
        self._voices_folder = voices_folder
        self.context_tokens = _context_length(model)
        self.window_tokens = min(self.context_tokens, max_window)
        if self.window_tokens < 2:
            raise ModelError(f"The window of {name} is {self.window_tokens} tokens; at least 2 are needed.")
        self.prefix = choose_prefix(tokenizer, self.encoder, prefix, name)
        """What stands in front of a text."""
        self.prefix_id, self.first_token = self.prefix.id, self.prefix.first_token
        self._check_vocabulary()
        self._body, self._head = self._body_and_head()
        self.uses_chunked_head = self._body is not None

    @classmethod
    def load(
        cls,
        name_or_path: str | Path = "default",
        device: str = "auto",
        dtype: str = "auto",
        offline: bool = False,
        prefix: str = AUTO,
        threads: int | None = None,
    ) -> "LanguageModel":
        """Load a model by the word ``default``, by a name of the catalogue, folder, GGUF file or Hugging Face name.

        ``name`` is then what it was resolved to, never ``default``. With the dtype ``auto`` the weights are bfloat16
        where the device has instructions for it and the model has no voices, else float32. ``prefix`` is what stands
        in front of a text: ``auto``, ``none``, or a token of the model as it is spelt (see ``prefix.py``).
        ``threads`` is how many torch computes with from now on; without it, no more than the process may use
        (``threads.py``).
        Raises ``ModelError`` with the remedy when it is missing, broken, or not a causal model.
        """
        from detector.models.loading import load_parts, refused_by
        from detector.models.threads import use_threads

        use_threads(threads)
        parts = load_parts(str(name_or_path), device=device, dtype=dtype, offline=offline)
        with refused_by(parts.name, parts.device):
            return cls(
                parts.model.to(parts.device),
                parts.tokenizer,
                name=parts.name,
                voices_folder=parts.voices_folder,
                notices=parts.notices,
                prefix=prefix,
            )

    @property
    def vocabulary_size(self) -> int:
        """Entries of the model's output, which may be more than the tokenizer knows."""
        head = self.model.get_output_embeddings()
        return int(head.weight.shape[0]) if head is not None else self.model.get_input_embeddings().num_embeddings

    @property
    def hidden_size(self) -> int:
        """Numbers in a hidden state."""
        return int(self.model.config.get_text_config().hidden_size)

    @property
    def n_layers(self) -> int:
        """Layers of the body; hidden states are numbered from 0, the embedding, to this."""
        return int(self.model.config.get_text_config().num_hidden_layers)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.device

    @property
    def dtype(self) -> str:
        """Name of the weights' number format, such as ``float32``."""
        return str(self.model.dtype).removeprefix("torch.")

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of a sha256 over everything that decides a score, save the device.

        Weights (names, shapes, values as loaded, so the dtype too), tokenizer, the settings that
        change what the weights compute, prefix and window. The same model in other file
        shards has the same fingerprint.
        """
        digest = hashlib.sha256()
        for name, parameter in sorted(self.model.named_parameters()):
            digest.update(f"{name} {tuple(parameter.shape)} {parameter.dtype}".encode())
            raw = parameter.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
            digest.update(memoryview(raw.numpy()))
        digest.update(self.encoder.fingerprint().encode())
        policy = [self.dtype, self.first_token, self.prefix_id, self.window_tokens, _score_relevant_config(self.model)]
        if self.repeats_prefix:  # said only where it is so: models that need it not keep the fingerprint they had
            policy.append("prefix in every window")
        digest.update(json.dumps(policy, sort_keys=True, default=str).encode())
        return digest.hexdigest()[:16]

    @cached_property
    @torch.inference_mode()
    def prefix_need(self) -> PrefixNeed | None:
        """Whether it needs its prefix in every window, measured; None without a prefix or a window to tell by."""
        if self.prefix_id is None:
            return None

        def logits_of(ids: Tensor) -> Tensor:
            return self.model(input_ids=ids.to(self.device), use_cache=False).logits

        return measure_need(logits_of, self.encoder, self.prefix_id, self.window_tokens)

    @property
    def repeats_prefix(self) -> bool:
        """Whether every window begins with the prefix, and not the first alone."""
        return self.prefix_need is not None and self.prefix_need.is_needed

    @cached_property
    def voices(self) -> Voices | None:
        """The human and the machine voice stored beside this model, or None if there are none."""
        if self._voices_folder is None or not self._voices_folder.is_dir():
            return None
        return Voices.load(self.model, self.fingerprint, self._voices_folder)

    @property
    def packs_texts(self) -> bool:
        """Whether texts that are read together cost nothing for their different lengths."""
        return self.uses_chunked_head and self._body is not None and self._body.packs

    def hidden_states(
        self, ids: Tensor, lengths: Sequence[int], layers: Sequence[int] = ()
    ) -> tuple[Tensor, list[Tensor]]:
        """Last hidden states (n, d), or logits where the own head cannot be used; and those of ``layers``.

        ``ids`` (n,) are several texts, one behind the other, of so many ids each; none sees another.
        Layer 0 is the embedding, layer L what the L-th layer gives on; each (n, d).
        """
        ids = ids.to(self.device)
        if self.uses_chunked_head and self._body is not None:
            return self._body(ids, lengths, layers)
        output = self.model(input_ids=padded(ids, lengths), use_cache=False, output_hidden_states=bool(layers))
        return unpadded(output.logits, lengths), [unpadded(output.hidden_states[layer], lengths) for layer in layers]

    def states(self, ids: Tensor, lengths: Sequence[int], layers: Sequence[int]) -> list[Tensor]:
        """Those of ``layers`` alone, as ``hidden_states`` gives them, without the layers above where it can."""
        if self.uses_chunked_head and self._body is not None:
            return self._body.states(ids.to(self.device), lengths, layers)
        return self.hidden_states(ids, lengths, layers)[1]

    def logits(self, hidden: Tensor) -> Tensor:
        """Vocabulary logits (n, V) of rows (n, d) of ``hidden_states``."""
        return self.head(hidden)

    @property
    def head(self) -> Callable[[Tensor], Tensor]:
        """What ``logits`` does, as a ``LinearHead`` where it is one matrix product."""
        return self._head if self.uses_chunked_head and self._head is not None else torch.clone

    def check_finite(self, values: Tensor) -> None:
        """Raise ``ModelError`` unless all of what was made of the logits are finite numbers."""
        if values.isfinite().all():
            return
        remedy = (
            "its weights are damaged. Copy or download them again, or use another model."
            if self.dtype == "float32"
            else f"its weights are damaged, or its numbers too large for {self.dtype}. Try --dtype float32."
        )
        raise ModelError(f"{self.name} gives probabilities that are no finite numbers for this text: {remedy}")

    def _check_vocabulary(self) -> None:
        known = self.model.get_input_embeddings().num_embeddings
        highest = max(self.encoder.highest_id(), -1 if self.prefix_id is None else self.prefix_id)
        if highest >= known:
            raise ModelError(
                f"The tokenizer of {self.name} gives texts the id {highest} and the model knows {known} tokens: "
                "they do not belong together."
            )

    def _probe_ids(self) -> Tensor:
        """A few ids spread over the vocabulary, (length,)."""
        vocabulary = self.model.get_input_embeddings().num_embeddings
        return (torch.arange(1, min(12, self.window_tokens) + 1) * 7919 % vocabulary).to(self.device)

    def _probe_logits(self) -> Tensor:
        """The model's own logits of the probe ids, float32 (length, V).

        Raises ``ModelError`` for a model whose predictions change with what comes later: it has seen the answer.
        """
        ids = self._probe_ids()
        changed = ids.clone()
        changed[-1] = (changed[-1] + 1) % self.model.get_input_embeddings().num_embeddings
        try:
            logits, others = self.model(input_ids=torch.stack([ids, changed]), use_cache=False).logits.float()
        except (TypeError, ValueError, OverflowError) as error:  # older transformers check no value of a config
            raise ModelError(f"{self.name} cannot be computed with ({error}): its config.json is damaged.") from error
        before, after = logits[:-1], others[:-1]
        # Rounding may differ a little where tokens are routed to experts together, more in short formats.
        tolerance = max(1e-5, 4 * torch.finfo(self.model.dtype).eps if self.dtype != "float32" else 0.0)
        scale = max(1.0, float(before.abs().nan_to_num().max()))
        if float((before - after).abs().nan_to_num().max()) > tolerance * scale:
            raise ModelError(
                f"{self.name} is not a causal model: what comes later in a text changes what it predicts earlier. "
                "Use a model that reads from left to right."
            )
        return logits

    @torch.inference_mode()
    def _body_and_head(self) -> tuple[Body | None, Callable[[Tensor], Tensor] | None]:
        """The two whose chain is what the model itself computes; neither where it scales or caps its logits."""
        logits, ids = self._probe_logits(), self._probe_ids()
        base, module = self.model.base_model, self.model.get_output_embeddings()
        if base is not self.model and module is not None:
            body, head = Body(base, packs=False), LinearHead.of(module) or module
            hidden = body(ids, [len(ids)])[0]
            found = head(hidden).float()
            if found.shape == logits.shape and torch.allclose(
                found.log_softmax(-1), logits.log_softmax(-1), atol=_HEAD_TOLERANCE_NATS, rtol=1e-3, equal_nan=True
            ):
                packed = Body(base)
                return (packed if packed.agrees(ids, hidden) else body), head
        warnings.warn(
            f"{self.name} computes its logits in a way of its own, so the whole vocabulary is held for every "
            "position of a window: scores are right, but take more memory.",
            DetectorWarning,
            stacklevel=3,
        )
        return None, None


def _context_length(model: "PreTrainedModel") -> int:
    config = model.config.get_text_config()
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length"):
        value = getattr(config, name, None)
        if isinstance(value, int) and value > 0:
            return value
    return LONGEST_WINDOW


# What changes a score besides weights and tokenizer; named one by one, because a configuration also
# holds much that does not, and that differs from one library version to the next.
_CONFIG_FIELDS = (
    "model_type",
    "hidden_act",
    "activation_function",
    "num_attention_heads",
    "num_key_value_heads",
    "rms_norm_eps",
    "layer_norm_eps",
    "layer_norm_epsilon",
    "sliding_window",
    "final_logit_softcapping",
    "attn_logit_softcapping",
    "logit_scale",
)


def _score_relevant_config(model: "PreTrainedModel") -> dict[str, Any]:
    config = model.config.get_text_config()
    found = {name: getattr(config, name, None) for name in _CONFIG_FIELDS}
    rope = getattr(config, "rope_parameters", None) or {}
    found["rope_theta"] = getattr(config, "rope_theta", None) or rope.get("rope_theta")
    return found
