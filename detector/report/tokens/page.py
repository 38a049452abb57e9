"""The analysis of a vocabulary as one self-contained HTML page: no script, no network, every token shown as bytes."""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from detector.report.highlight import percent
from detector.report.page import PALETTE_CSS, environment, today
from detector.report.picture_parts import DataTable
from detector.report.tokens.analysis import CATEGORY_WORDS, indicator_words
from detector.report.tokens.pictures import (
    MARKS,
    histogram_table,
    indicator_histogram,
    mark_sample,
    probability_scatter,
)
from detector.report.visible import plain_visible
from detector.version import __version__
from detector.vocabulary.analysis_record import VocabularyAnalysis
from detector.vocabulary.combined_score import DEFAULT_RATE
from detector.vocabulary.tokenizer_analysis import Category

_MOST_ROWS = 200
_OPEN_ROWS = 30
"""Of a longer table of tokens; the rest unfolds."""
_MOST_RESIDUE = 60
_RECALL_WORDS = {
    "walked": "prompted from the worst up",
    "found": "confirmed among these",
    "rest": "tokens beyond",
    "sampled": "drawn at random from beyond",
    "sampled_confirmed": "confirmed among those drawn",
    "confirmed_beyond": "confirmed tokens beyond, estimated",
    "confirmed_beyond_interval": "with an interval of 95 %",
    "recall": "share found of all confirmed tokens, estimated",
    "recall_interval": "with an interval of 95 %, of that share",
}
_EXAMPLES = 6
_STYLE = (
    ".bytes{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:.86em}"
    "td.token{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}"
    "table.of-tokens td.token,table.of-tokens td:nth-child(6){white-space:nowrap}"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:0 2rem}"
    "svg{display:block;width:100%;height:auto;font-family:system-ui,'Segoe UI','DejaVu Sans',sans-serif}"
    "svg text{fill:var(--muted)}svg .axis{stroke:var(--muted)}svg .grid{stroke:var(--rule)}"
    "svg .column{fill:var(--grain)}svg .of-suspects{fill:var(--accent)}"
    "svg .of-reference{stroke:var(--machine);stroke-width:2}"
    "svg .known{fill:none;stroke:var(--accent);stroke-width:1.3}"
    "svg .confirmed{fill:var(--machine)}svg .undecided{stroke:var(--ink);stroke-width:1.4;fill:none}"
    "svg .echoed{fill:none;stroke:var(--human)}svg .threshold{stroke:var(--ink);stroke-dasharray:5 4}"
    "svg.sample{display:inline-block;width:1rem;height:1rem;vertical-align:-.15rem;margin-right:.3rem}"
    ".swatch{display:inline-block;width:.8rem;height:.8rem;vertical-align:-.05rem;margin-right:.35rem;background:var(--grain);"
    "-webkit-print-color-adjust:exact;print-color-adjust:exact}"
    ".swatch.dark{background:var(--accent)}.swatch.tick{width:.18rem;background:var(--machine)}"
    "figure{margin:1.6rem 0 0}figcaption{font-size:.9rem;color:var(--muted);margin-top:.4rem}"
    "table{border-collapse:collapse;width:100%;font-size:.88rem}"
    "th,td{text-align:left;padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--rule);vertical-align:top}"
    "td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}"
    "@media screen{.scroll{overflow-x:auto;max-height:none}}"
)


def vocabulary_page(analysis: VocabularyAnalysis) -> str:
    """A complete HTML document. Nothing of a tokenizer's strings can act on it."""
    shared = (Path(__file__).parents[1] / "templates" / "report.css").read_text(encoding="utf-8")
    style = Markup(PALETTE_CSS + shared + _STYLE)  # noqa: S704 - our own
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    new = analysis.new_suspects().tolist()
    return (
        environment()
        .get_template("vocabulary.html")
        .render(
            style=style,
            csp=policy,
            version=__version__,
            date=today().strftime("%-d %B %Y"),
            analysis=analysis,
            name=plain_visible(analysis.model_name),
            notes=[plain_visible(note) for note in analysis.notes],
            categories=_categories(analysis),
            rate=f"{DEFAULT_RATE:.0%}",
            suspects=_rows(analysis, new[:_MOST_ROWS]),
            n_suspects=len(new),
            open_rows=_OPEN_ROWS,
            n_floor=int(analysis.at_floor[new].sum()),
            histograms=_histograms(analysis),
            scatter=_scatter(analysis),
            confirmed=_rows(analysis, analysis.confirmed_ids()[:_MOST_ROWS]),
            verification=_verification(analysis),
            residue=_rows(analysis, analysis.least_standing(_MOST_RESIDUE)),
            unusual=_unusual(analysis),
            disagreements=_disagreements(analysis),
            settings=_settings(analysis),
        )
    )


