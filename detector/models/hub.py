"""The Hugging Face Hub and its libraries: kept quiet and private, asked once whether they answer, and shut."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from logging import getLogger
from pathlib import Path

_HUB_SECONDS = 5.0


def prepare_libraries(offline: bool) -> None:
    """Quiet and private; read by huggingface_hub when it is first imported, so before anything else."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    getLogger("huggingface_hub").setLevel("ERROR")


def hub_answers() -> bool:
    """Whether the Hub can be asked, within a few seconds; the libraries try again for a minute."""
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        get_session().head(constants.ENDPOINT, timeout=_HUB_SECONDS)
    except Exception:  # of the HTTP library that the hub's happens to use; each means no answer
        return False
    return True


@contextmanager
def hub_shut(is_shut: bool = True) -> Iterator[None]:
    """Nothing is fetched meanwhile, if ``is_shut``.

    That files are wanted from this machine alone is not enough: newer versions of the libraries fetch kernels, which
    are code, and a list of the programs they might be called by, without being asked to.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or is_shut
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def hub_file(name: str, file: str, local_only: bool) -> Path | None:
    """A file of a model of the Hub, fetched unless ``local_only``; None where it cannot be had."""
    from transformers.utils import cached_file

    try:
        with hub_shut(local_only):
            found = cached_file(name, file, local_files_only=local_only)
    except Exception:  # a dozen unrelated types; what is missing is said by whoever needs it
        return None
    return None if found is None else Path(found)
