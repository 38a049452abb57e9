"""Embedding matrices read straight from the safetensors of a model folder; the model is never built.

Only the two matrices and the output bias are read, so a model far larger than memory is no obstacle.
The matrices are found by the names that the common architectures give them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import ModelError
from detector.files import read_json
from detector.models.inspection import check_weight_map, files_in

INPUT_NAMES = (
    "embed_tokens.weight",  # Llama, Mistral, Qwen, Gemma, OPT, Phi, XGLM
    "wte.weight",  # GPT-2, GPT-J, GPT-Neo
    "embed_in.weight",  # GPT-NeoX, Pythia
    "word_embeddings.weight",  # BLOOM, Falcon
    "tok_embeddings.weight",  # InternLM 2
    "token_embedding.weight",
    "embeddings.weight",  # Mamba, RWKV
    "embedding.weight",
    "shared.weight",
)
"""Ends of the names of input embeddings."""

OUTPUT_NAMES = (
    "lm_head.weight",
    "embed_out.weight",  # GPT-NeoX, Pythia
    "output.weight",  # InternLM 2
    "ff_out.weight",  # OLMo 1
    "lm_head.linear.weight",  # Phi 1
)
"""Ends of the names of output embeddings."""

_SMALLEST_BIAS_NORM = 1e-3


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Embedding matrices of one model; ``rows`` may differ from the size of the tokenizer's vocabulary."""

    input: NDArray[np.float32]
    """(rows, d)."""
    output: NDArray[np.float32]
    """(rows, d); the same array as ``input`` where they are tied."""
    output_bias: NDArray[np.float32] | None
    """(rows,), or None for a model without one, or one that is zero."""
    is_tied: bool
    names: tuple[str, ...]
    """Of the tensors read."""

    @property
    def rows(self) -> int:
        """Rows of the output embeddings."""
        return len(self.output)


def read_embeddings(folder: Path) -> Embeddings:
    """Matrices of the model in ``folder``, sharded or not. Raises ``ModelError`` where they cannot be found or read."""
    places = _tensor_places(folder)
    config = _read_json(folder / "config.json")
    input_name = _find(places, INPUT_NAMES)
    if input_name is None:
        raise ModelError(
            f"No input embeddings were found in {folder}: none of its {len(places)} tensors ends in "
            f"{', '.join(INPUT_NAMES[:4])} or the like. The folder may hold an adapter or a part of a model."
        )
    output_name = _find(places, OUTPUT_NAMES)
    bias_name = (output_name or "lm_head.weight").removesuffix("weight") + "bias"
    text_config = config.get("text_config") or config
    says_tied = text_config.get("tie_word_embeddings", config.get("tie_word_embeddings"))
    if output_name is None and says_tied is False:
        raise ModelError(
            f"{folder} has no output embeddings (lm_head.weight), and its config.json says that they are not tied to "
            "the input's. Copy or save the weights again."
        )
    read = _reader(folder, places)
    inputs = read(input_name)
    # A head stored beside embeddings that are tied is a copy of them.
    outputs = inputs if output_name is None or says_tied is True else read(output_name)
    if inputs.ndim != 2 or outputs.ndim != 2:
        raise ModelError(f"The embeddings of {folder} are no matrices: {inputs.shape} and {outputs.shape}.")
    for name, matrix in ((input_name, inputs), (output_name, outputs)):
        if not np.isfinite(matrix).all():
            raise ModelError(f"{name} of {folder} holds numbers that are not finite; its tokens cannot be compared.")
    bias = read(bias_name) if bias_name in places else None
    has_bias = bias is not None and float(np.linalg.norm(bias)) > _SMALLEST_BIAS_NORM
    is_tied = outputs is inputs or (inputs.shape == outputs.shape and np.array_equal(inputs, outputs))
    names = tuple(dict.fromkeys(name for name in (input_name, output_name, bias_name) if name in places))
    return Embeddings(inputs, inputs if is_tied else outputs, bias if has_bias else None, is_tied, names)


def say_rows(embeddings: Embeddings, vocabulary_size: int) -> str | None:
    """A sentence where the matrix and the tokenizer differ in size, else None."""
    rows = embeddings.rows
    if rows == vocabulary_size:
        return None
    if rows > vocabulary_size:
        return (
            f"The model has {rows} rows of embeddings and the tokenizer {vocabulary_size} tokens: "
            f"{rows - vocabulary_size} rows belong to no token."
        )
    return (
        f"The model has {rows} rows of embeddings and the tokenizer {vocabulary_size} tokens: the embeddings were cut "
        f"or the tokenizer grew. The {vocabulary_size - rows} tokens from {rows} on have no row and no indicator."
    )


def _tensor_places(folder: Path) -> dict[str, Path]:
    """The file that holds each tensor."""
    from safetensors import SafetensorError, safe_open

    index = folder / "model.safetensors.index.json"
    paths = sorted(folder.glob("*.safetensors"))
    if index.is_file():
        check_weight_map(str(folder), files_in(folder))
        weight_map = _read_json(index)["weight_map"]
        if missing := sorted({file for file in weight_map.values() if not (folder / file).is_file()}):
            raise ModelError(
                f"{folder} lacks {len(missing)} of the files that hold its weights ({missing[0]} and so on). "
                "Copy or download them."
            )
        return {name: folder / file for name, file in weight_map.items()}
    if not paths:
        raise ModelError(f"{folder} holds no weights (*.safetensors), so there are no embeddings to look at.")
    places: dict[str, Path] = {}
    for path in paths:
        try:
            with safe_open(path, framework="pt") as file:
                places |= dict.fromkeys(file.keys(), path)
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{path} is damaged and cannot be read ({error}). Copy or download it again.") from error
    return places


def _reader(folder: Path, places: dict[str, Path]) -> Callable[[str], NDArray[np.float32]]:
    from safetensors import SafetensorError, safe_open

    def read(name: str) -> NDArray[np.float32]:
        try:
            with safe_open(places[name], framework="pt") as file:  # numpy knows no bfloat16
                matrix: NDArray[np.float32] = file.get_tensor(name).float().numpy()
        except (SafetensorError, OSError) as error:
            raise ModelError(
                f"{name} of {folder} cannot be read ({error}). Copy or download the file again."
            ) from error
        return matrix

    return read


def _find(places: dict[str, Path], ends: tuple[str, ...]) -> str | None:
    """The tensor with one of these ends, of the shortest name where several have it; those of layers do not count."""
    for end in ends:
        found = [name for name in places if name == end or name.endswith("." + end)]
        if outside_layers := [name for name in found if not re.search(r"(^|\.)\d+\.", name)]:
            return min(outside_layers, key=len)
    return None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        read = read_json(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}), so this is not a model folder.") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not valid JSON: {error}.") from error
    if not isinstance(read, dict):
        raise ModelError(f"{path} is not a JSON object.")
    return read
