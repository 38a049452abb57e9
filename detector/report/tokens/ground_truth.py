"""Predictors of under-trained tokens against the true counts, as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.report.figures import new_figure, save_figure
from detector.report.palette import CIVIDIS, EVERY_POINT, FIRST_LINE

_ZERO_WIDTH = 0.5
_COLUMNS = 2


@dataclass(frozen=True, eq=False)
class Panel:
    """One predictor, as it is shown."""

    label: str
    values: NDArray[np.float64]
    """(vocabulary,)."""
    title: str
    is_logarithmic: bool = False


def draw_against_counts(
    panels: Sequence[Panel],
    counts: NDArray[np.integer],
    ids: NDArray[np.integer],
    confirmed: NDArray[np.integer],
    path: Path,
) -> None:
    """Each predictor of the tokens ``ids`` against how often the model saw them; 0 has a band of its own.

    ``counts`` has the shape (vocabulary,), ``ids`` (n_shown,) and ``confirmed`` (n_confirmed,).
    """
    rows = -(-len(panels) // _COLUMNS)
    figure = new_figure((10, 3.9 * rows), dpi=120)
    axes = figure.subplots(rows, _COLUMNS, squeeze=False, sharex=True)
    # Tokens never seen are spread a little, so that they can be told apart.
    spread = np.random.default_rng(0).uniform(-_ZERO_WIDTH, _ZERO_WIDTH, size=len(counts)) * 0.8
    place = np.where(counts == 0, spread, counts)
    others = np.setdiff1d(ids, confirmed)
    for panel, axis in zip(panels, axes.flat, strict=False):
        axis.scatter(place[others], panel.values[others], s=3, color=EVERY_POINT, alpha=0.4, lw=0, rasterized=True)
        axis.scatter(place[confirmed], panel.values[confirmed], s=7, color=FIRST_LINE, alpha=0.8, lw=0)
        axis.set_xscale("symlog", linthresh=1, linscale=0.6)
        if panel.is_logarithmic:
            axis.set_yscale("log")
        axis.set_ylabel(panel.label, fontsize=9)
        axis.set_title(panel.title, loc="left", fontsize=10)
        axis.axvspan(-_ZERO_WIDTH, _ZERO_WIDTH, color=CIVIDIS[0], alpha=0.3, lw=0, zorder=0)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25)
        axis.set_xticks([0, 1, 10, 100, 1000, 10_000, 100_000], ["0", "1", "10", "100", "1k", "10k", "100k"])
        axis.minorticks_off()
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis in axes[-1]:
        axis.set_xlabel("times the model saw the token in training")
    confirmed_handle, other_handle = (
        axes[0, 0].scatter([], [], s=20, color=colour) for colour in (FIRST_LINE, EVERY_POINT)
    )
    figure.legend(
        [confirmed_handle, other_handle],
        ["confirmed by prompting", "other tokens"],
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize=9,
    )
    save_figure(figure, path)
