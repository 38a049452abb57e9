"""How a statistic gets a name."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from detector.records.pair_scores import PairScores
from detector.records.token_scores import PerturbedScores, RegeneratedScores, TokenScores


class Method(Protocol):
    """A frozen dataclass of parameters that maps the scores of a text to one number."""

    higher_is_machine: ClassVar[bool]
    """Direction that the literature expects; the value itself keeps its published sign."""
    unit: ClassVar[str]

    def __call__(self, scores: Any) -> float: ...


Requirement = Literal["", "top_k", "samples", "pair", "perturbations", "regenerations"]
"""What a method needs beyond the plain pass of ``score_texts``: its ``top_k`` of 10, its ``samples``, the
``PairScores`` of two models, or the scores of varied texts."""

Scores = TokenScores | PairScores | PerturbedScores | RegeneratedScores

METHODS: dict[str, Callable[[], Method]] = {}
REQUIREMENTS: dict[str, Requirement] = {}

_MethodClass = TypeVar("_MethodClass", bound=Callable[[], Method])


def method(name: str, requires: Requirement = "") -> Callable[[_MethodClass], _MethodClass]:
    """Register a method class under ``name``; its defaults are the published settings."""

    def register(cls: _MethodClass) -> _MethodClass:
        if name in METHODS:
            raise ValueError(f"a method named {name!r} is registered already")
        METHODS[name] = cls
        REQUIREMENTS[name] = requires
        return cls

    return register


def compute(name: str, scores: Scores) -> float:
    """The statistic ``name`` of one text, NaN where it is undefined.

    Raises ``ValueError`` for an unknown name, with the known ones, and for scores that lack what the
    method needs, with how to get it.
    """
    try:
        chosen = METHODS[name]
    except KeyError:
        raise ValueError(f"unknown method {name!r}; registered: {', '.join(sorted(METHODS))}") from None
    if missing := _missing(REQUIREMENTS[name], scores):
        raise ValueError(f"the method {name!r} needs {missing}")
    return chosen()(scores)


_KINDS: dict[Requirement, tuple[type, str]] = {
    "pair": (PairScores, "the scores of two models: score_pairs"),
    "perturbations": (PerturbedScores, "perturbed copies of the text: detector.perturbation.score_perturbed"),
    "regenerations": (RegeneratedScores, "other endings of the text: detector.perturbation.regenerate"),
}


def _missing(requirement: Requirement, scores: Scores) -> str:
    kind, needed = _KINDS.get(requirement, (TokenScores, "the scores of one text: score_texts"))
    if not isinstance(scores, kind):
        return needed
    if isinstance(scores, TokenScores):
        if requirement == "top_k" and scores.top_log_prob_nats.shape[1] < 10:
            return "the ten likeliest tokens of each position: score_texts(..., top_k=10)"
        if requirement == "samples" and scores.sampled_log_prob_nats is None:
            return "tokens sampled at each position: score_texts(..., samples=100)"
    return ""


def plain_methods() -> list[str]:
    """Names of the statistics that need no more than the plain pass."""
    return [name for name in METHODS if not REQUIREMENTS[name]]


def compute_all(scores: TokenScores) -> dict[str, float]:
    """Every statistic that needs no more than the plain pass, by name."""
    return {name: METHODS[name]()(scores) for name in plain_methods()}
