"""``index.html``: the corpus on one page. Self-contained, readable without its script, and about texts, not people.

Documents stand in classes of evidence, and within a class as they lie in the results: nobody is ranked.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import FileSystemLoader
from markupsafe import Markup

from detector.corpus.reports import is_flagged, report_name
from detector.corpus.sealed_parquet import read_sealed_parquet
from detector.corpus.statistics import Statistics
from detector.corpus.store import REPORTS, Store
from detector.corpus.summary import percent
from detector.records.verdicts import VERDICTS
from detector.report.evidence_pictures import Bars, DataTable, Picture
from detector.report.page import content_policy, drawn, environment, today
from detector.report.visible import plain_visible
from detector.report.wording import HEADLINES, NEXT_STEPS
from detector.verdict.classifier import Classifier

_TEMPLATES = Path(__file__).parent / "templates"
MOST_ROWS_A_CLASS = 500
"""A page of more is of no use to a reader and slow to a browser; the results hold them all."""
_COLUMNS = [
    "id",
    "verdict",
    "reason",
    "explanation",
    "p_value",
    "n_words",
    "duplicate_of",
    "flagged_fdr",
    "text_sha256",
]
_P_VALUE_BINS = 20


@dataclass(frozen=True)
class Listed:
    """A row of the page's table."""

    name: str
    evidence: str
    """Words for its class."""
    note: str
    words: str
    p_value: str
    is_flagged: bool
    report: str | None
    """Address of its highlight report."""


@dataclass(frozen=True)
class EvidenceClass:
    """Documents of one verdict."""

    verdict: str
    headline: str
    next_step: str
    n: int
    share: str
    rows: list[Listed]


def index_page(store: Store, summary: dict[str, Any], numbers: Statistics, classifier: Classifier) -> str:
    """The page as a complete HTML document."""
    pages = environment(FileSystemLoader(_TEMPLATES))
    style = Markup(str(pages.globals["style"]) + _asset("corpus.css"))  # noqa: S704 - our own files
    script = Markup(str(pages.globals["script"]) + _asset("corpus.js"))  # noqa: S704 - our own files
    listed = _listed(store)
    classes = [
        EvidenceClass(
            verdict=verdict,
            headline=HEADLINES[verdict],
            next_step=_next_step(verdict),
            n=numbers.verdicts.get(verdict, 0),
            share=percent(numbers.verdicts.get(verdict, 0) / max(1, numbers.documents)),
            rows=listed[verdict],
        )
        for verdict in VERDICTS
    ]
    return pages.get_template("corpus.html").render(
        style=style,
        script=script,
        csp=content_policy(style, script),
        summary=summary,
        source=plain_visible(summary["source"]),
        name=plain_visible(Path(summary["source"]).name or summary["source"]),
        classes=classes,
        most_rows=MOST_ROWS_A_CLASS,
        is_cut=any(c.n > len(c.rows) for c in classes),
        pictures=[drawn(picture) for picture in _pictures(numbers, classifier)],
        date=today().strftime("%-d %B %Y"),
    )


def _next_step(verdict: str) -> str:
    """What the report on a single text says, where the parts are marked on another page."""
    return NEXT_STEPS[verdict]  # type: ignore[index]


def _listed(store: Store) -> dict[str, list[Listed]]:
    listed: dict[str, list[Listed]] = {verdict: [] for verdict in VERDICTS}
    reports = {path.name for path in (store.folder / REPORTS).glob("*.html")}
    for path in store.parts():
        for row in read_sealed_parquet(path, _COLUMNS).to_pylist():
            rows = listed[row["verdict"]]
            if len(rows) < MOST_ROWS_A_CLASS:
                rows.append(_listed_row(row, reports))
    return listed


