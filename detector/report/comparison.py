"""Two texts side by side as one page: verdicts, curves, histograms with both, and every method."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from detector.methods import METHODS
from detector.records.result import Result
from detector.report.distributions import DISTRIBUTIONS
from detector.report.evidence_pictures import distribution_picture, surprise_picture
from detector.report.page import Links, drawn, name_of, render, today
from detector.report.parts import parts_of, sentence_on_parts
from detector.report.references import references_for
from detector.report.visible import plain_visible
from detector.report.wording import HEADLINES, facts, how_sure


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
            }
            for number, (name, result) in enumerate(zip(shown, results, strict=True), start=1)
        ],
        pictures=_histograms(results, shown),
        methods=_methods(first, second),
        is_scored=True,
        date=(date or today()).strftime("%-d %B %Y"),
        links=links,
    )


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
        more = ""
        if np.isfinite(value) and np.isfinite(other) and value != other and name in METHODS:
            more = "first" if (value > other) == METHODS[name]().higher_is_machine else "second"
        numbers = [f"{v:.3g}".replace("-", "\u2212") if np.isfinite(v) else "\u2013" for v in (value, other)]
        rows.append({"name": name.replace("_", " "), "first": numbers[0], "second": numbers[1], "more": more})
    return rows
