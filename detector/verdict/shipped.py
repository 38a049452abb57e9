"""The calibrations that come with the tool, one for each model of the catalogue that has been calibrated.

``calibrations/NAME.json`` is the classifier; ``NAME.safetensors`` beside it is its probe, where it has one.
``calibrations/quick`` holds those that do without probabilities, so that a pass may end at an early layer.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import CalibrationError
from detector.models.catalogue import resolve_name
from detector.verdict.classifier import Classifier

if TYPE_CHECKING:
    from detector.verdict.probe_model import ProbeModel

FOLDER = Path(__file__).parent / "calibrations"
QUICK_FOLDER = FOLDER / "quick"


def shipped_calibration(model: str = "default") -> Path | None:
    """The classifier's file for a model by the name a person gives, or None where none comes with the tool.

    >>> shipped_calibration("small").name
    'small.json'
    """
    path = FOLDER / f"{resolve_name(model)}.json"
    return path if path.parent == FOLDER and path.is_file() else None


def calibration_for(model: str) -> Path:
    """The same; raises ``CalibrationError`` where none comes with the tool."""
    path = shipped_calibration(model)
    if path is None:
        raise CalibrationError(
            f"No calibration comes with the tool for {model}. Name one with --calibration, made by `detect train`, or "
            f"use a model that has one: {', '.join(path.stem for path in shipped_calibrations())}."
        )
    return path


def shipped_probe(model_fingerprint: str) -> "ProbeModel | None":
    """The probe that comes with the tool for this very model, or None."""
    for path in shipped_calibrations():
        classifier = Classifier.load(path)
        if classifier.needs_probe and model_fingerprint in classifier.number_formats.values():
            return probe_beside(path, classifier)
    return None


def probe_beside(calibration: Path, classifier: Classifier) -> "ProbeModel | None":
    """The probe that a classifier asks for, from beside its file; None where it asks for none.

    Raises ``CalibrationError`` where it is none or gives less than the classifier reads.
    """
    from detector.verdict.probe_model import ProbeModel  # tensors, which a classifier's file needs none of

    if not classifier.needs_probe:
        return None
    path = calibration.with_suffix(".safetensors")
    probe = ProbeModel.load(path)
    needs_units = "probe_units" in classifier.feature_names
    if (needs_units and not probe.has_units) or (classifier.second_register and not probe.has_second_register):
        raise CalibrationError(
            f"{calibration} rests on a hidden layer or a second register that the probe {path.name} beside it does not "
            "have. Keep the two files that were made together side by side."
        )
    return probe


def calibration_path(model: str, given: str | Path | None = None, quick: bool = False) -> Path:
    """The classifier's file that judges with a model: the one given, that of the model, or that of the embedded one.

    The last is then refused by its fingerprint, with what to do about it. With ``quick`` it is the model's calibration
    that does without probabilities; raises ``CalibrationError`` where there is none.
    """
    if given:
        return Path(given)
    if not quick:
        return shipped_calibration(model) or calibration_for("small")
    path = QUICK_FOLDER / f"{resolve_name(model)}.json"
    if path.parent != QUICK_FOLDER or not path.is_file():
        names = ", ".join(found.stem for found in sorted(QUICK_FOLDER.glob("*.json")))
        raise CalibrationError(
            f"No quick calibration comes with the tool for {resolve_name(model)}; there is one for {names}. Leave out "
            f"--quick, or get the model: detect models install {names}"
        )
    return path


def shipped_calibrations() -> list[Path]:
    """All of them, by name."""
    return sorted(FOLDER.glob("*.json"))
