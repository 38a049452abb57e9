"""Everything found out about one model's vocabulary, as one record that is saved, compared and shown.

``save`` and ``load_analysis`` are its two ends as a JSON file; ``analysis.py`` makes it. Reports, and the findings in
texts, read the record alone.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.files import read_json, write_text_whole
from detector.vocabulary.combined_score import DEFAULT_RATE, suspects_in
from detector.vocabulary.reference_rows import ReferenceRows
from detector.vocabulary.tokenizer_analysis import Category
from detector.vocabulary.tokenizer_versions import Disagreement, VersionComparison

SCHEMA_VERSION = 1
KIND = "vocabulary analysis"
_DIGITS = 6
_MOST_BYTES = 1_000_000_000
_LETTERS = {category: category.value[0] for category in Category if category.value[0] in "osd"} | {
    Category.PARTIAL_UTF8: "p",
    Category.UNREACHABLE_ALONE: "a",
    Category.UNREACHABLE: "u",
    Category.UNASSIGNED: "-",
}


@dataclass(frozen=True, eq=False)
class VocabularyAnalysis:
    """One run. Arrays and lists are indexed by token id; numbers are NaN where there are none."""

    model_name: str
    tokenizer_fingerprint: str
    """16 hex digits of the vocabulary and of how a probing text is encoded."""
    embeddings_fingerprint: str | None
    """16 hex digits of the embeddings as read, or None where the folder holds no weights."""
    tokenizer_kind: str
    display: list[str]
    """The bytes of each token made visible."""
    token_bytes: list[bytes]
    """What each token stands for in a text."""
    categories: list[Category]
    reasons: dict[int, str]
    examples: dict[int, str]
    notes: list[str]
    """Sentences on what could not be done, or should be known."""
    versions: VersionComparison | None
    is_tied: bool | None
    rows: int | None
    """Of the output embeddings."""
    reference: ReferenceRows | None
    indicators: dict[str, NDArray[np.float64]]
    indicators_used: tuple[str, ...]
    score: NDArray[np.float64]
    """Combined; higher = more suspect."""
    false_discovery_rate: NDArray[np.float64]
    order: NDArray[np.int32]
    """Ranked ids, the most suspect first; empty where no ranking could be given."""
    at_floor: NDArray[np.bool_]
    """The weights look never trained."""
    training_counts: NDArray[np.int64] | None
    """How often each token stood in training, where the model says so."""
    produced: NDArray[np.int64] | None
    """How often each token was produced on the sample."""
    standing: NDArray[np.int64] | None
    """How often it was left standing there."""
    estimated_standing: NDArray[np.float64] | None
    """From the sample, where there is one, and from the merges; lower = more suspect."""
    settings: dict[str, Any]
    software: dict[str, str]
    verification: dict[str, Any] | None = field(default=None)
    """What prompting found, as it says of itself."""

    def __len__(self) -> int:
        return len(self.categories)

    def suspects(self, rate: float = DEFAULT_RATE) -> NDArray[np.int32]:
        """Ids up to a false-discovery rate, and those at the floor, the most suspect first, shape (n_suspects,)."""
        return suspects_in(self.order, self.false_discovery_rate, self.at_floor, rate)

    def new_suspects(self) -> NDArray[np.int32]:
        """Suspects besides the reference rows, which were known beforehand. Shape (n_suspects,)."""
        suspects = self.suspects()
        return suspects if self.reference is None else suspects[~np.isin(suspects, self.reference.ids)]

    def ids(self, *categories: Category) -> list[int]:
        """Ids of the given categories, ascending."""
        return [i for i, category in enumerate(self.categories) if category in categories]

    def least_standing(self, most: int) -> list[int]:
        """Ids that the merges, and the sample where there is one, leave standing least; empty without merges."""
        if self.estimated_standing is None:
            return []
        ids = np.flatnonzero(np.isfinite(self.estimated_standing))
        found: list[int] = ids[np.argsort(self.estimated_standing[ids], kind="stable")][:most].tolist()
        return found

    def confirmed_ids(self) -> list[int]:
        """Tokens that prompting confirmed."""
        tokens = (self.verification or {}).get("tokens", [])
        return [token["token_id"] for token in tokens if token["outcome"] == "confirmed"]

    def with_verification(self, verification: dict[str, Any]) -> "VocabularyAnalysis":
        """A copy that holds what prompting found."""
        return replace(self, verification=verification)

    def to_dict(self) -> dict[str, Any]:
        """A JSON object; ``from_dict`` is its inverse, to six significant digits."""
        return {
            "kind": KIND,
            "schema_version": SCHEMA_VERSION,
            "model": {
                "name": self.model_name,
                "tokenizer_fingerprint": self.tokenizer_fingerprint,
                "embeddings_fingerprint": self.embeddings_fingerprint,
                "is_tied": self.is_tied,
                "rows": self.rows,
            },
            "settings": self.settings,
            "software": self.software,
            "notes": self.notes,
            "tokenizer": {
                "kind": self.tokenizer_kind,
                "size": len(self),
                "counts": {category.value: self.categories.count(category) for category in Category},
                "versions": _versions_to_dict(self.versions),
            },
            "reference": _reference_to_dict(self.reference),
            "indicators_used": list(self.indicators_used),
            "order": self.order.tolist(),
            "at_floor": np.flatnonzero(self.at_floor).tolist(),
            "tokens": {
                "display": self.display,
                "bytes": [data.hex() for data in self.token_bytes],
                "category": "".join(_LETTERS[category] for category in self.categories),
                "category_letters": {letter: category.value for category, letter in _LETTERS.items()},
                "reason": {str(i): text for i, text in self.reasons.items()},
                "example": {str(i): text for i, text in self.examples.items()},
                "score": _rounded(self.score),
                "false_discovery_rate": _rounded(self.false_discovery_rate),
                "indicators": {name: _rounded(array) for name, array in self.indicators.items()},
                "training_count": _listed(self.training_counts),
                "produced": _listed(self.produced),
                "standing": _listed(self.standing),
                "estimated_standing": None if self.estimated_standing is None else _rounded(self.estimated_standing),
            },
            "verification": self.verification,
        }

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "VocabularyAnalysis":
        """Raises ``KeyError``, ``TypeError`` or ``ValueError`` where the record is not one of ours."""
        tokens, model = record["tokens"], record["model"]
        letters = {letter: Category(name) for letter, name in tokens["category_letters"].items()}
        at_floor = np.zeros(len(tokens["display"]), dtype=bool)
        at_floor[record["at_floor"]] = True
        estimated = tokens["estimated_standing"]
        analysis = cls(
            model_name=model["name"],
            tokenizer_fingerprint=model["tokenizer_fingerprint"],
            embeddings_fingerprint=model["embeddings_fingerprint"],
            tokenizer_kind=record["tokenizer"]["kind"],
            display=tokens["display"],
            token_bytes=[bytes.fromhex(data) for data in tokens["bytes"]],
            categories=[letters[letter] for letter in tokens["category"]],
            reasons={int(i): text for i, text in tokens["reason"].items()},
            examples={int(i): text for i, text in tokens["example"].items()},
            notes=record["notes"],
            versions=_versions_from_dict(record["tokenizer"]["versions"]),
            is_tied=model["is_tied"],
            rows=model["rows"],
            reference=_reference_from_dict(record["reference"]),
            indicators={name: _floats(values) for name, values in tokens["indicators"].items()},
            indicators_used=tuple(record["indicators_used"]),
            score=_floats(tokens["score"]),
            false_discovery_rate=_floats(tokens["false_discovery_rate"]),
            order=np.array(record["order"], dtype=np.int32),
            at_floor=at_floor,
            training_counts=_counts(tokens["training_count"]),
            produced=_counts(tokens["produced"]),
            standing=_counts(tokens["standing"]),
            estimated_standing=None if estimated is None else _floats(estimated),
            settings=record["settings"],
            software=record["software"],
            verification=record["verification"],
        )
        lengths = {
            len(array) for array in (analysis.categories, analysis.display, analysis.token_bytes, analysis.score)
        }
        if len(lengths) > 1:
            raise ValueError(f"its arrays have different lengths ({', '.join(map(str, sorted(lengths)))})")
        return analysis

    def save(self, path: Path) -> None:
        """Write the record; a file of that name is replaced in one step, so that a broken-off run leaves no half."""
        write_text_whole(path, json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False) + "\n")


def load_analysis(path: Path) -> VocabularyAnalysis:
    """Read a saved record. Raises ``InputError`` for a file that is none, or of another schema."""
    try:
        record = read_json(path, _MOST_BYTES)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON: {error}.") from error
    if not isinstance(record, dict) or record.get("kind") != KIND:
        raise InputError(f"{path} is no {KIND}. Make one: detect tokens MODEL --out {path.name}")
    if record.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"{path} has the schema version {record.get('schema_version')} and this program reads {SCHEMA_VERSION}. "
            f"Make it again: detect tokens MODEL --out {path.name}"
        )
    try:
        return VocabularyAnalysis.from_dict(record)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise InputError(f"{path} is damaged ({type(error).__name__}: {error}). Make it again.") from error


def _rounded(values: NDArray[np.float64]) -> list[float | None]:
    """Six significant digits; None for NaN, which JSON lacks."""
    return [float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None for value in values.tolist()]


def _floats(values: list[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _listed(values: NDArray[np.int64] | None) -> list[int] | None:
    return None if values is None else values.tolist()


def _counts(values: list[int] | None) -> NDArray[np.int64] | None:
    return None if values is None else np.array(values, dtype=np.int64)


def _reference_to_dict(reference: ReferenceRows | None) -> dict[str, Any] | None:
    if reference is None:
        return None
    return {**vars(reference), "ids": reference.ids.tolist(), "dropped": reference.dropped.tolist()}


def _reference_from_dict(record: dict[str, Any] | None) -> ReferenceRows | None:
    if record is None:
        return None
    arrays = {name: np.array(record[name], dtype=np.int32) for name in ("ids", "dropped")}
    return ReferenceRows(**{**record, **arrays})


def _versions_to_dict(versions: VersionComparison | None) -> dict[str, Any] | None:
    return None if versions is None else {**vars(versions), "disagreements": [vars(d) for d in versions.disagreements]}


def _versions_from_dict(record: dict[str, Any] | None) -> VersionComparison | None:
    if record is None:
        return None
    disagreements = tuple(
        Disagreement(each["token_id"], tuple(each["fast"]), tuple(each["slow"])) for each in record["disagreements"]
    )
    return VersionComparison(**{**record, "disagreements": disagreements})
