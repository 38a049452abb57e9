"""Small drawings beside and within text: a bar in a cell, bars of a paragraph's sentences, a curve in a table."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from detector.records.result import Segment
from detector.report.palette import LIGHT
from detector.report.picture_parts import Role
from detector.report.svg_elements import FONT, element, filled, path_of, text_at

LEAST_REACH_NATS = 2.0
"""Of evidence that fills a small picture at least, so that a trifle does not look like much."""


def bar_cell(value: float, reach: float) -> Markup:
    """A bar left or right of a middle line, for a cell of a table; ``reach`` fills half of it."""
    middle, half = 60.0, 56.0
    length = round(min(1.0, abs(value) / reach) * half, 1) if reach > 0 else 0.0
    role: Role = "machine" if value > 0 else "human"
    bar = filled("rect", role, x=middle if value > 0 else round(middle - length, 1), y=3, width=length, height=8)
    line = path_of(f"M{middle} 0V14", "ink", LIGHT.muted, 1)
    return element("svg", bar + line, viewBox="0 0 120 14", class_="bar", aria_hidden="true")


def sentence_bars(values: Iterable[float], numbers: Iterable[int], reach: float) -> Markup:
    """Bars one below the other, left for human and right for machine, each with its sentence's number."""
    row, middle, half = 15, 62.0, 36.0
    parts: list[Markup] = []
    paths: dict[Role, str] = {"human": "", "machine": ""}
    numbered = list(zip(values, numbers, strict=True))
    for i, (value, number) in enumerate(numbered):
        y = i * row
        length = round(max(1.0, min(1.0, abs(value) / reach) * half), 1)
        if value:
            paths["machine" if value > 0 else "human"] += (
                f"M{middle} {y + 3}h{length if value > 0 else -length}v9H{middle}z"
            )
        parts.append(text_at(20, y + 11.5, str(number), "muted", LIGHT.muted, anchor="end", size="10.5"))
    height = max(1, len(numbered)) * row
    for role, path in paths.items():
        if path:
            parts.append(filled("path", role, d=path))
    parts.append(path_of(f"M{middle} 0V{height}", "line", LIGHT.muted, 1))
    return element(
        "svg",
        Markup("").join(parts),
        viewBox=f"0 0 100 {height}",
        width="100",
        height=str(height),
        class_="bars",
        aria_hidden="true",
        font_family=FONT,
    )


def small_evidence(sentences: Sequence[tuple[int, int, float]]) -> Markup:
    """Evidence of each (first token, one past the last, nats): up for machine, down for human, without axes."""
    width, height, middle = 180.0, 64.0, 32.0
    n = max(1, sentences[-1][1] if sentences else 1)
    reach = max([LEAST_REACH_NATS, *(abs(nats) for _, _, nats in sentences)])
    paths: dict[Role, str] = {"machine": "", "human": ""}
    for a, b, nats in sentences:
        top = round(middle - nats / reach * (middle - 2), 1)
        paths["machine" if nats > 0 else "human"] += (
            f"M{a / n * width:.1f} {middle}V{top}H{b / n * width:.1f}V{middle}z"
        )
    bars = [filled("path", role, d=d) for role, d in paths.items() if d]
    parts = [
        *bars,
        path_of(f"M0 {middle}H{width}", "line", LIGHT.muted, 1),
        text_at(width + 5, 14, "machine", "machine", LIGHT.machine, anchor="start", size="13"),
        text_at(width + 5, height - 5, "human", "human", LIGHT.human, anchor="start", size="13"),
    ]
    return element(
        "svg",
        Markup("").join(parts),
        viewBox=f"0 0 {width + 62:g} {height:g}",
        role="img",
        aria_label="Evidence of each sentence, up for machine text and down for human writing",
        font_family=FONT,
    )


def parts_bar(parts: Sequence[tuple[float, Segment]]) -> Markup:
    """Parts of a text side by side, as wide as their (share of the words, segment); pale where undecided.

    Those of machine text stand higher than those of human writing, for whoever cannot tell the colours apart.
    """
    width, height, at = 600.0, 22.0, 0.0
    drawn = []
    for share, segment in parts:
        role: Role = "machine" if segment.leans_to == "machine" else "human"
        end = at + share * width
        drawn.append(
            filled(
                "rect",
                role,
                x=round(at, 1),
                y=0 if role == "machine" else 10,
                width=round(max(0.5, end - at - 1), 1),
                height=12,
                fill_opacity="0.4" if segment.label == "uncertain" else "1",
            )
        )
        at = end
    return element(
        "svg",
        Markup("").join(drawn),
        viewBox=f"0 0 {width:g} {height:g}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
