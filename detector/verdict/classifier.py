"""The fitted classifier and its calibration: a JSON file that a reviewer can read.

score = intercept + sum_i coefficient_i (feature_i - mean_i) / scale_i, higher = more machine-like.
What the score means is read off texts that took no part in fitting it:
- probability: a logistic curve through their labels;
- p-value: the share of *human* texts of like length that score at least as high (conformal);
- human p-value: the share of *machine* texts of like length that score at most as high.
"""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import CalibrationError
from detector.verdict.features import FEATURE_NAMES, VOICE_FEATURES

SCHEMA_VERSION = 2
WIDEST = 8.0
"""Standard deviations at which a scaled feature is clipped."""
LENGTH_LIMITS = (50, 100, 200, 400, 800)
"""Fewest tokens of each length bucket; the last has no upper limit."""


@dataclass(frozen=True)
class LengthBucket:
    """Reference scores of texts with ``least_tokens`` tokens or more, up to the next bucket; sorted."""

    least_tokens: int
    human_scores: list[float]
    machine_scores: list[float]


@dataclass(frozen=True)
class Classifier:
    """A logistic regression over named features, calibrated for one model fingerprint."""

    feature_names: list[str]
    means: list[float]
    scales: list[float]
    coefficients: list[float]
    intercept: float
    lowest: list[float]
    """Of each feature, the value that 1 in 1000 reference texts lies below."""
    highest: list[float]
    """Of each feature, the value that 1 in 1000 reference texts lies above."""
    probability_slope: float
    probability_intercept: float
    buckets: list[LengthBucket]
    most_tokens: int
    """Length of the longest reference text."""
    human_sentence_bits: list[float]
    """10 %, 50 % and 90 % quantile of the mean surprise of a sentence in human texts, bits a token."""
    model_name: str
    model_fingerprint: str
    voices_fingerprint: str | None
    """Of the two voices, or None where no feature comes from them."""
    data: dict[str, Any]
    """What it was fitted and calibrated on: names and counts, no text."""
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.feature_names) - set(FEATURE_NAMES)):
            raise CalibrationError(
                f"The classifier was made for features this version does not compute ({', '.join(unknown)}). "
                "Make it again with this version."
            )
        n = len(self.feature_names)
        if {len(c) for c in (self.means, self.scales, self.coefficients, self.lowest, self.highest)} != {n}:
            raise CalibrationError(f"The classifier has {n} features, and not as many means, scales or coefficients.")
        if self.needs_voices and self.voices_fingerprint is None:
            raise CalibrationError("The classifier uses the voices and does not say which.")
        if not self.buckets or self.buckets[0].least_tokens != LENGTH_LIMITS[0]:
            raise CalibrationError(f"The classifier has no reference texts from {LENGTH_LIMITS[0]} tokens on.")

    @cached_property
    def columns(self) -> list[int]:
        """Which of ``FEATURE_NAMES`` it uses."""
        return [FEATURE_NAMES.index(name) for name in self.feature_names]

    @property
    def needs_voices(self) -> bool:
        """Whether any of its features comes from the voices."""
        return any(name in VOICE_FEATURES for name in self.feature_names)

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score of each row of ``features`` (n, len(FEATURE_NAMES)), shape (n,); NaN where a feature is.

        Scaled features are clipped, so that no single odd one decides.
        """
        scaled = (features[:, self.columns] - np.asarray(self.means)) / np.asarray(self.scales)
        return np.clip(scaled, -WIDEST, WIDEST) @ np.asarray(self.coefficients) + self.intercept

    def score(self, features: NDArray[np.float64]) -> float:
        """Score of one feature vector (len(FEATURE_NAMES),)."""
        return float(self.scores(features[None])[0])

    def probability_machine(self, score: float) -> float:
        """Probability where human and machine texts are equally common beforehand."""
        return float(1 / (1 + np.exp(-(self.probability_slope * score + self.probability_intercept))))

    def bucket(self, n_tokens: int) -> LengthBucket:
        """The reference texts of like length."""
        return max((b for b in self.buckets if b.least_tokens <= n_tokens), key=lambda b: b.least_tokens)

    def p_value(self, score: float, n_tokens: int) -> float:
        """Share of human references that score at least as high, the text itself counted in: in (0, 1]."""
        humans = np.asarray(self.bucket(n_tokens).human_scores)
        below = np.searchsorted(humans, score, side="left") if np.isfinite(score) else 0
        return float((1 + len(humans) - below) / (1 + len(humans)))

    def human_p_value(self, score: float, n_tokens: int) -> float:
        """Share of machine references that score at most as high, the text itself counted in: in (0, 1]."""
        machines = np.asarray(self.bucket(n_tokens).machine_scores)
        return float((1 + np.searchsorted(machines, score, side="right")) / (1 + len(machines)))

    def smallest_p_value(self, n_tokens: int) -> float:
        """The least p-value the references of this length can give."""
        return 1 / (1 + len(self.bucket(n_tokens).human_scores))

    def out_of_range(self, features: NDArray[np.float64]) -> list[str]:
        """Names of the features outside what the reference texts showed, by more than their whole range."""
        low, high = np.asarray(self.lowest), np.asarray(self.highest)
        margin = high - low
        used = features[self.columns]
        outside = (used < low - margin) | (used > high + margin)
        return [name for name, out in zip(self.feature_names, outside, strict=True) if out]

    def check_fingerprint(self, name: str, fingerprint: str) -> None:
        """Raise ``CalibrationError`` unless this classifier was calibrated on that very model."""
        if fingerprint != self.model_fingerprint:
            raise CalibrationError(
                f"No verdict: the calibration belongs to the model {self.model_name} ({self.model_fingerprint}), "
                f"and {name} as loaded is another ({fingerprint}); another --dtype makes another model too. "
                "Leave out --model and --dtype for a verdict, or use `detect score` for the scores alone."
            )

    def check_voices(self, name: str, voices_fingerprint: str | None) -> None:
        """Raise ``CalibrationError`` unless the voices are those it was calibrated on, or it needs none."""
        if self.needs_voices and voices_fingerprint != self.voices_fingerprint:
            raise CalibrationError(
                f"No verdict: the calibration belongs to the voices {self.voices_fingerprint}, and those beside "
                f"{name} are {voices_fingerprint or 'missing'}. Use the calibration that came with the model."
            )

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Classifier":
        """Read what ``save`` wrote; raises ``CalibrationError`` for anything else."""
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            version = record["schema_version"]
            if version != SCHEMA_VERSION:
                raise CalibrationError(
                    f"{path} has calibration format {version}; this version reads {SCHEMA_VERSION}. "
                    "Make it again with this version."
                )
            record["buckets"] = [LengthBucket(**bucket) for bucket in record["buckets"]]
            return cls(**record)
        except OSError as error:
            raise CalibrationError(f"The calibration {path} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise CalibrationError(f"{path} is not a calibration file: {error}.") from error
