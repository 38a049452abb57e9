"""One text's report as one self-contained HTML page: no network, no script needed, nothing of the text can act.

The page allows one style and one script, by their hashes, and nothing else; the template escapes whatever
it is given, and the text itself goes through ``visible``.
"""

import base64
import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from detector.methods import METHODS
from detector.records.result import Result
from detector.report import palette
from detector.report.evidence_pictures import all_pictures
from detector.report.highlight import TOKEN_COLUMNS, paragraphs, token_lines, unshaded_paragraphs
from detector.report.outline import outline_of
from detector.report.parts import MOST_PARTS, TextPart, parts_of, percent, sentence_on_parts
from detector.report.picture_parts import Picture
from detector.report.references import References, references_for
from detector.report.small_svg import bar_cell, parts_bar
from detector.report.svg import inline_svg, legend_of
from detector.report.views import VIEWS
from detector.report.visible import plain_visible, visible
from detector.report.wording import (
    FINDING_WORDS,
    HEADLINES,
    NEXT_STEPS,
    NOT_PROOF,
    TELLING_AUROC,
    advice,
    facts,
    findings_said,
    how_sure,
    p_words,
    promise,
    signed,
    unlisted_findings,
)
from detector.verdict.classifier import Classifier
from detector.verdict.plain_words import PLAIN_WORDS
from detector.version import __version__

REPORT_ALTERNATIVES = 10
"""What ``Detector.load(alternatives=...)`` needs for a page with everything on it."""
PALETTE_CSS = (
    f":root{{color-scheme:light dark;{palette.LIGHT.css()}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{palette.DARK.css()}}}}}"
)
_TEMPLATES = Path(__file__).parent / "templates"
_LONG = 60
"""Paragraphs from which those out of sight are drawn only when they come into it."""

Links = Sequence[tuple[str, str]]


def report_page(
    result: Result,
    classifier: Classifier | None = None,
    *,
    name: str | None = None,
    anonymous: bool = False,
    date: datetime | None = None,
    links: Links = (),
) -> str:
    """The report of one result as a complete HTML document.

    ``classifier`` is the one that judged it, unless the result holds it. ``name`` heads the page; without one
    it is the name of the file, or "A text" for ``anonymous``. ``date`` is today unless given or set by
    SOURCE_DATE_EPOCH. ``links`` are (label, address) pairs for the top of the page, on screen only.
    """
    if anonymous:
        name, result = name or "A text", without_names(result)
    judged_by = classifier or result.classifier
    references = references_for(result.model_fingerprint)
    evidence, parts = result.evidence, parts_of(result)
    methods = _methods(result, references)
    texts = list(
        unshaded_paragraphs(result.text, result.findings) if evidence is None else paragraphs(result, evidence)
    )
    return render(
        "report.html",
        name=plain_visible(name or name_of(result)),
        result=result,
        headline=HEADLINES[result.verdict],
        explanation=plain_visible(result.explanation),
        how_sure=how_sure(result),
        advice=advice(result) if result.score is not None else NEXT_STEPS[result.verdict],
        is_scored=result.score is not None,
        views=[_view(name) for name in VIEWS],
        facts=facts(result, judged_by),
        promise=promise(result, judged_by),
        warnings=[plain_visible(warning) for warning in result.warnings],
        paragraphs=texts,
        outline=outline_of(result.text if evidence is None else evidence.text),
        is_shaded=evidence is not None,
        is_long=len(texts) > _LONG,
        token_columns=TOKEN_COLUMNS,
        token_lines="\n".join(token_lines(evidence)) if evidence is not None else "",
        parts_said=sentence_on_parts(parts).replace(" %", "\u00a0%"),
        parts=[_part_row(part) for part in parts[:MOST_PARTS]],
        more_parts=max(0, len(parts) - MOST_PARTS),
        bar_of_parts=parts_bar([(part.share, part.segment) for part in parts]) if parts else "",
        findings=_findings(result),
        unlisted_findings=unlisted_findings(result),
        findings_said=findings_said(result),
        pictures=[drawn(picture) for picture in all_pictures(result)],
        reasons=_reasons(result),
        methods=[row for row in methods if row["tells"]],
        weak_methods=[row for row in methods if not row["tells"]],
        telling=f"{TELLING_AUROC:g}",
        references=references,
        classifier=judged_by,
        date=(date or today()).strftime("%-d %B %Y"),
        links=links,
    )


def without_names(result: Result) -> Result:
    """The same result with nothing of where it came from: no path, and no sentence that repeats it."""
    names = {result.id, result.path or result.id, name_of(result), Path(name_of(result)).stem}
    explanation = "The file could not be read." if result.reason == "unreadable" else result.explanation
    warnings = tuple(w for w in result.warnings if not any(name and name in w for name in names))
    return replace(result, id="text", path=None, warnings=warnings, explanation=explanation)


def name_of(result: Result) -> str:
    """What a result is called where nobody says otherwise."""
    if result.path:
        return Path(result.path).name
    return "standard input" if result.id == "-" else result.id


