"""From the word ``default``, a folder or a Hugging Face name to a folder with weights, and to a tokenizer."""

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
    from detector.models.loading import DEFAULT_FOLDER, DEFAULT_NAME

    if name == DEFAULT_NAME:
        return DEFAULT_FOLDER
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists() or name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ModelError(f"No model folder at {name}. Give an existing folder, a Hugging Face name, or default.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    try:
        return Path(snapshot_download(name, allow_patterns=list(_WANTED), local_files_only=offline))
    except Exception as error:  # a dozen unrelated types; each means that the files cannot be had
        how = "--offline forbids fetching it" if offline else "it cannot be fetched"
        raise ModelError(
            f"The model {name!r} is not on this machine, and {how}. Check the name and the network, give a local "
            "folder, or default for the embedded model."
        ) from error


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer in a folder, which need hold nothing else. Raises ``ModelError`` where there is none."""
    from transformers import AutoTokenizer, GPT2Tokenizer, PreTrainedTokenizerFast
    from transformers.utils import logging

    logging.set_verbosity_error()
    has_config = (folder / "config.json").is_file() or (folder / "tokenizer_config.json").is_file()
    try:
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
