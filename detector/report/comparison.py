"""Two texts side by side as one page: verdicts, curves, histograms with both, and every method."""

import re
from dataclasses import replace
from datetime import datetime

import numpy as np
from markupsafe import Markup

from detector.records.result import Result
from detector.report.comparison_record import more_machine_like
from detector.report.distributions import DISTRIBUTIONS
from detector.report.evidence_pictures import distribution_picture, surprise_picture
from detector.report.highlight import paragraphs, unshaded_paragraphs
from detector.report.page import Links, drawn, name_of, render, today
from detector.report.parts import parts_of, sentence_on_parts
from detector.report.references import references_for
from detector.report.visible import plain_visible
from detector.report.wording import HEADLINES, facts, how_sure

_SENTENCE_ID = re.compile(r'(?<=<span class="s") id="s\d+"')


def comparison_page(
    first: Result,
    second: Result,
    *,
    names: tuple[str, str] | None = None,
    date: datetime | None = None,
    links: Links = (),
) -> str:
    """Two results as one complete HTML document; ``names``, ``date`` and ``links`` as in ``report_page``."""
    results = (first, second)
    shown = [plain_visible(name) for name in names or (name_of(first), name_of(second))]
    return render(
        "comparison.html",
        names=shown,
        sides=[
            {
                "name": name,
                "headline": HEADLINES[result.verdict],
                "parts_said": sentence_on_parts(parts_of(result)),
                "explanation": " ".join(how_sure(result)) or plain_visible(result.explanation),
                "facts": facts(result, result.classifier),
                "curve": _curve(result, number, name),
                "verdict": result.verdict,
                "paragraphs": _marked_text(result),
                "is_marked": result.evidence is not None,
            }
            for number, (name, result) in enumerate(zip(shown, results, strict=True), start=1)
        ],
        pictures=_histograms(results, shown),
        methods=_methods(first, second),
        is_scored=True,
        date=(date or today()).strftime("%-d %B %Y"),
        links=links,
    )


def _marked_text(result: Result) -> list[Markup]:
    """The paragraphs of the text, each word marked by its evidence."""
    found = (
        unshaded_paragraphs(result.text, result.findings)
        if result.evidence is None
        else paragraphs(result, result.evidence)
    )
    # subtle: sentences are numbered from 1 in either text, and an id may stand on a page but once
    return [Markup(_SENTENCE_ID.sub("", paragraph.html)) for paragraph in found]  # noqa: S704 - it was markup before


def _curve(result: Result, number: int, name: str) -> dict[str, object] | None:
    if result.evidence is None:
        return None
    picture = surprise_picture(result.evidence, result.classifier)
    return drawn(replace(picture, name=f"surprise-{number}", title=f"Surprise along {name}"))


def _histograms(results: tuple[Result, Result], names: list[str]) -> list[dict[str, object]]:
    """The histograms that both texts have."""
    texts = [(name, r.evidence) for name, r in zip(names, results, strict=True) if r.evidence is not None]
    if len(texts) < 2:
        return []
    references = references_for(results[0].model_fingerprint)
    return [
        drawn(distribution_picture(name, texts, references))
        for name, bins_of in DISTRIBUTIONS.items()
        if not any(np.isnan(bins_of(evidence.scores)).any() for _, evidence in texts)
    ]


def _methods(first: Result, second: Result) -> list[dict[str, str]]:
    rows = []
    for name, value in first.methods.items():
        other = second.methods.get(name, float("nan"))
        more = more_machine_like(first, second, name) or ""
        numbers = [f"{v:.3g}".replace("-", "\u2212") if np.isfinite(v) else "\u2013" for v in (value, other)]
        rows.append({"name": name.replace("_", " "), "first": numbers[0], "second": numbers[1], "more": more})
    return rows
