"""What is ready on this machine: versions, devices, models and their calibrations; what ``detect doctor`` shows."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.errors import DetectorError
from detector.version import __version__

if TYPE_CHECKING:
    from detector.models import LanguageModel

_PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "gguf",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "matplotlib",
)


def examine(model: str = "default", prefix: str = "auto") -> dict[str, Any]:
    """Versions, devices, and whether ``model`` loads without the network and has a calibration."""
    import torch

    from detector.models.catalogue import SMALL_FOLDER
    from detector.models.loading import resolve_device, resolve_dtype
    from detector.models.threads import usable_cores, use_threads

    devices = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        devices.append("mps")
    device = resolve_device("auto")
    return {
        "detect": __version__,
        "python": platform.python_version(),
        "packages": {name: _version_of(name) for name in _PACKAGES},
        "devices": devices,
        "device_auto": device,
        "dtype_auto": resolve_dtype("auto", torch.device(device)),
        "usable_cores": usable_cores(),
        "threads": use_threads(),
        "model": _examine_model(model, prefix),
        "packaged_model": _examine_package(),
        "embedded_model_folder": str(SMALL_FOLDER),
    }


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _examine_package() -> dict[str, Any]:
    """The default model's distribution, and what it takes in the cache."""
    from detector.models.cache import distrust, size_bytes
    from detector.models.catalogue import SMOLLM2, installed_version
    from detector.models.packaged import converted_folder

    folder = converted_folder(SMOLLM2)
    found = {
        "name": SMOLLM2.name,
        SMOLLM2.distribution: installed_version(SMOLLM2),
        "wanted": SMOLLM2.version,
        "cache_folder": str(folder),
        "cache_bytes": size_bytes(folder),
        "remove": f"detect models remove {SMOLLM2.name}",
    }
    if because := distrust(folder):
        found["cache_problem"] = because
    return found


def _windows_with_prefix(loaded: "LanguageModel") -> str:
    """Which windows of a long text begin with the prefix, and what was measured."""
    need = loaded.prefix_need
    if loaded.prefix.id is None:
        return "none"
    if need is None:
        return "the first alone; the window is too short to measure what later ones need"
    measured = f"without it a later one differs by {need.divergence_nats:.2f} nats a token"
    return f"every one: {measured}" if need.is_needed else f"the first alone: {measured}"


def _examine_model(model: str, prefix: str) -> dict[str, Any]:
    from detector.models import LanguageModel
    from detector.models.catalogue import CATALOGUE, resolve_name
    from detector.verdict.classifier import Classifier
    from detector.verdict.lexical import LexicalModel
    from detector.verdict.probe_model import fingerprints_of
    from detector.verdict.shipped import calibration_for, probe_beside

    name = resolve_name(model)
    is_local = name in CATALOGUE or Path(name).expanduser().exists()
    found: dict[str, Any] = {"name": name, "ready": False, "network_needed": not is_local, "calibrated": False}
    try:
        loaded = LanguageModel.load(model, offline=True, prefix=prefix)
        found |= {
            "ready": True,
            "network_needed": False,
            "dtype": loaded.dtype,
            "fingerprint": loaded.fingerprint,
            "voices": loaded.voices.fingerprint if loaded.voices else None,
            "parameters": sum(p.numel() for p in loaded.model.parameters()),
            "window_tokens": loaded.window_tokens,
            "first_token": loaded.first_token,
            "prefix": loaded.prefix.token,
            "prefix_reason": loaded.prefix.reason,
            "prefix_windows": _windows_with_prefix(loaded),
        }
        path = calibration_for(name)
        classifier = Classifier.load(path)
        classifier.check_fingerprint(name, loaded.fingerprint)
        classifier.check_voices(name, found["voices"])
        classifier.check_lexical(LexicalModel.load().fingerprint if classifier.needs_lexical else None)
        probe = probe_beside(path, classifier)
        classifier.check_probe(*fingerprints_of(probe))
        found["calibrated"] = True
    except DetectorError as error:
        found["problem"] = str(error)
    return found
