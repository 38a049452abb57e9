"""What ``detect`` finds on this machine."""

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
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "matplotlib",
)


def examine(model: str = "default") -> dict[str, Any]:
    """Versions, devices, and whether ``model`` loads without the network and has a calibration."""
    import torch

    from detector.models.loading import DEFAULT_FOLDER, DEFAULT_NAME, resolve_device

    devices = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        devices.append("mps")
    is_local = model == DEFAULT_NAME or Path(model).expanduser().exists()
    return {
        "detect": __version__,
        "python": platform.python_version(),
        "packages": {name: _version_of(name) for name in _PACKAGES},
        "devices": devices,
        "device_auto": resolve_device("auto"),
        "threads": torch.get_num_threads(),
        "model": _examine_model(model, is_local),
        "embedded_model_folder": str(DEFAULT_FOLDER),
    }


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _examine_model(model: str, is_local: bool) -> dict[str, Any]:
    from detector.models import LanguageModel
    from detector.verdict.classifier import Classifier
    from detector.verdict.detector import DEFAULT_CALIBRATION
    from detector.verdict.lexical import LexicalModel

    found: dict[str, Any] = {"name": model, "ready": False, "network_needed": not is_local, "calibrated": False}
    try:
        loaded = LanguageModel.load(model, offline=True)
        found |= {
            "ready": True,
            "network_needed": False,
            "fingerprint": loaded.fingerprint,
            "voices": loaded.voices.fingerprint if loaded.voices else None,
            "parameters": sum(p.numel() for p in loaded.model.parameters()),
            "window_tokens": loaded.window_tokens,
            "first_token": loaded.first_token,
        }
        classifier = Classifier.load(DEFAULT_CALIBRATION)
        classifier.check_fingerprint(model, loaded.fingerprint)
        classifier.check_voices(model, found["voices"])
        classifier.check_lexical(LexicalModel.load().fingerprint if classifier.needs_lexical else None)
        found["calibrated"] = True
    except DetectorError as error:
        found["problem"] = str(error)
    return found


def print_findings(findings: dict[str, Any]) -> None:
    """The findings in lines of ``name  value``."""
    for name, value in findings.items():
        if isinstance(value, dict):
            print(name)
            for key, inner in value.items():
                print(f"  {key:16} {'not installed' if inner is None else inner}")
        else:
            print(f"{name:22} {', '.join(map(str, value)) if isinstance(value, list) else value}")
