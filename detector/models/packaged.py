"""A model that comes as a Python distribution: found, checked, and converted once into a folder of the cache.

The distribution's own code is never imported: its metadata says where the file lies. Of a finished conversion the
last thing written is ``manifest.json``, so that what was broken off has none, and it gets its name by one renaming,
so that two processes which start at once do not disturb each other: the loser takes the winner's.
"""

import atexit
import errno
import hashlib
import json
import os
import shutil
import tempfile
import warnings
from contextlib import suppress
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from detector.errors import DetectorNotice, DetectorWarning, ModelError
from detector.models.cache import distrust, models_folder
from detector.models.catalogue import SMALL, PackagedModel, installed_version
from detector.models.gguf_file import GgufFile

MANIFEST = "manifest.json"
_MANIFEST_VERSION = 1
_WEIGHTS = "model.safetensors"
_UNFINISHED = ".unfinished-"


def converted_folder(model: PackagedModel) -> Path:
    """Where the conversion of ``model`` is kept; it need not exist. Another file has another folder."""
    return models_folder() / f"{model.name}-{model.sha256[:12]}"


def find_file(model: PackagedModel) -> Path:
    """The GGUF file of the installed distribution, its size checked.

    Raises ``ModelError`` where the distribution is not installed, of another version, or not whole.
    """
    found = installed_version(model)
    if found is None:
        raise ModelError(
            f"The model {model.name} is not installed. Install it with: {model.install_command} "
            f"(or: detect models install {model.name})"
        )
    if found != model.version:
        raise ModelError(
            f"{model.distribution} is installed in the version {found}, and {model.name} is read from "
            f"{model.version} alone. Install that with: {model.install_command}"
        )
    path = Path(str(distribution(model.distribution).locate_file(model.file)))
    again = f"Install it again: {_reinstall_command(model)}"
    if not path.is_file():
        raise ModelError(f"{model.distribution} {found} is installed without its file {model.file}. {again}")
    if (size := path.stat().st_size) != model.size_bytes:
        raise ModelError(f"{path} is truncated or changed: it has {size} bytes, not {model.size_bytes}. {again}")
    return path


def model_folder(model: PackagedModel) -> Path:
    """The folder of ``model`` in the format of transformers, converted now if it has not been.

    The first call takes seconds and says so by a ``DetectorNotice``. Where the cache cannot be written or may not be
    trusted, the folder is a temporary one, and a ``DetectorWarning`` says that too.
    Raises ``ModelError`` where the model is not installed, is damaged, or finds no room.
    """
    source = find_file(model)
    folder = converted_folder(model)
    if because := distrust(folder):
        return _temporary_folder(model, source, because)
    if is_whole(folder, model):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}{model.name}-", dir=folder.parent))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _no_room(folder.parent) from error
        return _temporary_folder(model, source, f"{folder.parent} cannot be written ({error.strerror})")
    try:
        _convert(model, source, unfinished, folder)
        _put_in_place(unfinished, folder, model)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def is_whole(folder: Path, model: PackagedModel) -> bool:
    """Whether a folder holds a finished conversion of the model's file, as it was written.

    Of the weights the size alone is asked, which takes no time; their values are in the fingerprint that every
    calibration is bound to.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if (manifest["version"], manifest["source_sha256"]) != (_MANIFEST_VERSION, model.sha256):
            return False
        files = manifest["files"]
        return _WEIGHTS in files and all(
            (folder / name).stat().st_size == known["bytes"]
            and (name == _WEIGHTS or _sha256((folder / name).read_bytes()) == known["sha256"])
            for name, known in files.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def remove_conversion(model: PackagedModel) -> int:
    """Delete the cached conversion and what a broken one left; the bytes freed. The distribution stays.

    Raises ``ModelError`` where something cannot be deleted.
    """
    freed = 0
    for folder in (converted_folder(model), *models_folder().glob(f"{_UNFINISHED}{model.name}-*")):
        if folder.is_dir():
            freed += sum(path.stat().st_size for path in folder.iterdir())
            try:
                shutil.rmtree(folder)
            except OSError as error:
                raise ModelError(f"{folder} cannot be deleted: {error.strerror}.") from error
    return freed


@cache
def _temporary_folder(model: PackagedModel, source: Path, because: str) -> Path:
    """A conversion that lasts as long as this process."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"detect-{model.name}-"))
    except OSError as error:
        raise ModelError(
            f"{because}, and no temporary folder can be written either ({error.strerror}), so there is no room to "
            f"convert {model.name}. Set XDG_CACHE_HOME to a folder that you can write, or use --model {SMALL.name}."
        ) from error
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    warnings.warn(
        f"{because}, so {model.name} is converted into a temporary folder, for this run alone. "
        "Set XDG_CACHE_HOME to a folder of your own to keep the conversion.",
        DetectorWarning,
        stacklevel=2,
    )
    _convert(model, source, folder, folder)
    return folder


def _convert(model: PackagedModel, source: Path, into: Path, shown: Path) -> None:
    """Check the file's hash and write the model's files, the manifest last; people are told of ``shown``."""
    from detector.models.llama_folder import llama_files

    warnings.warn(
        f"Converting {model.name} once into {shown}, which takes some seconds and 270 MB of disk.",
        DetectorNotice,
        stacklevel=3,
    )
    with source.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != model.sha256:
        raise ModelError(
            f"{source} is not the file it should be: its sha256 is {found[:16]}... and not {model.sha256[:16]}... "
            f"Install it again: {_reinstall_command(model)}"
        )
    files = {}
    try:
        for name, content in llama_files(GgufFile.read(source), model.prefix_token).items():
            (into / name).write_bytes(content)
            files[name] = {"bytes": len(content), "sha256": _sha256(content)}
        manifest = {"version": _MANIFEST_VERSION, "source_sha256": model.sha256, "files": files}
        (into / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _no_room(into.parent) from error
        raise ModelError(f"The conversion of {model.name} cannot be written to {into}: {error.strerror}.") from error


def _put_in_place(unfinished: Path, folder: Path, model: PackagedModel) -> None:
    """Give a finished conversion its name, unless another process was first."""
    for _ in range(2):
        try:
            os.rename(unfinished, folder)
            return
        except OSError as error:  # there is a folder that is not empty
            if is_whole(folder, model):
                return
            if not folder.exists():
                raise ModelError(f"{folder} cannot be written: {error.strerror}.") from error
        # What lies there is broken. It is moved away first: renaming is one step, deleting many.
        with suppress(OSError):
            broken = tempfile.mkdtemp(prefix=f"{_UNFINISHED}{model.name}-", dir=folder.parent)
            os.rename(folder, Path(broken) / "broken")
            shutil.rmtree(broken, ignore_errors=True)
    raise ModelError(f"{folder} is broken and cannot be replaced. Delete it and try again.")


def _no_room(folder: Path) -> ModelError:
    return ModelError(
        f"The disk that holds {folder} is full; the converted model takes 270 MB. Free some space, or set "
        f"XDG_CACHE_HOME to a folder on another disk, or use --model {SMALL.name}."
    )


def _reinstall_command(model: PackagedModel) -> str:
    return model.install_command.replace("install", "install --force-reinstall")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
