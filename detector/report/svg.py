"""A picture as inline SVG.

Marks differ in shape as well as colour: circles and full lines are human, diamonds and broken lines machine.
"""

from collections.abc import Iterator

from markupsafe import Markup

from detector.report.palette import LIGHT, ROLE_COLOURS
from detector.report.picture_parts import Band, Bars, Layer, Level, Picture, Ranges, Role, Rule, Steps, nice_ticks
from detector.report.svg_elements import FONT, element, filled, path_of, stroke_of, text_at

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


def inline_svg(picture: Picture, is_wide: bool | None = None) -> Markup:
    """The drawing, to be put into HTML; its title and numbers belong in the page around it.

    ``is_wide`` is the picture's own unless given; a narrow one of a wide picture is for a phone.
    """
    is_wide = picture.is_wide if is_wide is None else is_wide
    size = _WIDE if is_wide else _NARROW
    plane = _Plane(picture, size)
    inside = Markup("").join(
        [*_axes(picture, plane, is_wide), *(part for layer in picture.layers for part in _draw(layer, plane))]
    )
    return element(
        "svg",
        inside,
        viewBox=f"0 0 {size[0]} {size[1]}",
        role="img",
        aria_label=f"{picture.title}. The numbers are in the table below.",
        font_family=FONT,
        font_size="12",
    )


def legend_of(picture: Picture) -> list[tuple[Markup, str]]:
    """(small sample, words) of every layer that has words."""
    return [
        (_sample(layer), layer.label) for layer in picture.layers if layer.label and not isinstance(layer, Rule)
    ] + [(_sample(layer), layer.label) for layer in picture.layers if isinstance(layer, Rule) and layer.low is not None]


def _axes(picture: Picture, plane: _Plane, is_wide: bool) -> Iterator[Markup]:
    for value, label in picture.y_ticks or nice_ticks(*picture.y_limits, about=4):
        y = plane.y(value)
        yield path_of(f"M{plane.left} {y}H{plane.right}", "grid", LIGHT.rule, 1)
        shown = f"{value * 100:.4g} %" if picture.y_label.startswith("share") else label
        yield text_at(plane.left - 7, y + 4, shown, "muted", LIGHT.muted, anchor="end")
    yield path_of(f"M{plane.left} {plane.bottom}H{plane.right}", "line", LIGHT.muted, 1)
    for value, label in picture.x_ticks or nice_ticks(*picture.x_limits, about=8 if is_wide else 5):
        yield text_at(plane.x(value), plane.bottom + 17, label, "muted", LIGHT.muted, anchor="middle")
    middle = (plane.left + plane.right) / 2
    yield text_at(middle, plane.height - 9, picture.x_label, "muted", LIGHT.muted, anchor="middle")
    yield text_at(2, 11, picture.y_label, "muted", LIGHT.muted, anchor="start")


def _draw(layer: Layer, plane: _Plane) -> Iterator[Markup]:
    match layer:
        case Band():
            return _draw_band(layer, plane)
        case Level():
            return _draw_level(layer, plane)
        case Bars():
            return _draw_bars(layer, plane)
        case Steps():
            return _draw_steps(layer, plane)
        case Ranges():
            return _draw_ranges(layer, plane)
        case Rule():
            return _draw_rule(layer, plane)


def _draw_band(band: Band, plane: _Plane) -> Iterator[Markup]:
    top, bottom = plane.y(band.high), plane.y(band.low)
    is_on_another = band.role != "band"  # and has to let it through
    yield filled(
        "rect",
        band.role,
        x=plane.left,
        y=top,
        width=plane.right - plane.left,
        height=round(bottom - top, 1),
        fill_opacity="0.14" if is_on_another else "0.7",
    )
    if is_on_another:
        yield stroke_of(f"M{plane.left} {top}H{plane.right}M{plane.left} {bottom}H{plane.right}", band.role, 1.2, "5 3")


def _draw_level(level: Level, plane: _Plane) -> Iterator[Markup]:
    dash = "2 4" if level.role == "band" else None
    yield path_of(f"M{plane.left} {plane.y(level.y)}H{plane.right}", "line", LIGHT.muted, 1, dash)