def today() -> datetime:
    """Now, or the moment that SOURCE_DATE_EPOCH gives, so that a page can be made again byte for byte."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(fixed), UTC) if fixed.isdigit() else datetime.now(UTC)


def environment(*more: BaseLoader) -> Environment:
    """Templates of the report, and of ``more`` loaders before them; everything is escaped by default."""
    templates = Environment(
        autoescape=True,
        loader=ChoiceLoader([*more, FileSystemLoader(_TEMPLATES)]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _style(), _script()
    templates.globals |= {
        "style": style,
        "script": script,
        "csp": content_policy(style, script),
        "version": __version__,
        "not_proof": NOT_PROOF,
        "links": (),
    }
    return templates


def render(template: str, **values: object) -> str:
    """A page from one of the report's own templates."""
    return _own_environment().get_template(template).render(**values)


def content_policy(style: str, script: str) -> str:
    """A policy under which the page's own style and script run and nothing else happens."""
    return (
        f"default-src 'none'; style-src '{_sha256(style)}'; script-src '{_sha256(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def drawn(picture: Picture) -> dict[str, object]:
    """A picture with its drawing and legend, for the template."""
    narrow = inline_svg(picture, is_wide=False) if picture.is_wide else None
    return {"picture": picture, "svg": inline_svg(picture), "narrow": narrow, "legend": legend_of(picture)}


@cache
def _own_environment() -> Environment:
    return environment()


@cache
def _style() -> Markup:
    return Markup(PALETTE_CSS + (_TEMPLATES / "report.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file


@cache
def _script() -> Markup:
    return Markup((_TEMPLATES / "report.js").read_text(encoding="utf-8"))  # noqa: S704 - our own file


def _sha256(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _part_row(part: TextPart) -> dict[str, object]:
    return {
        "number": part.number,
        "first_sentence": part.first_sentence,
        "place": part.place,
        "label": part.label,
        "side": part.segment.leans_to,
        "share": percent(part.share),
        "words": f"{part.n_words:,}",
        "beginning": visible(part.beginning),
        "border": part.border,
        "p_value": p_words(part.segment.p_value).removeprefix("p-value "),
        "evidence": signed(part.segment.evidence_nats),
    }


def _view(name: str) -> dict[str, object]:
    """One way of marking the text, with the class of each line of its key."""
    view = VIEWS[name]
    classes = {-2: "xh2", -1: "xh1", 0: "", 1: "xm1", 2: "xm2"} if name == "evidence" else {1: "x1", 2: "x2", 3: "x3"}
    labels = [(classes.get(level, ""), label) for level, label in view.labels.items()]
    return {"id": name, "name": view.name, "term": view.term, "explained": view.explained, "labels": labels}


def _findings(result: Result) -> list[dict[str, object]]:
    text = result.evidence.text if result.evidence is not None else result.text
    return [
        {
            "kind": FINDING_WORDS.get(found.kind, found.kind.replace("_", " ")),
            "place": f"{found.start_char:,}",
            "detail": plain_visible(found.detail),
            "around": visible(text[max(0, found.start_char - 18) : found.start_char + 40]),
        }
        for found in result.findings
    ]


def _reasons(result: Result) -> list[dict[str, object]]:
    """What moved the score, the strongest first, with a bar each."""
    if result.explained is None:
        return []
    reach = max((abs(moved.contribution) for moved in result.explained.features), default=0.0)
    return [
        {
            "feature": moved.feature.replace("_", " "),
            "words": PLAIN_WORDS.get(moved.feature, moved.meaning),
            "meaning": moved.meaning,
            "value": _number(moved.value),
            "moved": signed(moved.contribution),
            "bar": bar_cell(moved.contribution, reach),
        }
        for moved in result.explained.features
    ]


def _methods(result: Result, references: References | None) -> list[dict[str, object]]:
    """A row a method: those of this text, then those that are known and need more than one pass."""
    measured = references.methods if references else {}
    rows: list[dict[str, object]] = []
    for name in dict.fromkeys([*result.methods, *measured] if result.methods else []):
        value, known = result.methods.get(name, float("nan")), measured.get(name)
        chosen = METHODS.get(name)
        rows.append(
            {
                "name": name.replace("_", " "),
                "summary": (chosen.__doc__ or "").strip().split("\n")[0].replace("``", "") if chosen else "",
                "unit": chosen().unit if chosen else "",
                "value": _number(value),
                "direction": ("higher" if chosen().higher_is_machine else "lower") if chosen else "",
                "human": _middle(known.human) if known else "\u2013",
                "machine": _middle(known.machine) if known else "\u2013",
                "auroc": f"{known.auroc:.2f}" if known else "\u2013",
                "tells": known is None or known.auroc >= TELLING_AUROC,
            }
        )
    return rows


def _middle(quantiles: list[float]) -> str:
    return f"{_number(quantiles[0])} to {_number(quantiles[2])}"


def _number(value: float) -> str:
    """Three significant digits; a dash for what is undefined."""
    return f"{value:.3g}".replace("-", "\u2212") if value == value else "\u2013"
