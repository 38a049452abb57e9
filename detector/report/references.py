"""What human and machine texts look like to a model: numbers a page is drawn against.

``reference_numbers/NAME.json`` is written by ``python -m detector.training references`` and holds no text. It belongs
to one model, in the number formats it names; for another model there are no references, and the page says so.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from detector.errors import CalibrationError

SHIPPED = Path(__file__).parent / "reference_numbers"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Spread:
    """A bin over many texts."""

    low: list[float]
    """10 % quantile of each bin over the texts."""
    mean: list[float]
    high: list[float]
    """90 % quantile."""

    @classmethod
    def of(cls, rows: Sequence[np.ndarray]) -> "Spread":
        """Of texts whose bins are rows; those with NaN are left out. Each has the shape (n_bins,)."""
        bins = np.array(rows, dtype=np.float64)
        bins = bins[np.isfinite(bins).all(axis=1)]
        if not len(bins):
            raise CalibrationError("None of the reference texts has these numbers; give longer ones.")
        low, high = np.quantile(bins, [0.1, 0.9], axis=0)
        return cls(_rounded(low), _rounded(bins.mean(axis=0)), _rounded(high))


@dataclass(frozen=True)
class Distribution:
    """One of ``detector.report.distributions``, by kind of author."""

    human: Spread
    machine: Spread


@dataclass(frozen=True)
class MethodReference:
    """How a published statistic tells the two kinds apart."""

    auroc: float
    """On texts that took part in no fitting; 0.5 is chance, taken in the direction the method states."""
    human: list[float]
    """5 %, 50 % and 95 % quantile in human texts."""
    machine: list[float]


@dataclass(frozen=True)
class References:
    """Numbers of many labelled texts under one model."""

    model_name: str
    model_fingerprint: str
    n_human: int
    """Human texts behind the distributions."""
    n_machine: int
    n_human_judged: int
    """Human texts behind the AUROCs."""
    n_machine_judged: int
    distributions: dict[str, Distribution]
    methods: dict[str, MethodReference]
    verdict_auroc: float
    """Of the score the verdict rests on, on the same texts as the methods."""
    number_formats: dict[str, str] = field(default_factory=dict)
    """Fingerprint of the same model by number format, where there are more than one."""
    schema_version: int = SCHEMA_VERSION

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "References":
        """Read what ``save`` wrote; raises ``CalibrationError`` for anything else."""
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["schema_version"] != SCHEMA_VERSION:
                raise CalibrationError(
                    f"{path} has reference format {record['schema_version']}; this version reads {SCHEMA_VERSION}. "
                    "Make it again: python -m detector.training references."
                )
            record["distributions"] = {
                name: Distribution(Spread(**found["human"]), Spread(**found["machine"]))
                for name, found in record["distributions"].items()
            }
            record["methods"] = {name: MethodReference(**found) for name, found in record["methods"].items()}
            return cls(**record)
        except OSError as error:
            raise CalibrationError(f"The references {path} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise CalibrationError(f"{path} is not a file of references: {error}.") from error


@cache
def shipped_references() -> tuple[References, ...]:
    """Those that come with the tool, by name of the model."""
    return tuple(References.load(path) for path in sorted(SHIPPED.glob("*.json")))


def references_for(
    model_fingerprint: str, load: Callable[[], Sequence[References]] = shipped_references
) -> References | None:
    """The shipped references that belong to this model, else None."""
    for found in load():
        if model_fingerprint in {found.model_fingerprint, *found.number_formats.values()}:
            return found
    return None


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.4g}") for value in values]
