"""Small drawings beside and within text: a bar in a cell, bars of a paragraph's sentences, a curve in a table."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from detector.report.palette import LIGHT
from detector.report.picture_parts import Role
from detector.report.svg_elements import FONT, element, filled, path_of, text_at


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


def small_curve(sentences: Sequence[tuple[int, int, float]], human_bits: Sequence[float] | None) -> Markup:
    """Surprise of each (first token, one past the last, mean bits) as steps on the human band, without axes."""
    width, height, top = 180.0, 56.0, 14.0

    def y(bits: float) -> float:
        return round(height - min(bits, top) / top * height, 1)

    n = max(1, sentences[-1][1] if sentences else 1)
    parts = []
    if human_bits is not None:
        low, _, high = human_bits
        parts.append(filled("rect", "band", x=0, y=y(high), width=width, height=round(y(low) - y(high), 1)))
    d = "".join(
        f"{'M' if i == 0 else 'L'}{a / n * width:.1f} {y(m)}H{b / n * width:.1f}"
        for i, (a, b, m) in enumerate(sentences)
    )
    parts += [path_of(f"M0 {height}H{width}", "grid", LIGHT.rule, 1), path_of(d, "stroke-text", LIGHT.ink, 1.6)]
    return element("svg", Markup("").join(parts), viewBox=f"0 0 {width:g} {height + 1:g}", aria_hidden="true")