def _categories(analysis: VocabularyAnalysis) -> list[dict[str, Any]]:
    found = []
    for category, words in CATEGORY_WORDS.items():
        if ids := analysis.ids(category):
            chosen = [ids[i * len(ids) // _EXAMPLES] for i in range(_EXAMPLES)] if len(ids) > _EXAMPLES else ids
            shown = [plain_visible(analysis.display[i]) for i in chosen if analysis.display[i]]
            found.append({"words": words, "count": f"{len(ids):,}", "examples": shown})
    return found


def _rows(analysis: VocabularyAnalysis, ids: Iterable[int]) -> list[dict[str, Any]]:
    probabilities = {
        token["token_id"]: token["max_probability"] for token in (analysis.verification or {}).get("tokens", [])
    }
    return [
        {
            "id": i,
            "token": plain_visible(analysis.display[i]),
            "bytes": analysis.token_bytes[i].hex(" ").upper(),
            "score": _shown(analysis.score[i], ".2f"),
            "rate": _shown(analysis.false_discovery_rate[i], ".3f"),
            "floor": bool(analysis.at_floor[i]),
            "count": None if analysis.training_counts is None else f"{analysis.training_counts[i]:,}",
            "standing": None if analysis.standing is None else f"{analysis.standing[i]:,}",
            "produced": None if analysis.produced is None else f"{analysis.produced[i]:,}",
            "probability": percent(probabilities[i]) if i in probabilities else "",
        }
        for i in ids
    ]


def _shown(value: float, form: str) -> str:
    return format(value, form) if np.isfinite(value) else ""


def _settings(analysis: VocabularyAnalysis) -> dict[str, Any]:
    settings = {name.replace("_", " "): value for name, value in analysis.settings.items()}
    if settings.get("reference", "") is None and analysis.reference is not None and len(analysis.reference):
        settings["reference"] = "found by the program"
    return settings


def _histograms(analysis: VocabularyAnalysis) -> list[dict[str, Any]]:
    reference = analysis.reference.ids if analysis.reference is not None else np.array([], dtype=np.int32)
    names = [
        name
        for name in analysis.indicators_used or list(analysis.indicators)[:1]
        if np.isfinite(analysis.indicators[name]).any()
    ]
    found = []
    for name in names:
        numbers = (analysis.indicators[name], analysis.new_suspects(), reference, indicator_words(name))
        found.append(
            {
                "svg": indicator_histogram(*numbers, is_wide=name == names[0]),
                "table": histogram_table(*numbers),
                "words": indicator_words(name),
            }
        )
    return found


def _scatter(analysis: VocabularyAnalysis) -> dict[str, Any] | None:
    if analysis.verification is None or not analysis.indicators:
        return None
    name = (analysis.indicators_used or tuple(analysis.indicators))[0]
    tokens = [t for t in analysis.verification["tokens"] if np.isfinite(analysis.indicators[name][t["token_id"]])]
    if not tokens:
        return None
    threshold = analysis.verification["settings"]["threshold"]
    return {
        "words": indicator_words(name),
        "svg": probability_scatter(analysis.indicators[name], tokens, threshold, indicator_words(name)),
        "legend": [
            (mark_sample(outcome), outcome, sum(token["outcome"] == outcome for token in tokens))
            for outcome in MARKS
            if any(token["outcome"] == outcome for token in tokens)
        ],
        "threshold": f"{threshold:.0%}",
        "table": DataTable(
            ("id", "token", indicator_words(name), "highest probability", "outcome"),
            [
                (
                    str(token["token_id"]),
                    plain_visible(analysis.display[token["token_id"]]),
                    f"{analysis.indicators[name][token['token_id']]:.4g}",
                    f"{token['max_probability']:.3g}",
                    token["outcome"],
                )
                for token in tokens
            ],
        ),
    }


def _verification(analysis: VocabularyAnalysis) -> dict[str, Any] | None:
    if analysis.verification is None:
        return None
    recall = analysis.verification["recall"]
    return {
        "numbers": {
            _RECALL_WORDS.get(name, name.replace("_", " ")): _plain(value)
            for name, value in recall.items()
            if not isinstance(value, dict)
        },
        "settings": {name.replace("_", " "): _plain(v) for name, v in analysis.verification["settings"].items()},
        "controls_echoed": f"{analysis.verification['controls_echoed']:.0%}",
    }


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple):
        return " to ".join(_plain(part) for part in value)
    return "none" if value is None else str(value)


def _unusual(analysis: VocabularyAnalysis) -> list[dict[str, Any]]:
    found = []
    for category in (
        Category.UNREACHABLE,
        Category.UNREACHABLE_ALONE,
        Category.DUPLICATE,
        Category.PARTIAL_UTF8,
    ):
        if ids := analysis.ids(category):
            rows = [
                {
                    "id": i,
                    "token": plain_visible(analysis.display[i]),
                    "bytes": analysis.token_bytes[i].hex(" ").upper(),
                    "reason": analysis.reasons.get(i, ""),
                    "example": plain_visible(repr(analysis.examples[i])) if i in analysis.examples else "",
                }
                for i in ids[:_MOST_ROWS]
            ]
            found.append({"words": CATEGORY_WORDS[category], "count": len(ids), "rows": rows})
    return found


def _disagreements(analysis: VocabularyAnalysis) -> list[dict[str, str]]:
    if analysis.versions is None:
        return []
    return [
        {"token": plain_visible(analysis.display[d.token_id]), "fast": str(list(d.fast)), "slow": str(list(d.slow))}
        for d in analysis.versions.disagreements[:_MOST_ROWS]
    ]
