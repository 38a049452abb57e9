"""A picture as inline SVG.

Colours stand in attributes, so that the drawing is whole by itself, and in classes, so that a page can
darken it. Marks differ in shape as well as colour: circles and full lines are human, diamonds and broken
lines machine.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from markupsafe import Markup, escape

from detector.report.palette import LIGHT
from detector.report.picture_parts import Band, Bars, Layer, Level, Picture, Ranges, Role, Rule, Steps, nice_ticks

_COLOURS: dict[Role, str] = {
    "text": LIGHT.ink,
    "other": LIGHT.accent,
    "human": LIGHT.human,
    "machine": LIGHT.machine,
    "band": LIGHT.band,
    "token": LIGHT.grain,
}
_FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"
_WIDE, _NARROW = (820, 270), (400, 250)
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 28, 46


class _Plane:
    """Where numbers lie on the drawing."""

    def __init__(self, picture: Picture, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self.left, self.right = _LEFT, self.width - _RIGHT
        self.top, self.bottom = _TOP, self.height - _BOTTOM
        self._x, self._y = picture.x_limits, picture.y_limits

    def x(self, value: float) -> float:
        low, high = self._x
        share = min(1.0, max(0.0, (value - low) / (high - low)))
        return round(self.left + share * (self.right - self.left), 1)

    def y(self, value: float) -> float:
        low, high = self._y
        share = min(1.0, max(0.0, (value - low) / (high - low)))
        return round(self.bottom - share * (self.bottom - self.top), 1)


def inline_svg(picture: Picture) -> Markup:
    """The drawing, to be put into HTML; its title and numbers belong in the page around it."""
    size = _WIDE if picture.is_wide else _NARROW
    plane = _Plane(picture, size)
    inside = Markup("").join(
        [*_axes(picture, plane), *(part for layer in picture.layers for part in _draw(layer, plane))]
    )
    return _tag(
        "svg",
        inside,
        viewBox=f"0 0 {size[0]} {size[1]}",
        role="img",
        aria_label=f"{picture.title}. The numbers are in the table below.",
        font_family=_FONT,
        font_size="12",
    )


def legend_of(picture: Picture) -> list[tuple[Markup, str]]:
    """(small sample, words) of every layer that has words."""
    return [
        (_sample(layer), layer.label) for layer in picture.layers if layer.label and not isinstance(layer, Rule)
    ] + [(_sample(layer), layer.label) for layer in picture.layers if isinstance(layer, Rule) and layer.low is not None]


def bar_cell(value: float, reach: float) -> Markup:
    """A bar left or right of a middle line, for a cell of a table; ``reach`` fills half of it."""
    middle, half = 60.0, 56.0
    length = round(min(1.0, abs(value) / reach) * half, 1) if reach > 0 else 0.0
    role: Role = "machine" if value > 0 else "human"
    bar = _tag(
        "rect",
        x=middle if value > 0 else round(middle - length, 1),
        y=3,
        width=length,
        height=8,
        fill=_COLOURS[role],
        class_=f"fill-{role}",
    )
    line = _path(f"M{middle} 0V14", "ink", LIGHT.muted, 1)
    return _tag("svg", bar + line, viewBox="0 0 120 14", class_="bar", aria_hidden="true")


def sentence_bars(values: Iterable[float], numbers: Iterable[int], reach: float) -> Markup:
    """Bars one below the other, left for human and right for machine, each with its sentence's number."""
    row, middle, half = 15, 62.0, 36.0
    parts: list[Markup] = []
    paths = {"human": "", "machine": ""}
    numbered = list(zip(values, numbers, strict=True))
    for i, (value, number) in enumerate(numbered):
        y = i * row
        length = round(max(1.0, min(1.0, abs(value) / reach) * half), 1)
        paths["machine" if value > 0 else "human"] += (
            f"M{middle} {y + 3}h{length if value > 0 else -length}v9H{middle}z"
        )
        parts.append(_text(20, y + 11.5, str(number), "muted", LIGHT.muted, anchor="end", size="10.5"))
    height = max(1, len(numbered)) * row
    for role, path in paths.items():
        if path:
            parts.append(_tag("path", d=path, fill=_COLOURS[role], class_=f"fill-{role}"))  # type: ignore[index]
    parts.append(_path(f"M{middle} 0V{height}", "line", LIGHT.muted, 1))
    return _tag(
        "svg",
        Markup("").join(parts),
        viewBox=f"0 0 100 {height}",
        width="100",
        height=str(height),
        class_="bars",
        aria_hidden="true",
        font_family=_FONT,
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
        band: dict[str, Any] = {"fill": _COLOURS["band"], "class_": "fill-band"}
        parts.append(_tag("rect", x=0, y=y(high), width=width, height=round(y(low) - y(high), 1), **band))
    d = "".join(
        f"{'M' if i == 0 else 'L'}{a / n * width:.1f} {y(m)}H{b / n * width:.1f}"
        for i, (a, b, m) in enumerate(sentences)
    )
    parts += [_path(f"M0 {height}H{width}", "grid", LIGHT.rule, 1), _path(d, "stroke-text", LIGHT.ink, 1.6)]
    return _tag("svg", Markup("").join(parts), viewBox=f"0 0 {width:g} {height + 1:g}", aria_hidden="true")


def _axes(picture: Picture, plane: _Plane) -> Iterator[Markup]:
    for value, label in picture.y_ticks or nice_ticks(*picture.y_limits, about=4):
        y = plane.y(value)
        yield _path(f"M{plane.left} {y}H{plane.right}", "grid", LIGHT.rule, 1)
        shown = f"{value * 100:.4g} %" if picture.y_label.startswith("share") else label
        yield _text(plane.left - 7, y + 4, shown, "muted", LIGHT.muted, anchor="end")
    yield _path(f"M{plane.left} {plane.bottom}H{plane.right}", "line", LIGHT.muted, 1)
    for value, label in picture.x_ticks or nice_ticks(*picture.x_limits, about=8 if picture.is_wide else 5):
        yield _text(plane.x(value), plane.bottom + 17, label, "muted", LIGHT.muted, anchor="middle")
    middle = (plane.left + plane.right) / 2
    yield _text(middle, plane.height - 9, picture.x_label, "muted", LIGHT.muted, anchor="middle")
    yield _text(2, 11, picture.y_label, "muted", LIGHT.muted, anchor="start")


def _draw(layer: Layer, plane: _Plane) -> Iterator[Markup]:
    colour = _COLOURS[layer.role]
    if isinstance(layer, Band):
        top, bottom = plane.y(layer.high), plane.y(layer.low)
        yield _tag(
            "rect",
            x=plane.left,
            y=top,
            width=plane.right - plane.left,
            height=round(bottom - top, 1),
            fill=colour,
            class_=f"fill-{layer.role}",
            fill_opacity="0.7",
        )
    elif isinstance(layer, Level):
        dash = {"stroke_dasharray": "2 4"} if layer.role == "band" else {}
        ink = LIGHT.muted
        yield _path(f"M{plane.left} {plane.y(layer.y)}H{plane.right}", "line", ink, 1, **dash)
    elif isinstance(layer, Bars):
        base = plane.y(0)
        d = "".join(
            f"M{plane.x(a)} {base}V{plane.y(h)}H{plane.x(b)}V{base}z"
            for a, b, h in zip(layer.left, layer.right, layer.height, strict=True)
        )
        if layer.role in ("human", "machine") and plane.y(0) == plane.bottom:  # shapes that overlap are outlined too
            yield _tag("path", d=d, fill=colour, fill_opacity="0.22", class_=f"fill-{layer.role}")
            dash = {"stroke_dasharray": "5 3"} if layer.role == "machine" else {}
            yield _path(_outline(layer, plane), f"stroke-{layer.role}", colour, 1.8, **dash)
        elif layer.role in ("text", "other"):  # pale, so that the marks of the references stand out on them
            if layer.role == "text":
                yield _tag("path", d=d, fill=_COLOURS["token"], class_="fill-token")
            yield _path(d, f"stroke-{layer.role}", colour, 1.4)
        else:
            yield _tag("path", d=d, fill=colour, class_=f"fill-{layer.role}")
    elif isinstance(layer, Steps):
        d = "".join(
            f"M{plane.x(a)} {plane.y(y)}H{plane.x(b)}"
            for a, b, y in zip(layer.left, layer.right, layer.level, strict=True)
        )
        yield _path(d, f"stroke-{layer.role}", colour, 3)
    elif isinstance(layer, Ranges):
        d = "".join(
            f"M{plane.x(x)} {plane.y(low)}V{plane.y(high)}"
            for x, low, high in zip(layer.x, layer.low, layer.high, strict=True)
        )
        dash = {"stroke_dasharray": "4 2"} if layer.role == "machine" else {}
        yield _path(d, f"stroke-{layer.role}", colour, 1.8, **dash)
        marks = "".join(_mark(plane.x(x), plane.y(y), layer.role) for x, y in zip(layer.x, layer.middle, strict=True))
        yield _tag("path", d=marks, fill=colour, class_=f"fill-{layer.role}")
    else:
        yield from _draw_rule(layer, plane)


def _draw_rule(rule: Rule, plane: _Plane) -> Iterator[Markup]:
    colour, x = _COLOURS[rule.role], plane.x(rule.x)
    if rule.low is not None and rule.high is not None:
        a, b = plane.x(rule.low), plane.x(rule.high)
        yield _tag(
            "rect",
            x=a,
            y=plane.top,
            width=round(b - a, 1),
            height=plane.bottom - plane.top,
            fill=colour,
            fill_opacity="0.1",
            class_=f"fill-{rule.role}",
        )
    yield _path(f"M{x} {plane.top}V{plane.bottom}", f"stroke-{rule.role}", colour, 2)
    is_right = x > (plane.left + plane.right) / 2
    yield _text(x + (-6 if is_right else 6), plane.top + 11, rule.label, "ink", colour, "end" if is_right else "start")


def _outline(bars: Bars, plane: _Plane) -> str:
    points = "".join(
        f"H{plane.x(a)}V{plane.y(h)}H{plane.x(b)}" for a, b, h in zip(bars.left, bars.right, bars.height, strict=True)
    )
    return f"M{plane.x(float(bars.left[0]))} {plane.y(0)}{points}V{plane.y(0)}"


def _mark(x: float, y: float, role: Role) -> str:
    r = 3.6
    if role == "machine":
        return f"M{x} {y - r - 0.6:.1f}l{r + 0.6} {r + 0.6}l{-r - 0.6} {r + 0.6}l{-r - 0.6} {-r - 0.6}z"
    return f"M{x - r:.1f} {y}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z"


def _sample(layer: Layer) -> Markup:
    """What the layer looks like, for a legend."""
    colour, role = _COLOURS[layer.role], layer.role
    inside: Markup
    if isinstance(layer, Ranges):
        dash = {"stroke_dasharray": "4 2"} if role == "machine" else {}
        inside = _path("M12 0V16", f"stroke-{role}", colour, 1.8, **dash)
        inside += _tag("path", d=_mark(12, 8, role), fill=colour, class_=f"fill-{role}")
    elif isinstance(layer, Steps):
        inside = _path("M2 8H22", f"stroke-{role}", colour, 3)
    elif isinstance(layer, Rule):
        inside = _tag("rect", x=4, y=0, width=16, height=16, fill=colour, fill_opacity="0.1", class_=f"fill-{role}")
        inside += _path("M12 0V16", f"stroke-{role}", colour, 2)
    elif isinstance(layer, Bars) and role in ("text", "other"):
        filled = _tag("rect", x=2, y=3, width=20, height=10, fill=_COLOURS["token"], class_="fill-token")
        inside = filled if role == "text" else Markup("")
        inside += _path("M2 3H22V13H2z", f"stroke-{role}", colour, 1.4)
    else:
        inside = _tag("rect", x=2, y=3, width=20, height=10, fill=colour, class_=f"fill-{role}")
    return _tag("svg", inside, viewBox="0 0 24 16", class_="sample", aria_hidden="true")


def _path(d: str, class_: str, colour: str, width: float, **more: Any) -> Markup:
    return _tag("path", d=d, fill="none", stroke=colour, stroke_width=width, class_=class_, **more)


def _text(x: float, y: float, words: str, class_: str, colour: str, anchor: str, size: str | None = None) -> Markup:
    more = {"font_size": size} if size else {}
    return _tag("text", escape(words), x=x, y=y, text_anchor=anchor, fill=colour, class_=f"fill-{class_}", **more)


def _tag(name: str, inside: Markup | None = None, **attributes: Any) -> Markup:
    """An element; underscores in attribute names stand for hyphens, values are escaped."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items()
    )
    if inside is None:
        return Markup(f"<{name}{written}/>")  # noqa: S704 - names are ours and values escaped
    return Markup(f"<{name}{written}>{inside}</{name}>")  # noqa: S704
