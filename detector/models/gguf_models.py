"""A model from a GGUF file of the user's own: ``--model path/to/model.gguf``.

The weights are made into ordinary ones each time the file is loaded, which takes from some seconds to a few minutes,
by the size of the vocabulary and the weights. A cache would hold a copy of several times the file's size for every
file that was ever tried; ``packaged.py`` keeps one of the model that is the default.
"""

import math
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from detector.errors import ModelError
from detector.models.gguf_file import MAGIC, GgufFile
from detector.models.gguf_tokenizer import read_tokenizer
from detector.models.hub import hub_shut
from detector.models.inspection import Extent, check_sizes

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_READERS_OF_BOTH_SIDES = ("bert", "t5encoder", "embedding", "clip")
"""Parts of the names of architectures whose predictions see what comes later."""


def is_gguf(path: Path) -> bool:
    """Whether a path is meant as a GGUF file: by its name, or by its first bytes.

    >>> is_gguf(Path("model.GGUF"))
    True
    """
    if path.suffix.lower() == ".gguf":
        return not path.is_dir()
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def load_gguf(path: Path, dtype: torch.dtype) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase", dict[str, Any]]:
    """The model, its tokenizer and what transformers reports of the loading.

    Raises ``ModelError`` for a file that is missing, damaged, no causal language model, or without a tokenizer.
    """
    if not path.is_file():
        raise ModelError(f"No model file at {path}. Give an existing file, a model folder or a Hugging Face name.")
    file = GgufFile.read(path)
    _check_kind(file)
    tokenizer = read_tokenizer(file)
    from transformers import AutoModelForCausalLM

    try:
        with redirect_stderr(StringIO()), hub_shut():  # the reader draws a bar that no setting takes away
            model, report = AutoModelForCausalLM.from_pretrained(
                str(path.parent),
                gguf_file=path.name,
                output_loading_info=True,
                dtype=dtype,
                trust_remote_code=False,
                local_files_only=True,
                **_as_ordinary_weights(),
            )
    except Exception as error:  # a dozen unrelated types; each means that this model cannot be made of the file
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"{path} (architecture {file.architecture}) cannot be loaded: {reason} "
            "Give the original model folder or its Hugging Face name."
        ) from error
    return model, tokenizer, report


def _as_ordinary_weights() -> dict[str, Any]:
    """Newer versions of transformers would keep the weights in their blocks where a kernel computes on those."""
    from transformers.utils import quantization_config

    settings = getattr(quantization_config, "GgufConfig", None)
    return {} if settings is None else {"quantization_config": settings(dequantize=True)}


def _check_kind(file: GgufFile) -> None:
    """Say what is no whole causal language model before the libraries do, in their words."""
    known = file.metadata
    if known.get("general.type", "model") != "model":
        raise ModelError(f"{file.path} is a GGUF file of the type {known['general.type']}, not a whole model.")
    if (n_parts := known.get("split.count", 1)) > 1:
        raise ModelError(
            f"{file.path} is one of {n_parts} parts of a model. Join them: llama-gguf-split --merge FIRST_PART WHOLE"
        )
    name = file.architecture
    reads_both_sides = any(part in name for part in _READERS_OF_BOTH_SIDES)
    if reads_both_sides or not known.get(f"{name}.attention.causal", True) or known.get(f"{name}.pooling_type", 0):
        raise ModelError(
            f"{file.path} (architecture {name}) is an embedding model or an encoder, which predicts no next token. "
            "Use a model that writes, from left to right."
        )
    sizes = {key.removeprefix(f"{name}.").removeprefix("attention."): value for key, value in known.items()}
    extent = Extent(len(file.tensors), sum(math.prod(tensor.shape) for tensor in file.tensors.values()))
    check_sizes(str(file.path), sizes, extent, file="the header")
