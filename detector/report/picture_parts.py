"""What a picture is made of: layers of shapes in numbers, axes, words, and the table behind it.

``evidence_pictures.py`` says what each picture shows; ``svg.py`` draws one into a page and ``picture_files.py`` into a
file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Role = Literal["text", "other", "human", "machine", "band", "token"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bars:
    """Bars from 0 to ``height``."""

    left: Floats
    right: Floats
    height: Floats
    role: Role
    label: str = ""


@dataclass(frozen=True)
class Steps:
    """Level strokes."""

    left: Floats
    right: Floats
    level: Floats
    role: Role
    label: str = ""


@dataclass(frozen=True)
class Ranges:
    """At each x a mark at ``middle`` on a line from ``low`` to ``high``."""

    x: Floats
    low: Floats
    middle: Floats
    high: Floats
    role: Role
    label: str = ""


@dataclass(frozen=True)
class Band:
    """Everything between two heights."""

    low: float
    high: float
    role: Role
    label: str = ""


@dataclass(frozen=True)
class Rule:
    """A line up and down at ``x``; ``low`` to ``high`` is an interval around it."""

    x: float
    role: Role
    label: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Level:
    """A thin line across at height ``y``."""

    y: float
    role: Role
    label: str = ""


Layer = Bars | Steps | Ranges | Band | Rule | Level


@dataclass(frozen=True)
class DataTable:
    """The numbers behind a picture, ready to be read."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Picture:
    """One picture with its words."""

    name: str
    title: str
    caption: str
    """How to read it, in plain words."""
    x_label: str
    y_label: str
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    layers: tuple[Layer, ...]
    table: DataTable
    x_ticks: tuple[tuple[float, str], ...] = ()
    y_ticks: tuple[tuple[float, str], ...] = ()
    is_wide: bool = False


def nice_ticks(low: float, high: float, about: int = 5) -> tuple[tuple[float, str], ...]:
    """Round numbers between two limits, with their spelling.

    >>> [label for _, label in nice_ticks(0, 1)]
    ['0', '0.2', '0.4', '0.6', '0.8', '1']
    """
    step = round_up((high - low) / about, _TICK_STEPS)
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return tuple((i * step, f"{i * step:.6g}".replace("-", "\u2212")) for i in range(first, last + 1))


_TICK_STEPS = (1, 2, 2.5, 5, 10)


def round_up(value: float, steps: Sequence[float] = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)) -> float:
    """The next of ``steps`` times a power of ten.

    >>> [round_up(v) for v in (0.31, 17, 1)]
    [0.4, 20.0, 1.0]
    """
    power = 10.0 ** np.floor(np.log10(value))
    return next(float(f"{step * power:.6g}") for step in steps if value <= step * power * (1 + 1e-9))
