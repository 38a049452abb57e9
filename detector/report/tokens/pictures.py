"""Pictures of a vocabulary as inline SVG: where an indicator's values lie, and what prompting made of them."""

import math
from collections.abc import Callable, Iterator

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from detector.report.evidence_pictures import nice_ticks
from detector.report.picture_parts import DataTable

Scale = Callable[[float], float]

_WIDE, _NARROW, _HEIGHT = 820, 400, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 14, 46
_BINS = 60
_SMALLEST_PROBABILITY = 1e-9
MARKS = {
    "confirmed": '<path class="confirmed" d="M{x} {up}L{right} {y}L{x} {down}L{left} {y}Z"/>',
    "not echoed": '<rect class="known" x="{left}" y="{up}" width="5" height="5"/>',
    "undecided": '<path class="undecided" d="M{left} {down}L{right} {up}M{left} {up}L{right} {down}"/>',
    "echoed": '<circle class="echoed" cx="{x}" cy="{y}" r="2.6"/>',
}


def indicator_histogram(
    values: NDArray[np.float64],
    suspects: NDArray[np.int32],
    reference: NDArray[np.int32],
    words: str,
    is_wide: bool,
) -> Markup:
    """Bars on a logarithmic scale, the suspects' part of each bar dark, a tick below for every reference row.

    ``values`` has the shape (vocabulary,); ``suspects`` (n_suspects,) and ``reference`` (n_reference,) are ids.
    """
    edges = _bin_edges(values)
    low, high = float(edges[0]), float(edges[-1])
    everyone, marked = _counts(values, edges), _counts(values[suspects], edges)
    most = max(1, int(everyone.max()))
    top = math.log10(most) + 1
    width = _WIDE if is_wide else _NARROW
    x = _scale(low, high, _LEFT, width - _RIGHT)

    def y(count: float) -> float:
        """From half a token, so that one token can be seen."""
        share = (math.log10(count) + 1) / (top + 0.05) if count > 0 else 0.0
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)

    parts = [*_x_axis(x, low, high, words, width)]
    powers = (10**exponent for exponent in range(math.ceil(math.log10(most)) + 1))
    parts += [_y_tick(y(power), f"{power:,}", width) for power in powers if power <= most * 1.2]
    for i, (count, dark) in enumerate(zip(everyone.tolist(), marked.tolist(), strict=True)):
        left, right = x(edges[i]), x(edges[i + 1])
        for number, name in ((count, "column"), (dark, "column of-suspects")):
            if number:
                height = _HEIGHT - _BOTTOM - y(number)
                parts.append(
                    f'<rect class="{name}" x="{left:.1f}" y="{y(number):.1f}" '
                    f'width="{max(0.8, right - left - 0.6):.1f}" height="{height:.1f}"/>'
                )
    parts += [
        f'<line class="of-reference" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{_HEIGHT - _BOTTOM}" '
        f'y2="{_HEIGHT - _BOTTOM + 9}"/>'
        for value in values[reference[reference < len(values)]]
        if np.isfinite(value)
    ]
    return _svg(parts, f"Tokens by {words}; the number of tokens grows tenfold from line to line", width)


def histogram_table(
    values: NDArray[np.float64], suspects: NDArray[np.int32], reference: NDArray[np.int32], words: str
) -> DataTable:
    """The bars of ``indicator_histogram`` in numbers; those without a token are left out.

    Shapes are those of ``indicator_histogram``.
    """
    edges = _bin_edges(values)
    known = values[reference[reference < len(values)]]
    columns = zip(edges[:-1], edges[1:], *(_counts(v, edges) for v in (values, values[suspects], known)), strict=True)
    rows = [
        (f"{low:.4g}", f"{high:.4g}", f"{everyone:,}", f"{marked:,}", f"{untrained:,}")
        for low, high, everyone, marked, untrained in columns
        if everyone
    ]
    return DataTable((f"{words} from", "to", "tokens", "suspects", "reference rows"), rows)


