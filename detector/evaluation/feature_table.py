"""A table of numbers of labelled texts: features, published statistics, and where each row came from. No text is kept.

A text has a row for itself and one for a beginning in each length bucket below its own. ``training.feature_table``
makes it, which is slow; fitting and evaluating read it and take seconds.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.verdict.classifier import Classifier
from detector.verdict.edit_extent import ExtentScale
from detector.verdict.features import FEATURE_NAMES
from detector.verdict.judgement import Measured
from detector.verdict.segments import EvidenceWeights

SHIPPED_TABLES = Path(__file__).parents[2] / "datasets" / "features"
"""``NAME.parquet``: of the texts that the calibration of the model NAME was made from and is judged on."""
_NAME_COLUMNS = ("role", "dataset", "domain", "generator", "attack", "text_key")
_ROW_COLUMNS = (
    "features", "methods", "n_tokens", "is_machine", "is_whole", "text_number", "strongest_machine", "strongest_human",
    "contrast", "yardstick",
    *_NAME_COLUMNS,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """One row a text or beginning of a text."""

    features: NDArray[np.float64]  # (n, len(FEATURE_NAMES))
    methods: NDArray[np.float64]  # (n, len(method_names)); NaN for beginnings
    method_names: list[str]
    n_tokens: NDArray[np.int64]
    is_machine: NDArray[np.bool_]
    is_whole: NDArray[np.bool_]
    """False for beginnings of texts that are in the table."""
    text_number: NDArray[np.int64]
    """The same for a text and its beginnings."""
    strongest_machine: NDArray[np.float64]
    """Evidence of the strongest machine part, nats; NaN where parts were not measured."""
    strongest_human: NDArray[np.float64]
    """Evidence of the strongest human part, taken positive; NaN where parts were not measured."""
    contrast: NDArray[np.float64]
    """Between parts of either kind (``segments.contrast``); NaN where parts were not measured, and in older tables."""
    yardstick: NDArray[np.float64]
    """Score of the trivial detector of ``yardstick``; NaN for beginnings and where it was not asked for."""
    role: NDArray[np.str_]
    dataset: NDArray[np.str_]
    domain: NDArray[np.str_]
    generator: NDArray[np.str_]
    attack: NDArray[np.str_]
    text_key: NDArray[np.str_]
    """Hash of the beginning of the text, to tell whether a text is in the table."""
    human_sentence_bits: list[float]
    """10 %, 50 % and 90 % quantile of the mean surprise of a sentence in human calibration texts, bits a token."""
    evidence: EvidenceWeights
    model_name: str
    model_fingerprint: str
    voices_fingerprint: str | None
    lexical_fingerprint: str | None
    probe_fingerprint: str | None = None
    parts_fingerprint: str | None = None
    extent: ExtentScale | None = None
    """How the probe's readings turn into edit extents; None where it has none."""
    number_format: str = "float32"
    """Of the pass that scored the texts."""
    machine_sentence_bits: list[float] = field(default_factory=list)
    """As ``human_sentence_bits``, of machine calibration texts; empty in older tables."""

    def rows(self, mask: NDArray[np.bool_]) -> "FeatureTable":
        """The rows where ``mask`` is true."""
        return replace(self, **{name: getattr(self, name)[mask] for name in _ROW_COLUMNS})

    def measured(self) -> Iterator[Measured]:
        """What a verdict on each row is made of."""
        for n, features, machine, human, contrast in zip(
            self.n_tokens.tolist(), self.features, self.strongest_machine.tolist(), self.strongest_human.tolist(),
            self.contrast.tolist(), strict=True,
        ):  # fmt: skip
            yield Measured(n, features, machine, human, contrast)

    def with_methods(self, values: dict[str, NDArray[np.float64]]) -> "FeatureTable":
        """The table with these statistics, each a value a row; those of the same name are replaced."""
        columns = dict(zip(self.method_names, self.methods.T, strict=True)) | values
        return replace(self, method_names=list(columns), methods=np.column_stack(list(columns.values())))

    def joined(self, other: "FeatureTable") -> "FeatureTable":
        """These rows and then those of another table of the same model; statistics that only one has are NaN."""
        names = list(dict.fromkeys([*self.method_names, *other.method_names]))
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in _ROW_COLUMNS
            if name not in ("methods", "text_number")
        }
        first = int(self.text_number.max()) + 1 if len(self.text_number) else 0
        return replace(
            self,
            **columns,
            text_number=np.concatenate([self.text_number, other.text_number + first]),
            methods=np.concatenate([_methods_by_name(table, names) for table in (self, other)]),
            method_names=names,
        )

    def with_parts_of(self, other: "FeatureTable") -> "FeatureTable":
        """The strongest parts of ``other`` where it has the same row, by text and length; the rest keep theirs."""
        names = ("strongest_machine", "strongest_human", "contrast")
        places = {key: i for i, key in enumerate(_row_keys(other))}
        found = np.array([places.get(key, -1) for key in _row_keys(self)])
        known = found >= 0
        columns: dict[str, Any] = {
            name: np.where(known, getattr(other, name)[found], getattr(self, name)) for name in names
        }
        return replace(self, **columns)

    def save(self, path: Path) -> None:
        """Write as Parquet: a column a feature and statistic (float32), the rest of the facts in the schema."""
        import pandas as pd
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns: dict[str, NDArray[Any]] = {}
        for prefix, names, values in (
            ("feature:", FEATURE_NAMES, self.features),
            ("method:", self.method_names, self.methods),
        ):
            columns |= {prefix + name: values[:, i].astype(np.float32) for i, name in enumerate(names)}
        for name in _ROW_COLUMNS[2:]:
            values = getattr(self, name)
            columns[name] = values.astype(np.float32) if values.dtype == np.float64 else values
        frame = pd.DataFrame(columns)
        for name in _NAME_COLUMNS:
            frame[name] = frame[name].astype("category")
        table = pa.Table.from_pandas(frame, preserve_index=False)
        facts = {name: getattr(self, name) for name in _FACTS} | {"evidence": asdict(self.evidence)}
        facts["extent"] = self.extent and asdict(self.extent)
        pq.write_table(table.replace_schema_metadata({"detector": json.dumps(facts)}), path, compression="zstd")

    @classmethod
    def load(cls, path: Path) -> "FeatureTable":
        """Read what ``save`` wrote; raises ``InputError`` for anything else."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path)
            facts = json.loads((table.schema.metadata or {})[b"detector"])
            held = {name: table.column(name).to_numpy() for name in table.column_names}
            names = {prefix: [n.removeprefix(prefix) for n in held if n.startswith(prefix)] for prefix in _PREFIXES}
            if unknown := set(names["feature:"]) - set(FEATURE_NAMES):
                raise InputError(f"{path} holds features this version does not compute: {', '.join(sorted(unknown))}.")
            # A feature that is newer than the table is as absent as one that its model cannot give.
            absent = np.full(table.num_rows, np.nan)
            arrays: dict[str, Any] = {
                "features": np.column_stack([held.get("feature:" + name, absent) for name in FEATURE_NAMES]),
                "methods": np.column_stack(
                    [held["method:" + n] for n in names["method:"]] or [np.zeros((table.num_rows, 0))]
                ),
            }
            arrays |= {name: held[name] for name in _ROW_COLUMNS[2:] if name != "contrast"}
            arrays["contrast"] = held.get("contrast", absent)
            for name in ("features", "methods", "strongest_machine", "strongest_human", "contrast", "yardstick"):
                arrays[name] = arrays[name].astype(np.float64)
            for name in _NAME_COLUMNS:
                arrays[name] = arrays[name].astype(str)
            facts["evidence"] = EvidenceWeights.from_record(facts["evidence"])
            facts["extent"] = ExtentScale(**facts["extent"]) if facts.get("extent") else None
            return cls(**arrays, method_names=names["method:"], **facts)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error}.") from error
        except (pa.ArrowException, KeyError, ValueError, TypeError) as error:
            raise InputError(f"{path} is not a feature table: {error}.") from error


def _methods_by_name(table: FeatureTable, names: list[str]) -> NDArray[np.float64]:
    columns = dict(zip(table.method_names, table.methods.T, strict=True))
    absent = np.full(len(table.n_tokens), np.nan)
    return np.column_stack([columns.get(name, absent) for name in names] or [np.zeros((len(absent), 0))])


def _row_keys(table: FeatureTable) -> list[tuple[str, int, bool, str]]:
    return list(
        zip(
            table.text_key.tolist(),
            table.n_tokens.tolist(),
            table.is_machine.tolist(),
            table.role.tolist(),
            strict=True,
        )
    )


def shipped_table(model_name: str) -> Path:
    """Where the table of a shipped calibration's model is."""
    return SHIPPED_TABLES / f"{model_name}.parquet"


def shipped_dev_rows(classifier: Classifier, path: Path | None = None) -> FeatureTable:
    """The texts of the shipped table that only judge; raises ``CalibrationError`` for another model's classifier."""
    path = path or shipped_table(classifier.model_name)
    if not path.is_file():
        raise InputError(
            f"{path.name} is part of the source, not of the installed package: run this in a checkout of the project."
        )
    table = FeatureTable.load(path)
    classifier.check_fingerprint(table.model_name, table.model_fingerprint)
    classifier.check_voices(table.model_name, table.voices_fingerprint)
    classifier.check_lexical(table.lexical_fingerprint)
    classifier.check_probe(table.probe_fingerprint, table.parts_fingerprint)
    return table.rows(table.role == "dev")


_PREFIXES = ("feature:", "method:")
_FACTS = [
    f.name for f in fields(FeatureTable) if f.name not in (*_ROW_COLUMNS, "method_names", "evidence")
]  # what does not vary from row to row