def _draw_bars(bars: Bars, plane: _Plane) -> Iterator[Markup]:
    base = plane.y(0)
    d = "".join(
        f"M{plane.x(a)} {base}V{plane.y(h)}H{plane.x(b)}V{base}z"
        for a, b, h in zip(bars.left, bars.right, bars.height, strict=True)
    )
    stand_on_the_axis = base == plane.bottom
    if bars.role in ("human", "machine") and stand_on_the_axis:  # shapes that overlap are outlined too
        yield filled("path", bars.role, d=d, fill_opacity="0.22")
        yield stroke_of(_outline(bars, plane), bars.role, 1.8, "5 3" if bars.role == "machine" else None)
    elif bars.role in ("text", "other"):  # pale, so that the marks of the references stand out on them
        if bars.role == "text":
            yield filled("path", "token", d=d)
        yield stroke_of(d, bars.role, 1.4)
    else:
        yield filled("path", bars.role, d=d)


def _draw_steps(steps: Steps, plane: _Plane) -> Iterator[Markup]:
    d = "".join(
        f"M{plane.x(a)} {plane.y(y)}H{plane.x(b)}" for a, b, y in zip(steps.left, steps.right, steps.level, strict=True)
    )
    yield stroke_of(d, steps.role, 3)


def _draw_ranges(ranges: Ranges, plane: _Plane) -> Iterator[Markup]:
    d = "".join(
        f"M{plane.x(x)} {plane.y(low)}V{plane.y(high)}"
        for x, low, high in zip(ranges.x, ranges.low, ranges.high, strict=True)
    )
    yield stroke_of(d, ranges.role, 1.8, "4 2" if ranges.role == "machine" else None)
    points = zip(ranges.x, ranges.middle, strict=True)
    yield filled("path", ranges.role, d="".join(_mark(plane.x(x), plane.y(y), ranges.role) for x, y in points))


def _draw_rule(rule: Rule, plane: _Plane) -> Iterator[Markup]:
    x = plane.x(rule.x)
    if rule.low is not None and rule.high is not None:
        a, b = plane.x(rule.low), plane.x(rule.high)
        yield filled(
            "rect",
            rule.role,
            x=a,
            y=plane.top,
            width=round(b - a, 1),
            height=plane.bottom - plane.top,
            fill_opacity="0.1",
        )
    yield stroke_of(f"M{x} {plane.top}V{plane.bottom}", rule.role, 2)
    is_right = x > (plane.left + plane.right) / 2
    colour, anchor = ROLE_COLOURS[rule.role], "end" if is_right else "start"
    yield text_at(x + (-6 if is_right else 6), plane.top + 11, rule.label, "ink", colour, anchor)


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
    return element("svg", _sample_inside(layer), viewBox="0 0 24 16", class_="sample", aria_hidden="true")


def _sample_inside(layer: Layer) -> Markup:
    role = layer.role
    if isinstance(layer, Ranges):
        line = stroke_of("M12 0V16", role, 1.8, "4 2" if role == "machine" else None)
        return line + filled("path", role, d=_mark(12, 8, role))
    if isinstance(layer, Steps):
        return stroke_of("M2 8H22", role, 3)
    if isinstance(layer, Rule):
        interval = filled("rect", role, x=4, y=0, width=16, height=16, fill_opacity="0.1")
        return interval + stroke_of("M12 0V16", role, 2)
    if isinstance(layer, Bars) and role in ("text", "other"):
        area = filled("rect", "token", x=2, y=3, width=20, height=10) if role == "text" else Markup("")
        return area + stroke_of("M2 3H22V13H2z", role, 1.4)
    if isinstance(layer, Band) and role != "band":
        area = filled("rect", role, x=2, y=3, width=20, height=10, fill_opacity="0.14")
        return area + stroke_of("M2 3H22M2 13H22", role, 1.2, "5 3")
    return filled("rect", role, x=2, y=3, width=20, height=10)
