"""What a model says of itself, checked before any library opens it: formats, file names, kind and sizes.

A model may come from a stranger. The libraries run no code of its own here, but left to themselves they would open a
pickle that an index of its weights names, and build a million layers that no weights exist for.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.errors import ModelError
from detector.files import read_json

FindFile = Callable[[str], Path | None]
"""From the name of one of a model's files to where it lies; None where there is none."""

TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "tokenizer.model", "spiece.model", "vocab.txt", "tekken.json")
_INDEX = "model.safetensors.index.json"
_OTHER_JSON = ("generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_FILE_NAME = re.compile(r"[\w.-]+\.safetensors", re.ASCII)

_COUNTS_LAYERS = re.compile(
    r"(num|n)_(\w+_)?layers?|(encoder|decoder)_layers|block_count|(num|n)_(\w+_)?experts|expert_count"
)
_IS_SIZE = re.compile(
    r"vocab_size|(\w+_)?hidden_size(_\w+)?|(\w+_)?intermediate_size|d_(model|ff|kv|inner)|n_(embd|inner|head|positions)"
    r"|\w*ffn_dim|(\w+_)?head_dim|num_(\w+_)?heads|num_labels|embedding_length|feed_forward_length|head_count(_kv)?"
)
_MOST_LAYERS = 10_000
"""Where it is not known how many tensors there are; a layer has one at least."""
_MOST_EXPERTS = 1024
"""Experts may share a tensor."""
LARGEST_SIZE = 100_000_000
"""Where it is not known how many values the weights hold."""


@dataclass(frozen=True)
class Extent:
    """How much the files of the weights hold."""

    tensors: int
    values: int


def files_in(folder: Path) -> FindFile:
    """The files of a model folder, by name."""
    return lambda file: folder / file if (folder / file).is_file() else None


def check_folder(folder: Path) -> None:
    """Raise ``ModelError`` for a folder that holds no whole causal model in safe formats."""
    if not folder.is_dir():
        raise ModelError(
            f"{folder} is neither a folder nor a GGUF file. --model takes a model folder, a GGUF file or a "
            "Hugging Face name."
        )
    if not (folder / "config.json").is_file():
        found = sorted(folder.glob("*.gguf"))
        hint = f" For its GGUF file give --model {found[0]}" if found else ""
        raise ModelError(f"{folder} holds no config.json, so it is not a model folder.{hint}")
    if not any((folder / file).is_file() for file in TOKENIZER_FILES):
        raise ModelError(f"{folder} holds no tokenizer ({TOKENIZER_FILES[0]}). Save it beside the weights.")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        hint = ""
        if any(folder.glob("*.bin")):
            hint = (
                " It has weights in the pickle format, which can run code when opened and is not read;"
                " save the model again with save_pretrained to get safetensors."
            )
        raise ModelError(f"{folder} holds no weights (*.safetensors).{hint}")
    check_description(str(folder), files_in(folder))
    check_weight_map(str(folder), files_in(folder))
    check_sizes(str(folder), _json_of(folder / "config.json"), _extent(weights))


def check_description(name: str, find: FindFile) -> dict[str, Any]:
    """The config of a model; raises ``ModelError`` for files that are damaged, or say that it cannot be used."""
    for file in _OTHER_JSON:
        if path := find(file):
            _json_of(path)
    if find("adapter_config.json"):
        raise ModelError(
            f"{name} holds an adapter (adapter_config.json), which changes another model. Merge the two with "
            "merge_and_unload of peft, and save the model again."
        )
    path = find("config.json")
    if path is None:  # which whoever loads it says better
        return {}
    config = _json_of(path)
    _check_kind(name, config)
    for field in ("attn_implementation", "_attn_implementation", "experts_implementation"):
        if "/" in json.dumps(config.get(field)):
            raise _needs_code(name, f"{field} in config.json")
    named = config.get("transformers_weights")
    if named is not None and not (isinstance(named, str) and _FILE_NAME.fullmatch(named)):
        raise ModelError(
            f"config.json of {name} takes the weights from {_shown(named)}, which is no safetensors file beside it. "
            "Save the model again with save_pretrained."
        )
    return config


def check_weight_map(name: str, find: FindFile) -> int | None:
    """How many tensors the index of the weights lists, None where there is no index.

    Raises ``ModelError`` where it names anything but safetensors files beside it, of which a decoy may stand there.
    """
    path = find(_INDEX)
    if path is None:
        return None
    weight_map = _json_of(path).get("weight_map")
    if not isinstance(weight_map, dict):
        raise ModelError(f"{path} is damaged: it has no weight_map. Copy or download the model again.")
    for file in weight_map.values():
        if not isinstance(file, str) or not _FILE_NAME.fullmatch(file):
            raise ModelError(
                f"The index of the weights of {name} names {_shown(file)}, and only safetensors files beside it are "
                "opened: a pickle can run code. Save the model again with save_pretrained to get safetensors."
            )
    return len(weight_map)


def check_sizes(name: str, config: Mapping[str, Any], extent: Extent | None, file: str = "config.json") -> None:
    """Raise ``ModelError`` where more is to be built than weights exist for."""
    layers, experts, largest = _MOST_LAYERS, _MOST_LAYERS, LARGEST_SIZE
    if extent is not None:
        layers, experts, largest = extent.tensors, max(extent.tensors, _MOST_EXPERTS), max(extent.values, 1)
    for field, value in _numbers(config):
        if _COUNTS_LAYERS.fullmatch(field):
            most = experts if "expert" in field else layers
        elif _IS_SIZE.fullmatch(field):
            most = largest
        else:
            continue
        if not -1 <= value <= most:  # false for NaN
            held = "no model has so many"
            if extent is not None:
                held = f"the weights hold {extent.tensors} tensors of {extent.values} values"
            raise ModelError(
                f"{file} of {name} asks for {field} {_shown(value)}, and at most {most:,} are built: {held}. Use the "
                f"{file} that belongs to the weights."
            )


def _numbers(config: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Every number in a config and in the configs within it, with its name."""
    waiting: list[Mapping[str, Any]] = [config]
    while waiting:
        for field, value in waiting.pop().items():
            if isinstance(value, dict):
                waiting.append(value)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                yield field, value


def _check_kind(name: str, config: dict[str, Any]) -> None:
    """Say what is no causal model that transformers has the code of before the libraries do, in their words."""
    from transformers import CONFIG_MAPPING
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    )

    kind = config.get("model_type")
    if not isinstance(kind, str):  # the libraries may tell it by the folder's name
        kind = None
    shown = f"(architecture {_shown(kind)})" if kind else "(its config.json names no architecture)"
    writes = kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    if config.get("is_encoder_decoder") or (kind in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES and not writes):
        raise ModelError(
            f"{name} {shown} is an encoder-decoder model, which reads a text from both sides before it writes. "
            "Use a model that reads from left to right."
        )
    if kind not in CONFIG_MAPPING and config.get("auto_map"):
        raise _needs_code(name, "auto_map in config.json")
    if kind in CONFIG_MAPPING and not writes:
        raise ModelError(
            f"{name} {shown} is not a causal model: it predicts no next token of a text. "
            "Use a model that writes, from left to right."
        )


def _needs_code(name: str, where: str) -> ModelError:
    return ModelError(
        f"{name} needs program code of its own ({where}), and a stranger's code is not run. "
        "Use a model of an architecture that transformers has the code of."
    )


def _json_of(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ModelError(f"{path} is not valid JSON: {error}. Copy or download the model again.") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path} holds no JSON object. Copy or download the model again.")
    return found


def _extent(weights: list[Path]) -> Extent:
    """Of all the files, read from their headers."""
    from safetensors import SafetensorError, safe_open

    tensors = values = 0
    for path in weights:
        try:
            with safe_open(path, framework="pt") as file:
                for key in file.keys():  # noqa: SIM118
                    size = 1
                    for length in file.get_slice(key).get_shape():
                        size *= length
                    tensors, values = tensors + 1, values + size
        except (SafetensorError, OSError) as error:
            raise ModelError(
                f"{path} is damaged and cannot be read ({error}). Copy or download the file again."
            ) from error
    return Extent(tensors, values)


def _shown(value: Any) -> str:
    shown = value if isinstance(value, str) else json.dumps(value)
    return shown if len(shown) <= 60 else f"{shown[:60]}..."
