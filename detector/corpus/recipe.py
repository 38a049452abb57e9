"""How to load the detector that a run needs, so that any worker can, and what it will be, without loading it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.errors import CalibrationError
from detector.verdict.shipped import calibration_for, shipped_calibration

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

    def load(self, alternatives: int = 0) -> "Detector":
        """The detector; raises what ``Detector.load`` raises."""
        from detector.verdict.detector import Detector

        return Detector.load(
            self.model, self.device, self.dtype, self.offline, self.target_fpr, self.calibration, alternatives
        )

    @property
    def calibration_path(self) -> Path:
        """The classifier's file."""
        if self.calibration:
            return Path(self.calibration)
        return shipped_calibration(self.model) or calibration_for("small")


@dataclass(frozen=True)
class Bucket:
    """Reference scores of texts with ``least_tokens`` tokens or more, up to the next bucket."""

    least_tokens: int
    human_scores: list[float]
    machine_scores: list[float]


@dataclass(frozen=True)
class Judge:
    """What a classifier file says about the judge it makes, read without a model.

    The file binds itself to one model, voices and word weights by fingerprint, and ``Detector`` refuses any
    other; so these are the fingerprints of whatever will have scored.
    """

    sha256: str
    """Of the classifier's JSON, however it is laid out."""
    model_name: str
    model_fingerprint: str
    voices_fingerprint: str | None
    lexical_fingerprint: str | None
    probability_slope: float
    probability_intercept: float
    buckets: list[Bucket]

    @classmethod
    def read(cls, path: Path) -> "Judge":
        """Of a file; raises ``CalibrationError`` for what is none."""
        try:
            return cls.of(json.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise CalibrationError(f"The calibration {path} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise CalibrationError(f"{path} is not a calibration file: {error}.") from error

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Judge":
        """Of a classifier as a dictionary."""
        return cls(
            sha256=hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest(),
            model_name=record["model_name"],
            model_fingerprint=record["model_fingerprint"],
            voices_fingerprint=record["voices_fingerprint"],
            lexical_fingerprint=record["lexical_fingerprint"],
            probability_slope=record["probability_slope"],
            probability_intercept=record["probability_intercept"],
            buckets=[
                Bucket(bucket["least_tokens"], sorted(bucket["human_scores"]), sorted(bucket["machine_scores"]))
                for bucket in record["buckets"]
            ],
        )
