"""From a name or a folder to what a ``LanguageModel`` is made of: safe formats only, and errors that say what to do."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from detector.errors import DetectorWarning, ModelError, UsageError
from detector.models.catalogue import CATALOGUE, SMALL, SMALL_FOLDER, PackagedModel, fallback_notice, resolve_name
from detector.models.gguf_models import is_gguf, load_gguf
from detector.models.hub import hub_answers, hub_file, hub_shut, prepare_libraries
from detector.models.inspection import (
    LARGEST_SIZE,
    Extent,
    check_description,
    check_folder,
    check_sizes,
    check_weight_map,
)
from detector.models.number_formats import DTYPES
from detector.models.packaged import model_folder

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_LONGEST_REASON = 300


@dataclass(frozen=True, eq=False)
class ModelParts:
    """What a ``LanguageModel`` is made of; the model is not on its device yet."""

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    name: str
    """What the name given was resolved to."""
    device: torch.device
    voices_folder: Path | None
    notices: tuple[str, ...]


def load_parts(name: str, device: str = "auto", dtype: str = "auto", offline: bool = False) -> ModelParts:
    """See ``LanguageModel.load``."""
    target = torch.device(resolve_device(device))
    notices = []
    if notice := fallback_notice(name):
        notices.append(notice)
        warnings.warn(notice, DetectorWarning, stacklevel=3)
    name = resolve_name(name)
    place = local_place(name)
    is_file = name not in CATALOGUE and is_gguf(place)
    is_local = name in CATALOGUE or is_file or place.exists()
    voices = place / "voices"
    # Voices, and what is calibrated with them, are bound to the weights in float32.
    number_format = DTYPES[resolve_dtype(dtype, target, needs_float32=is_local and voices.is_dir())]
    if not is_local and _looks_like_path(name):
        raise ModelError(
            f"No model folder at {name}. Give an existing folder, a GGUF file, a Hugging Face name, "
            "or leave --model out."
        )
    prepare_libraries(offline)
    if is_local and not is_file:
        check_folder(place)
    if is_file:
        model, tokenizer, report = load_gguf(place, number_format)
    else:
        model, tokenizer, report = _from_transformers(name, place if is_local else None, number_format, offline)
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f"The weights of {name} lack {len(missing)} of the parameters its config.json asks for ({missing[0]} "
            "and so on); random numbers would stand in for them. Use the config.json that belongs to the weights."
        )
    _check_weights(model, name, number_format)
    return ModelParts(model, tokenizer, name, target, voices if is_local else None, tuple(notices))


@contextmanager
def refused_by(name: str, device: torch.device) -> Iterator[None]:
    """A device that cannot hold or run a model, in a sentence that says what to do."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"The model {name} cannot run on {device}: {reason} Try --device cpu or --dtype bfloat16."
        ) from error


def local_place(name: str) -> Path:
    """The folder or GGUF file that a model's name stands for if it is on this machine; a packaged model is converted.

    Whether there is such a place is another question: the name may be one of the Hugging Face Hub.
    """
    model = CATALOGUE.get(resolve_name(name))
    if isinstance(model, PackagedModel):
        return model_folder(model)
    return SMALL_FOLDER if model is SMALL else Path(name).expanduser()


