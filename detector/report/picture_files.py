"""Pictures as files: every picture of a report, drawn by matplotlib as .png or .svg."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from detector.errors import InputError
from detector.records.result import Result
from detector.report.evidence_pictures import surprise_picture
from detector.report.figures import new_figure, save_figure
from detector.report.lettering import escaped, shortened
from detector.report.palette import LIGHT, ROLE_COLOURS
from detector.report.picture_parts import Band, Bars, Layer, Level, Picture, Ranges, Rule, Steps
from detector.report.wording import NOT_PROOF
from detector.verdict.classifier import Classifier

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST_NAME = 70


def draw_surprise(result: Result, classifier: Classifier, path: Path) -> None:
    """Write surprise per token, sentence means and the reference bands of ``classifier`` to ``path`` (.png or .svg).

    Raises ``InputError`` when the result has no scores, ``OutputError`` when the file cannot be written.
    """
    if result.evidence is None:
        raise InputError(f"There is no picture of {result.id}, for it has no scores.")
    name = shortened(escaped(Path(result.path).name if result.path else result.id), _LONGEST_NAME)
    save_picture(surprise_picture(result.evidence, classifier), path, f"{name}    verdict: {result.verdict}")


def save_picture(picture: Picture, path: Path, heading: str | None = None) -> None:
    """Write one picture; raises ``OutputError`` when the file cannot be written."""
    save_figure(figure_of(picture, heading), path)


def figure_of(picture: Picture, heading: str | None = None) -> "Figure":
    """The picture as a matplotlib figure, headed by its title unless told otherwise."""
    figure = new_figure((11, 4.6) if picture.is_wide else (7, 4.6), dpi=150)
    axes = figure.add_subplot()
    axes.set(xlim=picture.x_limits, ylim=picture.y_limits, xlabel=picture.x_label, ylabel=picture.y_label)
    for layer in picture.layers:
        _draw(axes, layer)
    if picture.x_ticks:
        axes.set_xticks([x for x, _ in picture.x_ticks], [label for _, label in picture.x_ticks])
    if picture.y_label.startswith("share"):
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(heading or picture.title, loc="left", fontweight="bold", parse_math=False)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper right", ncols=4, fontsize=8.5, frameon=False)
    figure.supxlabel(NOT_PROOF, fontsize=7.5, color=LIGHT.muted)
    return figure


def _draw(axes: "Axes", layer: Layer) -> None:
    colour = ROLE_COLOURS[layer.role]
    match layer:
        case Band():
            _draw_band(axes, layer)
        case Level():
            axes.axhline(layer.y, color=LIGHT.muted, lw=0.8, ls=":" if layer.role == "band" else "-")
        case Bars():
            _draw_bars(axes, layer)
        case Steps():
            axes.hlines(layer.level, layer.left, layer.right, color=colour, lw=2.6, label=layer.label)
        case Ranges():
            _draw_ranges(axes, layer)
        case Rule():
            _draw_rule(axes, layer)


def _draw_band(axes: "Axes", band: Band) -> None:
    colour = ROLE_COLOURS[band.role]
    if band.role == "band":
        axes.axhspan(band.low, band.high, color=colour, lw=0, alpha=0.75, label=band.label)
    else:  # lies upon the band of the other side, and has to let it through
        axes.axhspan(band.low, band.high, facecolor=colour, lw=0, alpha=0.14, label=band.label)
        for edge in (band.low, band.high):
            axes.axhline(edge, color=colour, lw=1.2, ls="--")


def _draw_bars(axes: "Axes", bars: Bars) -> None:
    colour = ROLE_COLOURS[bars.role]
    # all bars as one line: thousands of rectangles would be slow
    x = np.column_stack([bars.left, bars.left, bars.right, bars.right]).ravel()
    y = np.column_stack([0 * bars.height, bars.height, bars.height, 0 * bars.height]).ravel()
    if bars.role in ("text", "other"):  # pale, so that the marks of the references stand out on them
        fill = LIGHT.grain if bars.role == "text" else "none"
        axes.fill_between(x, 0, y, facecolor=fill, edgecolor=colour, lw=1.2, label=bars.label)
    elif bars.role != "token" and axes.get_ylim()[0] == 0:  # shapes that overlap are outlined too
        axes.fill_between(x, 0, y, color=colour, lw=0, alpha=0.25, label=bars.label)
        edges = np.append(bars.left, bars.right[-1:])
        axes.stairs(bars.height, edges, color=colour, lw=1.4, ls="--" if bars.role == "machine" else "-")
    else:
        axes.fill_between(x, 0, y, color=colour, lw=0, label=bars.label)


def _draw_ranges(axes: "Axes", ranges: Ranges) -> None:
    # a mean may lie outside of its range
    below, above = np.maximum(0, ranges.middle - ranges.low), np.maximum(0, ranges.high - ranges.middle)
    is_machine = ranges.role == "machine"
    _, _, (bars,) = axes.errorbar(
        ranges.x,
        ranges.middle,
        [below, above],
        fmt="D" if is_machine else "o",
        ms=5,
        color=ROLE_COLOURS[ranges.role],
        lw=1.4,
        label=ranges.label,
    )
    if is_machine:
        bars.set_linestyle("--")


def _draw_rule(axes: "Axes", rule: Rule) -> None:
    """With its interval it is named in the legend, and without one beside its line."""
    colour = ROLE_COLOURS[rule.role]
    if rule.low is not None and rule.high is not None:
        axes.axvspan(rule.low, rule.high, color=colour, alpha=0.1, lw=0)
        axes.axvline(rule.x, color=colour, lw=1.8, label=rule.label)
        return
    axes.axvline(rule.x, color=colour, lw=1.8)
    place = ("data", "axes fraction")
    axes.annotate(rule.label, (rule.x, 0.96), xycoords=place, xytext=(4, 0), textcoords="offset points")
