"""From a known name, a folder or a Hugging Face name to a folder with weights, and to a tokenizer."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_WANTED = ("*.json", "*.safetensors", "*.model", "*.txt")


def find_folder(name: str, offline: bool = False) -> Path:
    """The folder with a model's files; one with a Hugging Face name is fetched unless ``offline``.

    Raises ``ModelError`` where there is no such folder or name.
    """
    from detector.models.hub import hub_shut, prepare_libraries
    from detector.models.loading import local_place

    folder = local_place(name)
    if folder.is_dir():
        return folder
    if folder.exists() or name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ModelError(f"No model folder at {name}. Give an existing folder, a Hugging Face name, or small.")
    prepare_libraries(offline)
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    try:
        with hub_shut(offline):
            return Path(snapshot_download(name, allow_patterns=list(_WANTED), local_files_only=offline))
    except Exception as error:  # a dozen unrelated types; each means that the files cannot be had
        how = "--offline forbids fetching it" if offline else "it cannot be fetched"
        raise ModelError(
            f"The model {name!r} is not on this machine, and {how}. Check the name and the network, give a local "
            "folder, or small for the embedded model."
        ) from error


def check_memory(folder: Path, instead: str) -> None:
    """Raise ``ModelError`` where the weights in ``folder`` exceed the free memory; ``instead`` says what to do.

    The files' size is the least that a loaded model takes. Nothing is checked where the free memory is not known.
    """
    needed, free = sum(path.stat().st_size for path in folder.glob("*.safetensors")), free_memory_bytes()
    if free is not None and needed > free:
        raise ModelError(
            f"The weights in {folder} take {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB of memory are free, so the "
            f"model cannot be loaded. {instead}"
        )


def free_memory_bytes(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """Memory that a new program can take, as Linux estimates it; None on other systems."""
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB$", meminfo.read_text(encoding="ascii"), re.MULTILINE)
    except (OSError, ValueError):
        return None
    return int(found[1]) * 1024 if found else None


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer in a folder, which need hold nothing else. Raises ``ModelError`` where there is none."""
    from detector.models.hub import hub_shut, prepare_libraries

    prepare_libraries(offline=False)
    from transformers import AutoTokenizer, GPT2Tokenizer, PreTrainedTokenizerFast

    has_config = (folder / "config.json").is_file() or (folder / "tokenizer_config.json").is_file()
    try:
        with hub_shut():
            if has_config:
                return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
            if (folder / "tokenizer.json").is_file():
                return PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
            if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
                return GPT2Tokenizer.from_pretrained(str(folder), local_files_only=True)
    except Exception as error:  # as above: each means that the tokenizer cannot be read
        raise ModelError(
            f"The tokenizer in {folder} cannot be read: {str(error).strip().splitlines()[0] if str(error) else error!r}"
        ) from error
    raise ModelError(f"{folder} holds no tokenizer (tokenizer.json, or vocab.json and merges.txt).")