def _from_transformers(
    name: str, folder: Path | None, dtype: torch.dtype, offline: bool
) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase", dict[str, Any]]:
    """The model, its tokenizer and the report of its loading, from a folder or else by name."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = name if folder is None else str(folder)
    is_reachable = folder is None and not offline and hub_answers()
    local_only = not is_reachable
    if folder is None:  # a folder has been checked
        _check_of_hub(name, local_only)
    try:
        with hub_shut(local_only):
            tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False, local_files_only=local_only)
            model, report = AutoModelForCausalLM.from_pretrained(
                source,
                output_loading_info=True,
                dtype=dtype,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=local_only,
            )
    except BaseException as error:  # the libraries raise a dozen unrelated types here; each means "cannot load"
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # of code in Rust
            raise
        raise ModelError(_explain(name, folder is not None, offline, is_reachable, error)) from error
    return model, tokenizer, report


def _check_of_hub(name: str, local_only: bool) -> None:
    """The checks of a folder, for a model of the Hub, before more than its descriptions is fetched."""
    find = partial(hub_file, name, local_only=local_only)
    config = check_description(name, find)
    n_tensors = check_weight_map(name, find) if config else None
    check_sizes(name, config, None if n_tensors is None else Extent(n_tensors, LARGEST_SIZE))


def _check_weights(model: "PreTrainedModel", name: str, dtype: torch.dtype) -> None:
    """Raise ``ModelError`` unless all weights are finite numbers."""
    for parameter_name, parameter in model.named_parameters():
        if not parameter.is_floating_point() or not parameter.numel():
            continue
        values = parameter.detach() if parameter.element_size() > 1 else parameter.detach().float()
        if all(bound.isfinite() for bound in torch.aminmax(values)):  # NaN is the least and the greatest
            continue
        short = "" if dtype == torch.float32 else f", or too large for {str(dtype).removeprefix('torch.')}"
        remedy = "Copy or download them again, or use another model" + (", or try --dtype float32." if short else ".")
        raise ModelError(
            f"The weights of {name} hold values that are no finite numbers ({parameter_name}): they are "
            f"damaged{short}. {remedy}"
        )


def resolve_device(device: str) -> str:
    """``auto`` becomes the best device present; anything else is checked.

    >>> resolve_device("cpu")
    'cpu'
    """
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        wanted = torch.device(device)
    except RuntimeError:
        wanted = None
    if wanted is None or wanted.type not in ("cpu", "cuda", "mps"):
        raise UsageError(f"Unknown device {device!r}. Allowed: auto, cpu, cuda, cuda:N, mps.")
    present = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if (wanted.index or 0) >= present[wanted.type]:
        raise ModelError(f"This machine has no device {device} that torch can use. Try --device cpu.")
    return device


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device computes in bfloat16 by instructions of its own, rather than by the detour over float32.

    torch and oneDNN can emulate it on any CPU, so what they "support" is not asked; that is slower than float32.
    """
    if device.type == "cuda":
        with torch.cuda.device(device):
            return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    # torch names them with an underscore and has no other door; a version without them has no answer.
    questions = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(bool(question()) for question in questions if question is not None)


def resolve_dtype(
    dtype: str,
    device: torch.device,
    needs_float32: bool = False,
    has_bfloat16: Callable[[torch.device], bool] = has_bfloat16,
) -> str:
    """``auto`` becomes bfloat16 where the device has it and the model does not need float32; else it is checked.

    >>> resolve_dtype("auto", torch.device("cpu"), has_bfloat16=lambda device: True)
    'bfloat16'
    >>> resolve_dtype("auto", torch.device("cpu"), needs_float32=True)
    'float32'
    """
    if dtype == "auto":
        return "bfloat16" if not needs_float32 and has_bfloat16(device) else "float32"
    if dtype not in DTYPES:
        raise UsageError(f"Unknown dtype {dtype!r}. Allowed: auto, {', '.join(DTYPES)}.")
    return dtype


def _looks_like_path(name: str) -> bool:
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name


def _explain(name: str, is_local: bool, offline: bool, is_reachable: bool, error: BaseException) -> str:
    first_line = str(error).strip().splitlines()[0][:_LONGEST_REASON] if str(error).strip() else type(error).__name__
    if is_local:
        return f"The model in {name} cannot be loaded: {first_line}"
    if offline:
        return (
            f"The model {name!r} is not on this machine, and --offline forbids fetching it. "
            "Run once without --offline, or give a local folder."
        )
    if not is_reachable:
        return (
            f"The model {name!r} is not on this machine, and the Hugging Face Hub does not answer. Give a local "
            "folder, use --model small, the embedded one, or try again with a network."
        )
    return (
        f"The model {name!r} cannot be loaded: {first_line} "
        "Check the name, give a local folder, or use --model small, the embedded one."
    )
