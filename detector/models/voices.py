"""The human and the machine voice: two small changes of one base model, applied when loaded.

A voice is a file ``voices/human.safetensors`` or ``voices/machine.safetensors`` beside the base's
weights. Under the name of a parameter it holds ``NAME.up`` (rows, r) and ``NAME.down`` (r, columns),
whose product is added to the parameter, or ``NAME.change``, which is added as it is.
"""

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from detector.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

VoiceName = Literal["human", "machine"]
VOICE_NAMES: tuple[VoiceName, ...] = ("human", "machine")


@dataclass(frozen=True, eq=False)
class Voices:
    """Two models that differ from one base by who wrote the texts they were tuned on."""

    human: "PreTrainedModel"
    machine: "PreTrainedModel"
    fingerprint: str
    """16 hex digits over both changes and the base's fingerprint."""

    @classmethod
    def load(cls, base: "PreTrainedModel", base_fingerprint: str, folder: Path) -> "Voices":
        """Apply the two files of ``folder`` to copies of ``base``.

        Raises ``ModelError`` when a file is missing, damaged, or made for another base.
        """
        digest = hashlib.sha256(base_fingerprint.encode())
        models: dict[str, PreTrainedModel] = {}
        for name in VOICE_NAMES:
            path = folder / f"{name}.safetensors"
            tensors = _read(path, base_fingerprint)
            digest.update(path.read_bytes())
            models[name] = apply_change(base, tensors, str(path))
        return cls(models["human"], models["machine"], digest.hexdigest()[:16])


def _read(path: Path, base_fingerprint: str) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            made_for = (file.metadata() or {}).get("base_fingerprint")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, TypeError) as error:
        raise ModelError(f"The voice {path} cannot be read ({error}). Copy or download the model again.") from error
    if made_for != base_fingerprint:
        raise ModelError(
            f"The voice {path} was made for the base model {made_for}, and this one is {base_fingerprint}: "
            "weights, tokenizer or number format differ. Tune the voices again, or load the base in float32."
        )
    for name, tensor in tensors.items():
        if not tensor.is_floating_point() or not tensor.float().isfinite().all():
            raise ModelError(
                f"The voice {path} is damaged: {name[:100]} holds values that are no finite numbers. Copy or download "
                "the model again."
            )
    return tensors


def apply_change(base: "PreTrainedModel", tensors: dict[str, Tensor], name: str) -> "PreTrainedModel":
    """A copy of ``base`` with the change added; raises ``ModelError`` where it does not fit."""
    voice = copy.deepcopy(base)
    own_head = [key for key in tensors if key.startswith("lm_head.")]
    if own_head and voice.config.tie_word_embeddings:
        voice.config.tie_word_embeddings = False
        voice.lm_head.weight = nn.Parameter(voice.lm_head.weight.detach().clone())
    parameters = dict(voice.named_parameters())
    with torch.no_grad():
        for key, value in tensors.items():
            target, _, kind = key.rpartition(".")
            pair = {f"{target}.up", f"{target}.down"}
            if target not in parameters or (kind != "change" and not (key in pair and pair <= tensors.keys())):
                raise ModelError(f"The voice {name} does not fit its base model: it has {key!r}.")
            if kind == "down":
                continue
            parts = [value] if kind == "change" else [value, tensors[f"{target}.down"]]
            if not _fits(parts, parameters[target].shape):
                raise ModelError(
                    f"The voice {name} does not fit its base model: {target} has the shape "
                    f"{tuple(parameters[target].shape)} and the change "
                    f"{' times '.join(str(tuple(part.shape)) for part in parts)}."
                )
            change = value if kind == "change" else parts[0].float() @ parts[1].float()
            if not change.isfinite().all():
                raise ModelError(f"The voice {name} is damaged: its change of {target} holds no finite numbers.")
            parameters[target].add_(change.to(parameters[target]))
    return voice.eval()


def _fits(parts: Sequence[Tensor], shape: torch.Size) -> bool:
    """Whether a change, or the product of two matrices, has the shape of a parameter."""
    if len(parts) == 1:
        return parts[0].shape == shape
    up, down = parts
    return up.ndim == down.ndim == 2 and up.shape[1] == down.shape[0] and (up.shape[0], down.shape[1]) == shape
