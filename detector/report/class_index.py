"""The index of a set of texts, as a page and as the rows of a table.

It groups by what can be said, in the order the files were given, and never by how machine-like a text is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from markupsafe import Markup

from detector.records.result import Evidence, Result
from detector.records.verdicts import Verdict
from detector.report.evidence_summaries import sentence_bits, sentence_evidence
from detector.report.page import Links, drawn, render, today
from detector.report.parts import parts_of, shares_in_short
from detector.report.picture_parts import Bars, DataTable, Picture, Role
from detector.report.small_svg import small_evidence
from detector.report.spreadsheet import result_rows
from detector.report.visible import plain_visible
from detector.report.wording import HEADLINES, findings_said, of_thousand, probability_words
from detector.verdict.classifier import Classifier

INDEX = "index.html"
TABLES = {"CSV": "results.csv", "XLSX": "results.xlsx"}
"""The rows of the index for spreadsheets, beside it."""
_ORDER: tuple[Verdict, ...] = ("inconclusive", "human", "mixed", "machine", "unscored")


@dataclass(frozen=True)
class Entry:
    """One text of the set."""

    number: int
    name: str
    address: str
    """Of its page, beside the index."""
    result: Result


def index_page(
    entries: Sequence[Entry],
    anonymous: bool,
    date: datetime | None = None,
    files: Sequence[str] = (),
    links: Links = (),
) -> str:
    """The index as a complete HTML document; ``files`` are the pages and pictures of its run, ``links`` for its top."""
    scored = [entry for entry in entries if entry.result.score is not None]
    classifier = next((e.result.classifier for e in scored if e.result.classifier is not None), None)
    counts = {verdict: sum(e.result.verdict == verdict for e in entries) for verdict in _ORDER}
    return render(
        "class_set.html",
        entries=[_row(entry, same) for entry, same in zip(entries, _same_texts(entries), strict=True)],
        counts=[(verdict, HEADLINES[verdict], n) for verdict, n in counts.items() if n],
        tables=list(TABLES.items()) if files else [],
        multiples=[
            {"entry": e, "curve": _small_evidence(e.result.evidence)} for e in scored if e.result.evidence is not None
        ],
        scores=drawn(score_distribution([e.result.score for e in scored], classifier))  # type: ignore[misc]
        if classifier is not None and scored
        else None,
        expected=_expected(scored),
        anonymous=anonymous,
        is_scored=True,
        files=" ".join(files),
        date=(date or today()).strftime("%-d %B %Y"),
        links=links,
    )


def score_distribution(scores: Sequence[float], classifier: Classifier) -> Picture:
    """All scores of the set as a histogram on the reference texts of all lengths."""
    human = np.concatenate([bucket.human_scores for bucket in classifier.buckets])
    machine = np.concatenate([bucket.machine_scores for bucket in classifier.buckets])
    values = np.asarray(scores, dtype=np.float64)
    low = float(np.floor(min(np.quantile(human, 0.001), values.min())))
    high = float(np.ceil(max(np.quantile(machine, 0.999), values.max())))
    edges = np.linspace(low, high, 25)
    shares = [np.histogram(np.clip(side, low, high), edges)[0] / len(side) for side in (human, machine, values)]
    roles: list[tuple[Role, str]] = [
        ("human", "human reference texts"),
        ("machine", "machine reference texts"),
        ("text", "this set"),
    ]
    inset = (edges[1] - edges[0]) * 0.2
    layers = [
        Bars(
            edges[:-1] + (inset if role == "text" else 0), edges[1:] - (inset if role == "text" else 0), s, role, label
        )
        for (role, label), s in zip(roles, shares, strict=True)
    ]
    rows = [
        (f"{a:.1f} to {b:.1f}", f"{round(t * len(values))}", f"{h:.1%}", f"{m:.1%}")
        for a, b, h, m, t in zip(edges, edges[1:], *shares, strict=False)
    ]
    return Picture(
        "scores",
        "Where the scores of the set lie",
        f"{len(values)} scores beside those of {len(human):,} human and {len(machine):,} machine reference texts and "
        "beginnings of texts, of all lengths. In a large set a score far to the right comes about by chance now and "
        "then.",
        "score (higher = more like machine text)",
        "share of texts",
        (low, high),
        (0, float(np.ceil(max(s.max() for s in shares) * 20) / 20)),
        (layers[2], layers[0], layers[1]),
        DataTable(("score", "texts of this set", "human references", "machine references"), rows),
        is_wide=True,
    )


def _small_evidence(evidence: Evidence) -> Markup:
    spans = sentence_bits(evidence)
    sums = sentence_evidence(evidence).tolist()
    return small_evidence([(a, b, nats) for (a, b, _), nats in zip(spans, sums, strict=True)])


def table_rows(entries: Sequence[Entry]) -> list[dict[str, object]]:
    """A row a text for spreadsheets: what the index says of it, then the fields of the record and every statistic."""
    records = result_rows([entry.result for entry in entries], [entry.name for entry in entries])
    return [
        {
            "no.": entry.number,
            "text": entry.name,
            "verdict": entry.result.verdict,
            "in words": HEADLINES[entry.result.verdict],
            "probability_machine": entry.result.probability_machine,
            "parts in words": shares_in_short(parts_of(entry.result)),
            "worth knowing": _worth_knowing(entry, same),
            "page": entry.address,
            **record,
        }
        for entry, record, same in zip(entries, records, _same_texts(entries), strict=True)
    ]


def _same_texts(entries: Sequence[Entry]) -> list[int | None]:
    """For each text, the number of the first that is the same but for its blanks."""
    first: dict[str, int] = {}
    same: list[int | None] = []
    for entry in entries:
        result = entry.result
        text = " ".join((result.text if result.evidence is None else result.evidence.text).split())
        number = first.setdefault(text, entry.number) if text else entry.number
        same.append(None if number == entry.number else number)
    return same


def _worth_knowing(entry: Entry, same: int | None) -> str:
    said = [] if same is None else [f"the same text as no. {same}"]
    found = findings_said(entry.result)
    return "; ".join([*said, *([f"found in it: {found}"] if found else [])])


def _row(entry: Entry, same: int | None) -> dict[str, object]:
    result = entry.result
    probability = result.probability_machine
    return {
        "number": entry.number,
        "name": entry.name,
        "address": entry.address,
        "verdict": result.verdict,
        "probability": "" if probability is None else probability_words(probability),
        "probability_value": "" if probability is None else f"{probability:.6f}",
        "reason": plain_visible(result.explanation) if result.verdict == "unscored" else "",
        "words": result.n_words,
        "p_value": "" if result.p_value is None else f"{result.p_value:.6f}",
        "human_p_value": "" if result.human_p_value is None else f"{result.human_p_value:.6f}",
        "humans": "" if result.p_value is None else of_thousand(result.p_value),
        "machines": "" if result.human_p_value is None else of_thousand(result.human_p_value),
        "parts": shares_in_short(parts_of(result)),
        "notes": _worth_knowing(entry, same),
    }


def _expected(scored: Sequence[Entry]) -> str:
    """How many false alarms chance alone brings to a set of this size."""
    rate = next((e.result.target_fpr for e in scored if e.result.target_fpr is not None), None)
    if rate is None:
        return ""
    expected = rate * len(scored)
    about = f"about {expected:.1f} of them" if expected >= 0.1 else "hardly one of them"
    return (
        f"If people wrote all {len(scored)} texts themselves, {about} would still be called "
        f"machine text at a false-alarm rate of {rate:.2g}; the chance of at least one is "
        f"{1 - (1 - rate) ** len(scored):.0%}."
    )