def probability_scatter(
    values: NDArray[np.float64], tokens: list[dict[str, object]], threshold: float, words: str
) -> Markup:
    """One mark a prompted token: its indicator to the right, the highest probability it was given back with upwards.

    ``values`` has the shape (vocabulary,).
    """
    points = [
        (float(values[int(str(token["token_id"]))]), float(str(token["max_probability"])), str(token["outcome"]))
        for token in tokens
    ]
    points = [point for point in points if np.isfinite(point[0])]
    low, high = min(p[0] for p in points), max(p[0] for p in points)
    high = high if high > low else low + 1.0
    x = _scale(low, high, _LEFT + 6, _WIDE - _RIGHT - 6)
    lowest = max(_SMALLEST_PROBABILITY, min(max(p[1], _SMALLEST_PROBABILITY) for p in points))
    bottom = math.floor(math.log10(min(lowest, 0.01)))
    y = _scale(bottom, 0, _HEIGHT - _BOTTOM, _TOP + 4)
    step = 1 if bottom > -5 else 2
    parts = [*_x_axis(x, low, high, words, _WIDE)]
    parts += [_y_tick(y(power), _power(power), _WIDE) for power in range(0, bottom - 1, -step)]
    line = y(math.log10(threshold))
    parts.append(f'<line class="threshold" x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{line:.1f}" y2="{line:.1f}"/>')
    for value, probability, outcome in sorted(points, key=lambda point: point[2] == "confirmed"):
        at_x, at_y = x(value), y(math.log10(max(probability, 10**bottom)))
        place = {"x": at_x, "y": at_y, "left": at_x - 3, "right": at_x + 3, "up": at_y - 3, "down": at_y + 3}
        parts.append(MARKS[outcome].format(**{name: f"{number:.1f}" for name, number in place.items()}))
    return _svg(parts, f"Highest probability of each prompted token by its {words}", _WIDE)


def mark_sample(outcome: str) -> Markup:
    """The mark of an outcome, for a legend."""
    place = {"x": 8, "y": 8, "left": 5, "right": 11, "up": 5, "down": 11}
    mark = MARKS[outcome].format(**place)
    return Markup(f'<svg class="sample" viewBox="0 0 16 16" aria-hidden="true">{mark}</svg>')  # noqa: S704 - our own


def _bin_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    return np.linspace(low, high if high > low else low + 1.0, _BINS + 1)


def _counts(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.histogram(values[np.isfinite(values)], edges)[0]


def _scale(low: float, high: float, start: float, end: float) -> Scale:
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _x_axis(x: Scale, low: float, high: float, words: str, width: int) -> Iterator[str]:
    base = _HEIGHT - _BOTTOM
    yield f'<line class="axis" x1="{_LEFT}" x2="{width - _RIGHT}" y1="{base}" y2="{base}"/>'
    for tick, label in nice_ticks(low, high):
        yield f'<line class="axis" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{base}" y2="{base + 4}"/>'
        yield f'<text x="{x(tick):.1f}" y="{base + 22}" text-anchor="middle">{label}</text>'
    yield f'<text x="{(_LEFT + width - _RIGHT) / 2:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(words)}</text>'


def _y_tick(at: float, label: str, width: int) -> str:
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{width - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
        f'<text x="{_LEFT - 7}" y="{at + 4:.1f}" text-anchor="end">{label}</text>'
    )


def _power(power: int) -> str:
    return f"{10.0**power:g}" if power >= -3 else f"10<tspan dy='-4' font-size='9'>\u2212{-power}</tspan>"


def _svg(parts: list[str], title: str, width: int) -> Markup:
    inside = "".join(parts)
    return Markup(  # noqa: S704 - numbers of ours, and words escaped above
        f'<svg viewBox="0 0 {width} {_HEIGHT}" role="img" aria-label="{escape(title)}" font-size="12">{inside}</svg>'
    )
