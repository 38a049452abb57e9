"""Pictures as files: every picture of a report, drawn by matplotlib as .png or .svg."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from detector.errors import InputError
from detector.report.evidence_pictures import surprise_picture
from detector.report.figures import new_figure, save_figure
from detector.report.lettering import escaped, shortened
from detector.report.palette import LIGHT
from detector.report.picture_parts import Band, Bars, Level, Picture, Ranges, Role, Rule, Steps
from detector.report.wording import NOT_PROOF
from detector.verdict.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS: dict[Role, str] = {
    "text": LIGHT.ink,
    "other": LIGHT.accent,
    "human": LIGHT.human,
    "machine": LIGHT.machine,
    "band": LIGHT.band,
    "token": LIGHT.grain,
}
_LONGEST_NAME = 70


def draw_surprise(result: Result, human_sentence_bits: Sequence[float], path: Path) -> None:
    """Write surprise per token, sentence means and the human reference band to ``path`` (.png or .svg).

    ``human_sentence_bits`` are the 10 %, 50 % and 90 % quantiles of the mean surprise of a sentence
    in human texts. Raises ``InputError`` when the result has no scores or the file cannot be written.
    """
    if result.evidence is None:
        raise InputError(f"There is no picture of {result.id}, for it has no scores.")
    name = shortened(escaped(Path(result.path).name if result.path else result.id), _LONGEST_NAME)
    save_picture(surprise_picture(result.evidence, human_sentence_bits), path, f"{name}    verdict: {result.verdict}")


def save_picture(picture: Picture, path: Path, heading: str | None = None) -> None:
    """Write one picture; raises ``InputError`` when the file cannot be written."""
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


def _draw(axes: "Axes", layer: object) -> None:
    if isinstance(layer, Band):
        axes.axhspan(layer.low, layer.high, color=_COLOURS[layer.role], lw=0, alpha=0.75, label=layer.label)
    elif isinstance(layer, Level):
        axes.axhline(layer.y, color=LIGHT.muted, lw=0.8, ls=":" if layer.role == "band" else "-")
    elif isinstance(layer, Bars):
        colour = _COLOURS[layer.role]
        # all bars as one line: thousands of rectangles would be slow
        x = np.column_stack([layer.left, layer.left, layer.right, layer.right]).ravel()
        y = np.column_stack([0 * layer.height, layer.height, layer.height, 0 * layer.height]).ravel()
        if layer.role in ("text", "other"):  # pale, so that the marks of the references stand out on them
            fill = LIGHT.grain if layer.role == "text" else "none"
            axes.fill_between(x, 0, y, facecolor=fill, edgecolor=colour, lw=1.2, label=layer.label)
        elif layer.role != "token" and axes.get_ylim()[0] == 0:  # shapes that overlap are outlined too
            axes.fill_between(x, 0, y, color=colour, lw=0, alpha=0.25, label=layer.label)
            edges = np.append(layer.left, layer.right[-1:])
            axes.stairs(layer.height, edges, color=colour, lw=1.4, ls="--" if layer.role == "machine" else "-")
        else:
            axes.fill_between(x, 0, y, color=colour, lw=0, label=layer.label)
    elif isinstance(layer, Steps):
        axes.hlines(layer.level, layer.left, layer.right, color=_COLOURS[layer.role], lw=2.6, label=layer.label)
    elif isinstance(layer, Ranges):
        mark = axes.errorbar(
            layer.x,
            layer.middle,
            [
                np.maximum(0, layer.middle - layer.low),
                np.maximum(0, layer.high - layer.middle),
            ],  # a mean may lie outside
            fmt="D" if layer.role == "machine" else "o",
            ms=5,
            color=_COLOURS[layer.role],
            lw=1.4,
            label=layer.label,
        )
        if layer.role == "machine":
            mark[2][0].set_linestyle("--")
    elif isinstance(layer, Rule):
        if layer.low is not None and layer.high is not None:
            axes.axvspan(layer.low, layer.high, color=_COLOURS[layer.role], alpha=0.1, lw=0)
        axes.axvline(layer.x, color=_COLOURS[layer.role], lw=1.8, label=layer.label if layer.low is not None else None)
        if layer.low is None:
            place = ("data", "axes fraction")
            axes.annotate(layer.label, (layer.x, 0.96), xycoords=place, xytext=(4, 0), textcoords="offset points")
