"""How a statistic gets a name."""

from collections.abc import Callable
from typing import ClassVar, Protocol, TypeVar

from detector.scoring.records import TokenScores


class Method(Protocol):
    """A frozen dataclass of parameters that maps ``TokenScores`` to one number."""

    higher_is_machine: ClassVar[bool]
    """Direction that the literature expects; the value itself keeps its published sign."""
    unit: ClassVar[str]

    def __call__(self, scores: TokenScores) -> float: ...


METHODS: dict[str, Callable[[], Method]] = {}

_MethodClass = TypeVar("_MethodClass", bound=Callable[[], Method])


def method(name: str) -> Callable[[_MethodClass], _MethodClass]:
    """Register a method class under ``name``; its defaults are the published settings."""

    def register(cls: _MethodClass) -> _MethodClass:
        if name in METHODS:
            raise ValueError(f"a method named {name!r} is registered already")
        METHODS[name] = cls
        return cls

    return register


def compute(name: str, scores: TokenScores) -> float:
    """The statistic ``name`` of one text, NaN where it is undefined; unknown names list the known."""
    try:
        chosen = METHODS[name]
    except KeyError:
        raise ValueError(f"unknown method {name!r}; registered: {', '.join(sorted(METHODS))}") from None
    return chosen()(scores)


def compute_all(scores: TokenScores) -> dict[str, float]:
    """Every registered statistic of one text, by name."""
    return {name: chosen()(scores) for name, chosen in METHODS.items()}
