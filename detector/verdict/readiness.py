"""What is ready on this machine: versions, devices, models and their calibrations; what ``detect doctor`` shows."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from detector.errors import DetectorError
from detector.version import __version__

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


def examine(model: str = "default") -> dict[str, Any]:
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
        "model": _examine_model(model),
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


def _examine_model(model: str) -> dict[str, Any]:
    from detector.models import LanguageModel
    from detector.models.catalogue import CATALOGUE, resolve_name
    from detector.verdict.classifier import Classifier
    from detector.verdict.lexical import LexicalModel
    from detector.verdict.shipped import calibration_for, probe_beside

    name = resolve_name(model)
    is_local = name in CATALOGUE or Path(name).expanduser().exists()
    found: dict[str, Any] = {"name": name, "ready": False, "network_needed": not is_local, "calibrated": False}
    try:
        loaded = LanguageModel.load(model, offline=True)
        found |= {
            "ready": True,
            "network_needed": False,
            "dtype": loaded.dtype,
            "fingerprint": loaded.fingerprint,
            "voices": loaded.voices.fingerprint if loaded.voices else None,
            "parameters": sum(p.numel() for p in loaded.model.parameters()),
            "window_tokens": loaded.window_tokens,
            "first_token": loaded.first_token,
        }
        path = calibration_for(name)
        classifier = Classifier.load(path)
        classifier.check_fingerprint(name, loaded.fingerprint)
        classifier.check_voices(name, found["voices"])
        classifier.check_lexical(LexicalModel.load().fingerprint if classifier.needs_lexical else None)
        probe = probe_beside(path, classifier)
        classifier.check_probe(probe.fingerprint if probe else None)
        found["calibrated"] = True
    except DetectorError as error:
        found["problem"] = str(error)
    return found
