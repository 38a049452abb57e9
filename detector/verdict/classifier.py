"""The fitted classifier and its calibration: a JSON file that a reviewer can read.

score = (intercept + sum_i coefficient_i (feature_i - mean_i) / scale_i - expected) / spread,
higher = more machine-like. *expected* and *spread* are how human texts of this kind score and scatter
(``register.py``), by the register that gives the smaller score; 0 and 1 where the calibration holds none. What the
score means is read off texts that took no part in fitting it:
- probability: a logistic curve through their labels;
- p-value: the share of *human* texts of like length that score at least as high (conformal), or that stand as high over
  the texts nearest to them, whichever is largest (``neighbours.py``); where neighbours are not known, of those of its
  kind in their place;
- human p-value: the share of *machine* texts of like length that score at most as high;
- the p-values of parts: the same of the strongest machine part that the division of a text finds, against
  the strongest found in human texts, and of the strongest human part against those in machine texts.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import CalibrationError
from detector.files import read_json, write_text_whole
from detector.records.references import Kind, LengthBucket
from detector.verdict.calibration_checks import READABLE, WIDEST, check_calibration
from detector.verdict.conformal import share_at_least, share_at_most, share_of_kind
from detector.verdict.edit_extent import ExtentScale
from detector.verdict.features import (
    BASE_FEATURES,
    FEATURE_NAMES,
    LEXICAL_FEATURES,
    PROBE_FEATURES,
    REGISTER_FEATURES,
    SECOND_REGISTER_FEATURES,
    VOICE_FEATURES,
)
from detector.verdict.neighbours import Neighbours, places
from detector.verdict.raw_models import RAW_MODEL_FEATURE, RawModelRule
from detector.verdict.register import Register
from detector.verdict.segments import EvidenceWeights

SCHEMA_VERSION = 4
LENGTH_LIMITS = (50, 100, 200, 400, 800)
"""Fewest tokens of each length bucket; the last has no upper limit."""


_FEWEST_LIKE = 60
"""Machine references by which a contrast is judged."""
_FLAT_LIST = re.compile(r"\[[^\[\]{}]+\]")


@dataclass(frozen=True)
class Classifier:
    """A logistic regression over named features, calibrated for one model fingerprint."""

    feature_names: list[str]
    means: list[float]
    scales: list[float]
    coefficients: list[float]
    intercept: float
    ranges: dict[str, list[float]]
    """Of every feature of the references, used or not, the values that 1 in 1000 lie below and above."""
    probability_slope: float
    probability_intercept: float
    buckets: list[LengthBucket]
    most_tokens: int
    """Length of the longest reference text."""
    human_sentence_bits: list[float]
    """10 %, 50 % and 90 % quantile of the mean surprise of a sentence in human texts, bits a token; empty where it was
    calibrated without probabilities."""
    evidence: EvidenceWeights
    """What makes the evidence of a token."""
    model_name: str
    model_fingerprint: str
    voices_fingerprint: str | None
    """Of the two voices, or None where no feature comes from them."""
    lexical_fingerprint: str | None
    """Of the word weights, or None where no feature comes from them."""
    data: dict[str, Any]
    """What it was fitted and calibrated on: names and counts, no text."""
    seen: list[str] = field(default_factory=list)
    """Keys (hashes) of the texts it was fitted and calibrated on, which may not evaluate it."""
    probe_fingerprint: str | None = None
    """Of the probe, or None where no feature comes from it."""
    parts_fingerprint: str | None = None
    """Of the probe's weights for parts and edits, or None where evidence rests on none."""
    extent: ExtentScale | None = None
    """How readings of the probe turn into edit extents; None where it has none."""
    register: Register | None = None
    """How the score of human texts depends on the kind of text; None in older files, whose promise is the plain one."""
    second_register: Register | None = None
    """The same by another reading of the states; None where there is one alone."""
    raw_models: RawModelRule | None = None
    """The second way to be machine-like; None where there is one way alone."""
    neighbours: Neighbours | None = None
    """The references that a text is compared with and must be near to be judged; None where that is not asked."""
    kinds: list[Kind] = field(default_factory=list)
    """Human references by the kinds of the first register; empty where they are not told apart."""
    number_formats: dict[str, str] = field(default_factory=dict)
    """Model fingerprint by number format, for each format in which score and p-value were measured to stay the same."""
    source_distances: dict[str, float] = field(default_factory=dict)
    """How far the human references of each source lie from the nearest kind, over what texts of their lengths do; empty
    without kinds and in older files."""
    machine_sentence_bits: list[float] = field(default_factory=list)
    """As ``human_sentence_bits``, of machine texts; empty in older files."""
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        if unknown := sorted({*self.feature_names, *self.ranges} - set(FEATURE_NAMES)):
            raise CalibrationError(
                f"The classifier was made for features this version does not compute ({', '.join(unknown)}). "
                "Make it again with this version."
            )
        n = len(self.feature_names)
        if {len(c) for c in (self.means, self.scales, self.coefficients)} != {n}:
            raise CalibrationError(f"The classifier has {n} features, and not as many means, scales or coefficients.")
        if self.needs_voices and self.voices_fingerprint is None:
            raise CalibrationError("The classifier uses the voices and does not say which.")
        if self.needs_lexical and self.lexical_fingerprint is None:
            raise CalibrationError("The classifier uses word weights and does not say which.")
        if self.needs_probe and self.probe_fingerprint is None:
            raise CalibrationError("The classifier uses a probe and does not say which.")
        if not self.buckets or self.buckets[0].least_tokens != LENGTH_LIMITS[0]:
            raise CalibrationError(f"The classifier has no reference texts from {LENGTH_LIMITS[0]} tokens on.")

    @cached_property
    def columns(self) -> list[int]:
        """Which of ``FEATURE_NAMES`` it uses."""
        return [FEATURE_NAMES.index(name) for name in self.feature_names]

    @cached_property
    def registers(self) -> tuple[Register, ...]:
        """No, one or two of them."""
        return tuple(register for register in (self.register, self.second_register) if register is not None)

    @cached_property
    def needed_features(self) -> frozenset[str]:
        """Those the score depends on: its own and, where it knows kinds of texts, the registers'."""
        first = REGISTER_FEATURES if self.register is not None else ()
        second = SECOND_REGISTER_FEATURES if self.second_register is not None else ()
        raw_models = (RAW_MODEL_FEATURE,) if self.raw_models is not None else ()
        return frozenset((*self.feature_names, *first, *second, *raw_models))

    @cached_property
    def needed_columns(self) -> list[int]:
        """Columns of ``needed_features``."""
        return [i for i, name in enumerate(FEATURE_NAMES) if name in self.needed_features]

    @property
    def needs_probabilities(self) -> bool:
        """Whether any of its features comes from the probabilities, so that a pass must go as far as the vocabulary."""
        return self.needs_voices or any(name in BASE_FEATURES for name in self.needed_features)

    @property
    def needs_voices(self) -> bool:
        """Whether any of its features comes from the voices."""
        return any(name in VOICE_FEATURES for name in self.feature_names)

    @property
    def needs_lexical(self) -> bool:
        """Whether any of its features comes from word weights."""
        return any(name in LEXICAL_FEATURES for name in self.feature_names)

    @property
    def needs_probe(self) -> bool:
        """Whether any of its features comes from the hidden states, or the registers do."""
        probed = {*PROBE_FEATURES, *REGISTER_FEATURES, *SECOND_REGISTER_FEATURES}
        return self.register is not None or any(name in probed for name in self.feature_names)

    def contributions(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each feature adds to the score, (len(FEATURE_NAMES),) → (len(feature_names),); without the start."""
        scaled = (features[self.columns] - np.asarray(self.means)) / np.asarray(self.scales)
        added = np.clip(scaled, -WIDEST, WIDEST) * np.asarray(self.coefficients)
        return added / self.spread(features)

    def spread(self, features: NDArray[np.float64]) -> float:
        """What the score of a text of this kind is divided by."""
        register = self._deciding(features)
        return 1.0 if register is None else float(register.spread(features[None])[0])

    def start(self, features: NDArray[np.float64]) -> float:
        """Where the score of a text of this kind starts: score = start + sum of ``contributions``."""
        register = self._deciding(features)
        if register is None:
            return self.intercept
        return float(register.relative(np.array([self.intercept]), features[None])[0])

    def _deciding(self, features: NDArray[np.float64]) -> Register | None:
        """The register by which the score of this text is the smaller."""
        plain = self.plain_scores(features[None])
        return min(self.registers, key=lambda r: float(r.relative(plain, features[None])[0]), default=None)

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score of each row of ``features`` (n, len(FEATURE_NAMES)), shape (n,); NaN where a feature is.

        Scaled features are clipped, so that no single odd one decides.
        """
        total = self.plain_scores(features)
        if self.registers:
            total = np.minimum.reduce([register.relative(total, features) for register in self.registers])
        return total if self.raw_models is None else np.maximum(total, self.raw_models.scores(features))

    def is_like_a_raw_model(self, features: NDArray[np.float64]) -> bool:
        """Whether the second rule gives the greater score, for features (len(FEATURE_NAMES),)."""
        if self.raw_models is None:
            return False
        return bool(self.raw_models.scores(features[None])[0] >= self.score(features))

    def plain_scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """By the features alone, before what human texts of the kind score is taken off."""
        scaled = (features[:, self.columns] - np.asarray(self.means)) / np.asarray(self.scales)
        total = np.full(len(features), self.intercept, dtype=np.float64)
        # Added one by one, not by a matrix product: the same to the last bit whatever rows stand beside it.
        for column, coefficient in zip(np.clip(scaled, -WIDEST, WIDEST).T, self.coefficients, strict=True):
            total += column * coefficient
        return total

    def score(self, features: NDArray[np.float64]) -> float:
        """Score of one feature vector (len(FEATURE_NAMES),)."""
        return float(self.scores(features[None])[0])

    def probability_machine(self, score: float) -> float:
        """Probability where human and machine texts are equally common beforehand."""
        log_odds = self.probability_slope * score + self.probability_intercept
        return float(1 / (1 + np.exp(-np.clip(log_odds, -500, 500))))

    def bucket(self, n_tokens: int) -> LengthBucket:
        """The reference texts of like length."""
        return max((b for b in self.buckets if b.least_tokens <= n_tokens), key=lambda b: b.least_tokens)

    def kind_of(self, features: NDArray[np.float64]) -> int | None:
        """Which of ``kinds`` a text is of, by its features (len(FEATURE_NAMES),); None without kinds."""
        if self.register is None or not self.kinds:
            return None
        return int(self.register.kinds(features[None])[0])

    def register_distance(self, features: NDArray[np.float64]) -> float | None:
        """How far a text (len(FEATURE_NAMES),) lies from the nearest kind of references; None without kinds."""
        if self.register is None or not self.kinds:
            return None
        return float(self.register.distance(features[None])[0])

    def humans_like(self, n_tokens: int, kind: int | None) -> list[float]:
        """Sorted scores of the human references of like length; of its kind where these decide, if it is given."""
        if self.neighbours is not None:
            kind = None
        return self.bucket(n_tokens).human_scores if kind is None else self.kinds[kind].human_scores

    def standings(self, score: float, features: NDArray[np.float64]) -> tuple[float, ...]:
        """How high a score stands over the human references nearest to the text; none where these are not known.

        Of features (len(FEATURE_NAMES),); one for each number of neighbours.
        """
        if self.neighbours is None:
            return ()
        return tuple(self.neighbours.standings(places(self.registers, features[None])[0], score).tolist())

    def p_value(self, score: float, n_tokens: int, kind: int | None = None, standings: Sequence[float] = ()) -> float:
        """Share of human references that look at least as machine-like, the text itself counted in: in (0, 1].

        The largest of the shares of those of like length that score as high, over which the promise holds, and that
        stand as high over their neighbours, which take back what would be accused for being what it is. Where no
        neighbours are known, those of its kind that score as high count in their place, if it is given; where a text
        exceeds its whole kind, too few references to say how far, like length decides.

        Raises ``ValueError`` without ``standings`` where neighbours are known.
        """
        bucket = self.bucket(n_tokens)
        if self.neighbours is not None:
            local = zip(bucket.human_standings, standings, strict=True)
            return max([share_at_least(bucket.human_scores, score), *(share_at_least(*pair) for pair in local)])
        like = bucket.human_scores
        return (
            share_at_least(like, score) if kind is None else share_of_kind(self.kinds[kind].human_scores, like, score)
        )

    def human_p_value(self, score: float, n_tokens: int) -> float:
        """Share of machine references that score at most as high, the text itself counted in: in (0, 1]."""
        return share_at_most(self.bucket(n_tokens).machine_scores, score)

    def machine_part_p_value(self, evidence_nats: float, n_tokens: int, kind: int | None = None) -> float:
        """Share of human references whose strongest machine part is at least as strong; as ``p_value``."""
        like = self.bucket(n_tokens).human_strongest
        if kind is None:
            return share_at_least(like, evidence_nats)
        return share_of_kind(self.kinds[kind].human_strongest, like, evidence_nats)

    def human_part_p_value(self, evidence_nats: float, n_tokens: int) -> float:
        """Share of machine references whose strongest human part is at least as strong, the text counted in.

        ``evidence_nats`` is taken positive.
        """
        return share_at_least(self.bucket(n_tokens).machine_strongest, evidence_nats)

    @property
    def knows_mixtures(self) -> bool:
        """Whether texts by two authors are told by the contrast of their parts, beside the strongest of them."""
        return any(bucket.human_mixture for bucket in self.buckets)

    def mixture_p_value(self, contrast: float, score: float, n_tokens: int, kind: int | None = None) -> float:
        """Share of human references whose score and contrast add up to at least as much; as ``p_value``.

        A text that is in part a machine's is more machine-like than it should be, and its parts stand further apart.
        """
        like = self.bucket(n_tokens).human_mixture
        if kind is None:
            return share_at_least(like, contrast + score)
        return share_of_kind(self.kinds[kind].human_mixture, like, contrast + score)

    def one_machine_p_value(self, contrast: float, n_tokens: int) -> float:
        """Share of machine references whose parts stand at least as far apart, the text counted in.

        Contrast grows with length; where too few machine texts are as long, the next shorter ones are counted too.
        """
        like: list[float] = []
        for bucket in sorted(self.buckets, key=lambda b: -b.least_tokens):
            if bucket.least_tokens <= n_tokens and len(like) < _FEWEST_LIKE:
                like += bucket.machine_contrast
        return share_at_least(sorted(like), contrast)

    def smallest_p_value(self, n_tokens: int) -> float:
        """The least p-value the references of this length can give."""
        return 1 / (1 + len(self.bucket(n_tokens).human_scores))

    def out_of_range(self, features: NDArray[np.float64]) -> list[str]:
        """Names of the features outside what the reference texts showed, by more than their whole range."""
        outside = []
        for name, (low, high) in self.ranges.items():
            value, margin = features[FEATURE_NAMES.index(name)], high - low
            if value < low - margin or value > high + margin:
                outside.append(name)
        return outside

    def distance_ratio(self, features: NDArray[np.float64]) -> float:
        """Distance from the references as a multiple of the farthest that is like them; 0 where that is not asked.

        Of features (len(FEATURE_NAMES),); above 1 the promise does not reach.
        """
        if self.neighbours is None:
            return 0.0
        return self.neighbours.distance(places(self.registers, features[None])[0]) / self.neighbours.farthest

    def covered_format(self, fastest: str) -> str:
        """The number format to load the model in where none was asked for: the fastest here, if it is covered."""
        covered = self.number_formats or {"float32": self.model_fingerprint}
        return fastest if fastest in covered else next(iter(covered))

    def check_fingerprint(self, name: str, fingerprint: str) -> None:
        """Raise ``CalibrationError`` unless this classifier was calibrated on that very model."""
        if fingerprint not in {self.model_fingerprint, *self.number_formats.values()}:
            raise CalibrationError(
                f"No verdict: the calibration belongs to the model {self.model_name} ({self.model_fingerprint}), "
                f"and {name} as loaded is another ({fingerprint}); another --dtype or --prefix makes another model. "
                "Leave out --model, --dtype and --prefix for a verdict, or use `detect score` for the scores alone."
            )

    def check_voices(self, name: str, voices_fingerprint: str | None) -> None:
        """Raise ``CalibrationError`` unless the voices are those it was calibrated on, or it needs none."""
        if self.needs_voices and voices_fingerprint != self.voices_fingerprint:
            raise CalibrationError(
                f"No verdict: the calibration belongs to the voices {self.voices_fingerprint}, and those beside "
                f"{name} are {voices_fingerprint or 'missing'}. Use the calibration that came with the model."
            )

    def check_lexical(self, lexical_fingerprint: str | None) -> None:
        """Raise ``CalibrationError`` unless the word weights are those it was calibrated on, or it needs none."""
        if self.needs_lexical and lexical_fingerprint != self.lexical_fingerprint:
            raise CalibrationError(
                f"No verdict: the calibration belongs to the word weights {self.lexical_fingerprint}, and those here "
                f"are {lexical_fingerprint or 'missing'}. Install this version again, or calibrate for them."
            )

    def check_probe(self, probe_fingerprint: str | None, parts_fingerprint: str | None = None) -> None:
        """Raise ``CalibrationError`` unless the probe is the one it was calibrated on, or it needs none."""
        for needed, wanted, found in (
            (self.needs_probe, self.probe_fingerprint, probe_fingerprint),
            (self.parts_fingerprint is not None, self.parts_fingerprint, parts_fingerprint),
        ):
            if needed and found != wanted:
                raise CalibrationError(
                    f"No verdict: the calibration belongs to the probe {wanted}, and the one beside it is "
                    f"{found or 'missing'}. Keep the two files that were made together side by side."
                )

    def save(self, path: Path) -> None:
        """Write as JSON, a list on one line; a file there is replaced at once or not at all.

        Raises ``CalibrationError`` for what ``load`` would refuse.
        """
        record = asdict(self)
        try:
            check_calibration(record)
        except ValueError as error:
            raise CalibrationError(f"This makes no calibration that could be used: {error}.") from error
        text = _FLAT_LIST.sub(lambda m: " ".join(m.group().split()), json.dumps(record, indent=1))
        write_text_whole(path, text + "\n")

    @classmethod
    def load(cls, path: Path) -> "Classifier":
        """Read what ``save`` wrote; raises ``CalibrationError`` for anything else."""
        try:
            record = read_json(path)
            version = record.get("schema_version") if isinstance(record, dict) else None
            if isinstance(version, int) and version not in READABLE:
                raise CalibrationError(
                    f"{path} has calibration format {version}; this version reads {' and '.join(map(str, READABLE))}. "
                    "Make it again with this version."
                )
            check_calibration(record)
        except OSError as error:
            raise CalibrationError(f"The calibration {path} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise CalibrationError(
                f"{path} is not a calibration file: {error}. Copy it again, or make it again with: detect calibrate"
            ) from error
        return cls(**record | _parts_of(record))


def _parts_of(record: dict[str, Any]) -> dict[str, Any]:
    """The fields of a checked record that are more than numbers and texts."""
    parts: dict[str, Any] = {
        "buckets": [LengthBucket(**bucket) for bucket in record["buckets"]],
        "kinds": [Kind(**kind) for kind in record.get("kinds", ())],
        "evidence": EvidenceWeights.from_record(record["evidence"]),
    }
    for name in ("register", "second_register"):
        if (register := record.get(name)) is not None:
            parts[name] = Register(**register)
    if (extent := record.get("extent")) is not None:
        parts["extent"] = ExtentScale(**extent)
    if (neighbours := record.get("neighbours")) is not None:
        parts["neighbours"] = Neighbours(**neighbours)
    if (rule := record.get("raw_models")) is not None:
        parts["raw_models"] = RawModelRule(Register(**rule["register"]), rule["handicap"])
    return parts