def _listed_row(row: dict[str, Any], reports: set[str]) -> Listed:
    notes = []
    if row["verdict"] == "unscored":
        notes.append(row["explanation"])
    if row["duplicate_of"] is not None:
        notes.append(f"The same text as {row['duplicate_of']}.")
    if is_flagged("", row["flagged_fdr"]):
        notes.append("Flagged at the false-discovery rate.")
    report = report_name(row["text_sha256"]) if row["text_sha256"] else None
    return Listed(
        name=plain_visible(row["id"]),
        evidence=HEADLINES[row["verdict"]],
        note=plain_visible(" ".join(notes)),
        words="" if row["n_words"] is None else str(row["n_words"]),
        p_value="" if row["p_value"] is None else f"{row['p_value']:.4f}",
        is_flagged=bool(row["flagged_fdr"]),
        report=f"{REPORTS}/{report}" if report in reports else None,
    )


def _pictures(numbers: Statistics, classifier: Classifier) -> list[Picture]:
    n = numbers.texts_with_p_value
    return [_score_picture(numbers, classifier, n), _p_value_picture(numbers, n)] if n else []


def _score_picture(numbers: Statistics, classifier: Classifier, n: int) -> Picture:
    """Scores of the corpus on those of the reference texts, each length weighing what it weighs in the corpus."""
    edges = numbers.score_edges
    corpus = numbers.score_counts / n
    sides = {"human": np.zeros(len(corpus)), "machine": np.zeros(len(corpus))}
    for bucket in classifier.buckets:
        weight = numbers.length_counts.get(bucket.least_tokens, 0) / n
        for name, scores in (("human", bucket.human_scores), ("machine", bucket.machine_scores)):
            sides[name] += weight * np.histogram(np.clip(scores, edges[0], edges[-1]), edges)[0] / max(1, len(scores))
    left, right = edges[:-1], edges[1:]
    rows = [
        (f"{a:.2f} to {b:.2f}", percent(c), percent(h), percent(m))
        for a, b, c, h, m in zip(left, right, corpus, sides["human"], sides["machine"], strict=True)
    ]
    tallest = max(float(np.max(v)) for v in (corpus, *sides.values()))
    return Picture(
        "scores",
        "Scores of the corpus among reference texts",
        "Each distinct text counts once. The two outlines are human and machine reference texts of the same lengths; a "
        "corpus that is a mixture of the two lies between them. Where it lies elsewhere, the reference texts are not "
        "like this corpus and the estimates above do not hold.",
        "score (higher = more like machine text)",
        "share of texts",
        (float(edges[0]), float(edges[-1])),
        (0, tallest * 1.1 or 1.0),
        (
            Bars(left, right, corpus, "text", "this corpus"),
            Bars(left, right, sides["human"], "human", "human reference texts"),
            Bars(left, right, sides["machine"], "machine", "machine reference texts"),
        ),
        DataTable(("score", "this corpus", "human texts", "machine texts"), rows),
        is_wide=True,
    )


def _p_value_picture(numbers: Statistics, n: int) -> Picture:
    """Were all texts human, no low bin would hold more than its share."""
    edges = np.linspace(0, 1, _P_VALUE_BINS + 1)
    values, counts = np.array(list(numbers.p_values)), np.array(list(numbers.p_values.values()))
    shares = np.histogram(values, edges, weights=counts)[0] / n
    level = np.full(_P_VALUE_BINS, 1 / _P_VALUE_BINS)
    rows = [(f"{a:.2f} to {b:.2f}", percent(s)) for a, b, s in zip(edges, edges[1:], shares, strict=False)]
    return Picture(
        "p-values",
        "How unusual the texts would be among human ones",
        "The p-value of a text is the share of human texts like it that look at least as machine-like, the largest of "
        "several comparisons. If people wrote the whole corpus, the first bars would reach no higher than the outline, "
        "and the last ones above it; a tall first bar speaks of machine texts, or of writing unlike the reference "
        "texts.",
        "p-value",
        "share of texts",
        (0, 1),
        (0, max(float(shares.max()), 1 / _P_VALUE_BINS) * 1.1),
        (
            Bars(edges[:-1], edges[1:], shares, "text", "this corpus"),
            Bars(edges[:-1], edges[1:], level, "human", "a corpus of human texts"),
        ),
        DataTable(("p-value", "this corpus"), rows),
        is_wide=True,
    )


@cache
def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")
