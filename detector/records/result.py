"""What is said about one text, and how it is told to programs.

A field with ``told`` in its metadata is part of the JSON record, of the Parquet columns and of what describes them;
this is the one place where it is declared.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from detector.records.baseline import Baseline
from detector.records.fields import (
    COUNT,
    NUMBER,
    TEXT,
    Schema,
    list_of,
    object_with,
    one_of,
    optional,
    record_of,
    schema_of,
    told,
)
from detector.records.token_scores import TokenScores
from detector.records.verdicts import VERDICTS, Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from detector.verdict.classifier import Classifier
    from detector.verdict.explanation import Explanation

SCHEMA_VERSION = 1
EXTENT_WORDS = ("untouched", "lightly edited", "heavily reworked", "machine-written", "not to be told apart")
VERSION_SCHEMA: Schema = {"type": "integer", "const": SCHEMA_VERSION}
MODEL_SCHEMA: Schema = object_with({"name": TEXT, "fingerprint": TEXT})


@dataclass(frozen=True)
class Finding:
    """Something worth knowing at a place in the text as given."""

    kind: str = field(metadata=told(TEXT))
    start_char: int = field(metadata=told(COUNT))
    end_char: int = field(metadata=told(COUNT))
    detail: str = field(metadata=told(TEXT))


@dataclass(frozen=True)
class Segment:
    """A run of sentences that lean to one kind of author; places in the text as given.

    It begins and ends with a sentence, or with a clause where the evidence within a sentence is clear. Its p-value and
    label are those of its whole sentences.
    """

    start_char: int = field(metadata=told(COUNT))
    end_char: int = field(metadata=told(COUNT))
    label: str = field(
        metadata=told(
            one_of(("human", "machine", "uncertain")), "human or machine where the part is significant by itself."
        )
    )
    leans_to: str = field(metadata=told(one_of(("human", "machine")), "The side the division put it on."))
    evidence_nats: float = field(
        metadata=told(NUMBER, "Sum of its tokens' evidence; above 0 speaks for a machine.", unit="nats")
    )
    probability_machine: float = field(
        metadata=told(NUMBER, "Were sentences independent, which they are not; use the p-value.")
    )
    """1 / (1 + exp(-evidence))."""
    p_value: float = field(
        metadata=told(
            NUMBER,
            "Share of texts of like length by the other kind of author with so strong a part, the strongest of each.",
        )
    )
    """The search for the strongest part is in it, so that it holds for any number of segments."""
    begins_between: tuple[int, int] = field(
        default=(0, 0),
        metadata=told(
            list_of(COUNT),
            "Places of the first and the last sentence or clause that it may begin with, with a probability of 90 %.",
            value=lambda segment: list(segment.begins_between),
        ),
    )


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


def _finite_or_none(value: float | None) -> float | None:
    """JSON has neither NaN nor infinity."""
    return value if value is not None and np.isfinite(value) else None


def _share(says: str) -> dict[str, Any]:
    return told(optional(NUMBER), f"Share of the words {says}; the three shares add up to 1.", unit="0 to 1")


@dataclass(frozen=True)
class Result:
    """One text's verdict with the numbers behind it. Numbers are None where nothing can be said."""

    schema_version: int = field(default=SCHEMA_VERSION, init=False, metadata=told(VERSION_SCHEMA, arrow="int32"))
    id: str = field(metadata=told(TEXT, "As sent, or the name of the file."))
    path: str | None = field(metadata=told(optional(TEXT), "Of the file; null where there is none, as over HTTP."))
    verdict: Verdict = field(metadata=told(one_of(VERDICTS), in_frame=True))
    reason: str | None = field(
        metadata=told(
            optional(TEXT), "Code of why a text is unscored, such as too_short; null otherwise.", in_frame=True
        )
    )
    explanation: str = field(metadata=told(TEXT, "The verdict in a sentence or two, for people."))
    score: float | None = field(
        default=None,
        metadata=told(
            optional(NUMBER),
            "Higher = more machine-like; 0 is where the classifier is undecided before calibration.",
            in_frame=True,
        ),
    )
    probability_machine: float | None = field(
        default=None,
        metadata=told(optional(NUMBER), "Were human and machine texts equally common beforehand.", in_frame=True),
    )
    p_value: float | None = field(
        default=None,
        metadata=told(
            optional(NUMBER),
            "Share of human reference texts of like length that look at least as machine-like, as they are or beside "
            "the human texts most like each, whichever is larger.",
            in_frame=True,
        ),
    )
    human_p_value: float | None = field(
        default=None,
        metadata=told(
            optional(NUMBER),
            "Share of machine reference texts of like length that look at least as human.",
            in_frame=True,
        ),
    )
    one_author_p_value: float | None = field(
        default=None,
        metadata=told(
            optional(NUMBER),
            "Share of texts by one author, human or machine whichever is larger, whose parts stand as far apart.",
        ),
    )
    score_as_given: float | None = field(
        default=None,
        metadata=told(
            optional(NUMBER),
            "Of the text with its disguise, where one was found and undone; the verdict rests on score.",
        ),
    )
    p_value_as_given: float | None = field(
        default=None,
        metadata=told(optional(NUMBER), "Of the text with its disguise; null where none was found."),
    )
    confidence_interval: tuple[float, float] | None = field(
        default=None,
        metadata=told(
            optional(list_of(NUMBER)),
            "95 % interval of the score over resampled sentences.",
            value=lambda result: list(result.confidence_interval) if result.confidence_interval else None,
        ),
    )
    register_distance: float | None = field(
        default=None,
        metadata=told(
            optional(NUMBER),
            "How far the kind of text is from the nearest kind of human reference texts, whoever wrote it: a mean "
            "square, about 0.5 for references; null where kinds are not told apart.",
        ),
    )
    target_fpr: float | None = field(
        default=None,
        metadata=told(optional(NUMBER), "Rate of false alarms that the verdict allows among human texts."),
    )
    n_words: int | None = field(default=None, metadata=told(optional(COUNT), in_frame=True))
    n_tokens: int | None = field(default=None, metadata=told(optional(COUNT), in_frame=True))
    language: str | None = field(
        default=None, metadata=told(optional(TEXT), "ISO 639-1 code such as en, or und where it is not told.")
    )
    log_likelihood: float | None = field(
        init=False, metadata=told(optional(NUMBER), "Mean log-probability of a token.", unit="nats")
    )
    edit_extent: float | None = field(
        default=None,
        metadata=told(
            optional(NUMBER),
            "How far a machine reworked it, were there any help: share of the words it would have touched. No verdict "
            "rests on it.",
            unit="0 to 1",
            in_frame=True,
        ),
    )
    edit_extent_interval: tuple[float, float] | None = field(
        default=None,
        metadata=told(
            optional(list_of(NUMBER)),
            "Where nine in ten texts with this estimate lie.",
            value=lambda result: list(result.edit_extent_interval) if result.edit_extent_interval else None,
        ),
    )
    edit_extent_words: str | None = field(
        default=None,
        metadata=told(optional(TEXT), "The same in words: " + ", ".join(EXTENT_WORDS) + "."),
    )
    methods: dict[str, float] = field(
        default_factory=dict,
        metadata=told(
            {"type": "object", "additionalProperties": optional(NUMBER)},
            "Every published statistic, in its own unit.",
            value=lambda result: {name: _finite_or_none(value) for name, value in result.methods.items()},
        ),
    )
    share_machine: float | None = field(default=None, metadata=_share("in parts labelled machine"))
    share_human: float | None = field(default=None, metadata=_share("in parts labelled human"))
    share_undecided: float | None = field(default=None, metadata=_share("elsewhere"))
    share_machine_estimate: float | None = field(
        default=None,
        metadata=told(
            optional(NUMBER),
            "Of a mixed text alone: estimated share of the words that a machine wrote, over all ways to divide it.",
            unit="0 to 1",
        ),
    )
    share_machine_interval: tuple[float, float] | None = field(
        default=None,
        metadata=told(
            optional(list_of(NUMBER)),
            "Where it lies with a probability of 90 %.",
            value=lambda result: list(result.share_machine_interval) if result.share_machine_interval else None,
        ),
    )
    segments: tuple[Segment, ...] = field(
        default=(),
        metadata=told(
            list_of(schema_of(Segment)),
            "Runs of sentences that lean to one kind of author.",
            value=lambda result: [record_of(segment) for segment in result.segments],
        ),
    )
    findings: tuple[Finding, ...] = field(
        default=(),
        metadata=told(
            list_of(schema_of(Finding)),
            "Invisible characters, quotations, what was left out, and the like; at most 100 of a kind.",
            arrow="string",
            value=lambda result: [record_of(finding) for finding in result.findings],
        ),
    )
    finding_counts: dict[str, int] = field(
        default_factory=dict,
        metadata=told({"type": "object", "additionalProperties": COUNT}, "How many findings of each kind there are."),
    )
    explained: "Explanation | None" = field(
        default=None,
        repr=False,
        compare=False,
        metadata=told(
            list_of(object_with({"feature": TEXT, "value": NUMBER, "contribution": NUMBER, "meaning": TEXT})),
            "What the score is made of.",
            name="features",
            value=lambda result: [vars(moved) for moved in result.explained.features] if result.explained else [],
        ),
    )
    baseline: Baseline | None = field(
        default=None,
        metadata=told(
            optional({"type": "object"}),
            "Comparison with the writer's earlier texts; null unless they were given, and always over HTTP.",
            arrow="string",
            value=lambda result: result.baseline.to_dict() if result.baseline else None,
        ),
    )
    model_name: str = field(kw_only=True)
    model_fingerprint: str = field(
        kw_only=True,
        metadata=told(
            MODEL_SCHEMA,
            "What scored it.",
            name="model",
            arrow="string",
            value=lambda result: {"name": result.model_name, "fingerprint": result.model_fingerprint},
        ),
    )
    warnings: tuple[str, ...] = field(
        default=(),
        metadata=told(
            list_of(TEXT),
            "What to know before relying on it.",
            arrow="string",
            value=lambda result: list(result.warnings),
        ),
    )
    evidence: Evidence | None = field(default=None, repr=False, compare=False)
    text: str = field(default="", repr=False, compare=False)
    """The text as given where there is no ``evidence``, so that its page can show it; that holds it elsewhere."""
    classifier: "Classifier | None" = field(default=None, repr=False, compare=False)
    """The classifier that judged it, with the reference texts it is compared with."""
    kind: int | None = field(default=None, repr=False, compare=False)
    """Which of the classifier's kinds of text it is of; None where they are not told apart."""

    def __post_init__(self) -> None:
        # subtle: one of the methods under a name of its own; the record is frozen, so set past the guard.
        object.__setattr__(self, "log_likelihood", _finite_or_none(self.methods.get("log_likelihood")))

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
        return cls(
            id, path, "unscored", reason, explanation,
            model_name=model_name, model_fingerprint=model_fingerprint, **known,
        )  # fmt: skip

    def __repr__(self) -> str:
        """In a line; ``to_dict`` tells everything."""
        said = [self.verdict if self.reason is None else f"{self.verdict} ({self.reason})"]
        if self.probability_machine is not None and self.p_value is not None:
            said += [f"probability_machine {self.probability_machine:.3g}", f"p_value {self.p_value:.3g}"]
        said += [] if self.n_words is None else [f"{self.n_words:,} word{'' if self.n_words == 1 else 's'}"]
        said += [f"{len(self.segments)} parts"] if len(self.segments) > 1 else []
        return f"<Result {(self.path or self.id)!r}: {', '.join(said)}>"

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON; numbers that do not exist are None."""
        return record_of(self)

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
        """A card for notebooks: the verdict in words, the evidence of each sentence, and the text marked by it."""
        from detector.report.card import card

        return card(self)
