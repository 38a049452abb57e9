"""What is said about one text."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from detector.scoring.records import TokenScores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from detector.verdict.baseline import Baseline
    from detector.verdict.classifier import Classifier
    from detector.verdict.explanation import Explanation

SCHEMA_VERSION = 1

Verdict = Literal["human", "machine", "mixed", "inconclusive", "unscored"]


@dataclass(frozen=True)
class Finding:
    """Something worth knowing at a place in the text as given."""

    kind: str
    start_char: int
    end_char: int
    detail: str


@dataclass(frozen=True)
class Segment:
    """A run of whole sentences that lean to one kind of author; places in the text as given."""

    start_char: int
    end_char: int
    label: str
    """``human`` or ``machine`` where the part is significant by itself, else ``uncertain``."""
    leans_to: str
    """``human`` or ``machine``: the side the division put it on."""
    evidence_nats: float
    """Sum of its tokens' evidence; above 0 speaks for a machine."""
    probability_machine: float
    """1 / (1 + exp(-evidence)): were sentences independent, which they are not; use the p-value."""
    p_value: float
    """Share of texts of like length by the other kind of author whose strongest such part is at least as strong.

    The search for the strongest part is in it, so that it holds for any number of segments.
    """


@dataclass(frozen=True)
class Evidence:
    """Tokens and sentences behind a verdict, for pages and pictures; spans are of the text as given."""

    text: str
    scores: TokenScores
    """Of the folded text; use ``spans`` for places in the text as given."""
    spans: list[tuple[int, int]]
    """Place of each scored token in the text as given."""
    sentences: list[tuple[int, int]]
    """Place of each sentence in the text as given."""
    sentence_of_token: list[int]
    """Index into ``sentences`` of each scored token."""
    token_evidence: NDArray[np.float64]
    """Nats of each token that speak for a machine, or against it if below 0."""
    choice_texts: dict[int, str] = field(default_factory=dict)
    """Text of every token among ``scores.top_ids``, by id; empty unless alternatives were asked for."""


@dataclass(frozen=True)
class Result:
    """One text's verdict with the numbers behind it. Numbers are None where nothing can be said."""

    id: str
    path: str | None
    verdict: Verdict
    reason: str | None
    """Code of why there is no verdict, such as ``too_short``; None when there is one."""
    explanation: str
    """The verdict in a sentence or two, for people."""
    model_name: str
    model_fingerprint: str
    n_words: int | None = None
    n_tokens: int | None = None
    language: str | None = None
    score: float | None = None
    """Higher = more machine-like; 0 is where the classifier is undecided before calibration."""
    probability_machine: float | None = None
    """Were human and machine texts equally common beforehand."""
    p_value: float | None = None
    """Share of human reference texts of like length that look at least as machine-like."""
    human_p_value: float | None = None
    """Share of machine reference texts of like length that look at least as human."""
    confidence_interval: tuple[float, float] | None = None
    """95 % interval of ``score`` over resampled sentences."""
    target_fpr: float | None = None
    methods: dict[str, float] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    explained: "Explanation | None" = field(default=None, repr=False, compare=False)
    """Which features and sentences moved the score."""
    baseline: "Baseline | None" = None
    """Comparison with the writer's earlier texts, where they were given."""
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    evidence: Evidence | None = field(default=None, repr=False, compare=False)
    text: str = field(default="", repr=False, compare=False)
    """The text as given where it got no verdict, so that its page can show it; ``evidence`` holds it elsewhere."""
    classifier: "Classifier | None" = field(default=None, repr=False, compare=False)
    """The classifier that judged it, with the reference texts it is compared with."""
    kind: int | None = field(default=None, repr=False, compare=False)
    """Which of the classifier's kinds of text it is compared with; None where they are not told apart."""

    @classmethod
    def unscored(
        cls,
        reason: str,
        explanation: str,
        *,
        id: str,
        path: str | None = None,
        model_name: str = "",
        model_fingerprint: str = "",
        **known: Any,
    ) -> "Result":
        """No verdict: ``reason`` is a code, ``explanation`` says what would be needed."""
        return cls(id, path, "unscored", reason, explanation, model_name, model_fingerprint, **known)

    def to_dict(self) -> dict[str, Any]:
        """The record documented in the README; numbers that do not exist are None."""
        return {
            "schema_version": SCHEMA_VERSION,
            "id": self.id,
            "path": self.path,
            "verdict": self.verdict,
            "reason": self.reason,
            "explanation": self.explanation,
            "score": self.score,
            "probability_machine": self.probability_machine,
            "p_value": self.p_value,
            "human_p_value": self.human_p_value,
            "confidence_interval": list(self.confidence_interval) if self.confidence_interval else None,
            "target_fpr": self.target_fpr,
            "n_words": self.n_words,
            "n_tokens": self.n_tokens,
            "language": self.language,
            "log_likelihood": _finite_or_none(self.methods.get("log_likelihood")),
            "methods": {name: _finite_or_none(value) for name, value in self.methods.items()},
            "segments": [vars(segment) for segment in self.segments],
            "findings": [vars(finding) for finding in self.findings],
            "features": [vars(moved) for moved in self.explained.features] if self.explained else [],
            "baseline": self.baseline.to_dict() if self.baseline else None,
            "model": {"name": self.model_name, "fingerprint": self.model_fingerprint},
            "warnings": list(self.warnings),
        }

    def to_html(self, name: str | None = None) -> str:
        """The whole report as one self-contained HTML page, headed by ``name`` or else by the name of its file."""
        from detector.report.page import report_page

        return report_page(self, name=name)

    def plot(self, picture: str = "surprise") -> "Figure":
        """One of the report's pictures as a matplotlib figure; ``result.plot().savefig("curve.png")``.

        ``picture`` is one of ``detector.report.evidence_pictures.PICTURES``; raises ``UsageError`` for another
        and ``InputError`` where the text has no scores to draw.
        """
        from detector.report.evidence_pictures import picture_of
        from detector.report.picture_files import figure_of

        return figure_of(picture_of(self, picture))

    def _repr_html_(self) -> str:
        """A card for notebooks: the verdict in words and the surprise curve."""
        from detector.report.card import card

        return card(self)


def _finite_or_none(value: float | None) -> float | None:
    """JSON has neither NaN nor infinity."""
    return value if value is not None and np.isfinite(value) else None
