"""From a name or a folder to a ``LanguageModel``: safe formats only, and errors that say what to do."""

import json
import os
from logging import getLogger
from pathlib import Path

import torch

from detector.errors import ModelError, UsageError
from detector.models.language_model import DTYPES, LanguageModel

DEFAULT_FOLDER = Path(__file__).parent / "default"
DEFAULT_NAME = "default"
_HUB_SECONDS = 5.0
_TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "tokenizer.model", "spiece.model", "vocab.txt", "tekken.json")


def load_language_model(
    name: str, device: str = "auto", dtype: str = "float32", offline: bool = False
) -> LanguageModel:
    """See ``LanguageModel.load``."""
    if dtype not in DTYPES:
        raise UsageError(f"Unknown dtype {dtype!r}. Allowed: {', '.join(DTYPES)}.")
    target = torch.device(resolve_device(device))
    folder = DEFAULT_FOLDER if name == DEFAULT_NAME else Path(name).expanduser()
    is_local = name == DEFAULT_NAME or folder.exists()
    if is_local:
        _check_folder(folder)
    elif _looks_like_path(name):
        raise ModelError(
            f"No model folder at {name}. Give an existing folder, a Hugging Face name, or leave --model out."
        )
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if offline:  # read by huggingface_hub when it is first imported, below
        os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    getLogger("huggingface_hub").setLevel("ERROR")
    source = str(folder) if is_local else name
    # Asked once and briefly: the libraries try again for a minute where there is no network.
    is_reachable = not is_local and not offline and _hub_answers()
    local_only = not is_reachable
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False, local_files_only=local_only)
        model, report = AutoModelForCausalLM.from_pretrained(
            source,
            output_loading_info=True,
            dtype=DTYPES[dtype],
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=local_only,
        )
    except Exception as error:  # the libraries raise a dozen unrelated types here; each means "cannot load"
        raise ModelError(_explain(name, is_local, offline, is_reachable, error)) from error
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f"The weights of {name} lack {len(missing)} of the parameters its config.json asks for ({missing[0]} "
            "and so on); random numbers would stand in for them. Use the config.json that belongs to the weights."
        )
    try:
        voices = folder / "voices" if is_local else None
        return LanguageModel(model.to(target), tokenizer, name=name, voices_folder=voices)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"The model {name} cannot run on {target}: {reason} Try --device cpu or --dtype bfloat16."
        ) from error


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


def _hub_answers() -> bool:
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        get_session().head(constants.ENDPOINT, timeout=_HUB_SECONDS)
    except Exception:  # of the HTTP library that the hub's happens to use; each means no answer
        return False
    return True


def _looks_like_path(name: str) -> bool:
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name


def _check_folder(folder: Path) -> None:
    """Say what a model folder lacks before the libraries do, in their words."""
    if not folder.is_dir():
        raise ModelError(f"{folder} is not a folder. --model takes a folder or a Hugging Face name.")
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} holds no config.json, so it is not a model folder.")
    try:
        json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{folder / 'config.json'} is not valid JSON: {error}.") from error
    if not any((folder / file).is_file() for file in _TOKENIZER_FILES):
        raise ModelError(f"{folder} holds no tokenizer ({_TOKENIZER_FILES[0]}). Save it beside the weights.")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        hint = ""
        if any(folder.glob("*.bin")):
            hint = (
                " It has weights in the pickle format, which can run code when opened and is not read;"
                " save the model again with save_pretrained to get safetensors."
            )
        raise ModelError(f"{folder} holds no weights (*.safetensors).{hint}")
    from safetensors import SafetensorError, safe_open

    for path in weights:
        try:
            with safe_open(path, framework="pt") as file:
                file.keys()
        except (SafetensorError, OSError) as error:
            raise ModelError(
                f"{path} is damaged and cannot be read ({error}). Copy or download the file again."
            ) from error


def _explain(name: str, is_local: bool, offline: bool, is_reachable: bool, error: Exception) -> str:
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
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
            "folder, leave --model out to use the embedded model, or try again with a network."
        )
    return (
        f"The model {name!r} cannot be loaded: {first_line} "
        "Check the name, give a local folder, or leave --model out to use the embedded model."
    )
