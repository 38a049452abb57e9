"""How a statistic gets a name."""

from collections.abc import Callable
from typing import ClassVar, Literal, Protocol, TypeVar

from detector.scoring.records import TokenScores


class Method(Protocol):
    """A frozen dataclass of parameters that maps ``TokenScores`` to one number."""

    higher_is_machine: ClassVar[bool]
    """Direction that the literature expects; the value itself keeps its published sign."""
    unit: ClassVar[str]

    def __call__(self, scores: TokenScores) -> float: ...


METHODS: dict[str, Callable[[], Method]] = {}

_MethodClass = TypeVar("_MethodClass", bound=Callable[[], Method])


Requirement = Literal["", "top_k", "samples"]
_REQUIREMENTS: dict[str, Requirement] = {}


def method(name: str, requires: Requirement = "") -> Callable[[_MethodClass], _MethodClass]:
    """Register a method class under ``name``; its defaults are the published settings.

    ``requires`` names what the scores must hold beyond the plain pass: the likeliest alternatives
    (``top_k`` of 10) or tokens sampled at each position (``samples``).
    """

    def register(cls: _MethodClass) -> _MethodClass:
        if name in METHODS:
            raise ValueError(f"a method named {name!r} is registered already")
        METHODS[name] = cls
        _REQUIREMENTS[name] = requires
        return cls

    return register


def compute(name: str, scores: TokenScores) -> float:
    """The statistic ``name`` of one text, NaN where it is undefined; unknown names list the known."""
    try:
        chosen = METHODS[name]
    except KeyError:
        raise ValueError(f"unknown method {name!r}; registered: {', '.join(sorted(METHODS))}") from None
    return chosen()(scores)


def plain_methods() -> list[str]:
    """Names of the statistics that need no more than the plain pass."""
    return [name for name in METHODS if not _REQUIREMENTS[name]]


def compute_all(scores: TokenScores) -> dict[str, float]:
    """Every statistic that needs no more than the plain pass, by name."""
    return {name: METHODS[name]()(scores) for name in plain_methods()}
