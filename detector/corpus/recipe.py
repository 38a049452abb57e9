"""How to load the detector that a run needs, so that any worker can, and what it will be, without loading it."""

import hashlib
import json
from dataclasses import MISSING, Field, asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.verdict.classifier import Classifier
from detector.verdict.shipped import calibration_path

if TYPE_CHECKING:
    from detector.verdict.detector import Detector


@dataclass(frozen=True)
class Recipe:
    """The arguments of ``Detector.load``."""

    model: str = "default"
    device: str = "auto"
    dtype: str = "auto"
    offline: bool = False
    target_fpr: float = 0.01
    calibration: str | None = None
    token_analysis: str | None = None
    prefix: str = "auto"
    quick: bool = False

    def load(self, alternatives: int = 0) -> "Detector":
        """The detector; raises what ``Detector.load`` raises."""
        from detector.verdict.detector import Detector

        return Detector.load(**asdict(self), alternatives=alternatives)

    def classifier(self) -> Classifier:
        """What will judge, read without a model; raises ``CalibrationError`` where it cannot be had.

        It is bound to one model, voices and word weights by fingerprint, and ``Detector`` refuses any other; so its
        are the fingerprints of whatever will have scored.
        """
        return Classifier.load(calibration_path(self.model, self.calibration, self.quick))

    def token_analysis_sha256(self) -> str | None:
        """Of the file of ``token_analysis``; None without one, or where there is none, which loading says better."""
        path = Path(self.token_analysis) if self.token_analysis is not None else None
        return hashlib.sha256(path.read_bytes()).hexdigest() if path is not None and path.is_file() else None


def calibration_sha256(classifier: Classifier) -> str:
    """64 hex digits over all that a classifier says, however its file is laid out.

    What it leaves at the default is left out, save its format: a field that a later version adds makes no other
    classifier of an old file, so that a corpus begun before goes on.
    """
    record = {"schema_version": classifier.schema_version} | _without_defaults(classifier)
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _without_defaults(value: Any) -> Any:
    """A record as JSON, without the fields that are at their default."""
    if isinstance(value, list):
        return [_without_defaults(item) for item in value]
    if not is_dataclass(value):
        return value
    held = ((field, getattr(value, field.name)) for field in fields(value))
    return {field.name: _without_defaults(given) for field, given in held if given != _default(field)}


def _default(field: Field[Any]) -> Any:
    """``MISSING``, which equals no value, for a field without one."""
    return field.default if field.default_factory is MISSING else field.default_factory()
