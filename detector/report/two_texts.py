"""Two texts under one model: their token probabilities overlaid, their statistics side by side.

The picture of Holtzman et al. 2020: people jump between likely and unlikely words where machines stay high.
"""

from logging import getLogger
from pathlib import Path
from typing import Any

import numpy as np

from detector.errors import InputError
from detector.methods import METHODS, compute_all
from detector.scoring.records import TokenScores

_COLOURS = ("#00336F", "#B35900")
_SMOOTHED_OVER = 10


def to_record(names: tuple[str, str], scores: tuple[TokenScores, TokenScores]) -> dict[str, Any]:
    """For JSON: the statistics of both, null where undefined."""
    texts = []
    for name, one in zip(names, scores, strict=True):
        values = {key: value if np.isfinite(value) else None for key, value in compute_all(one).items()}
        texts.append({"path": name, "n_tokens": len(one), "methods": values})
    return {"schema_version": 1, "texts": texts}


def print_comparison(names: tuple[str, str], scores: tuple[TokenScores, TokenScores]) -> None:
    """A line a statistic; an arrow marks the text that looks more like a machine's by it."""
    from rich.table import Table

    from detector.report.terminal import make_console

    left, right = (compute_all(one) for one in scores)
    table = Table(box=None, pad_edge=False)
    table.add_column("statistic", no_wrap=True)
    for name in names:
        table.add_column(Path(name).name, justify="right")
    table.add_column("more machine-like")
    table.add_row("tokens", str(len(scores[0])), str(len(scores[1])), "")
    for method, value in left.items():
        other = right[method]
        more = ""
        if np.isfinite(value) and np.isfinite(other) and value != other:
            more = "first" if (value > other) == METHODS[method]().higher_is_machine else "second"
        table.add_row(method, f"{value:.3f}", f"{other:.3f}", more)
    console = make_console()
    console.print(table)
    console.print("One statistic says little; no two texts are alike in length and matter. A score is not proof.")


def draw_comparison(names: tuple[str, str], scores: tuple[TokenScores, TokenScores], path: Path) -> None:
    """Write probability of every token along both texts, one below the other, to ``path`` (.png or .svg)."""
    getLogger("matplotlib").setLevel("ERROR")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.2), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    together, *alone = figure.subplots(3, 1, sharex=True)
    longest = max(len(one) for one in scores)
    for name, one, colour, axes in zip(names, scores, _COLOURS, alone, strict=True):
        probability = np.exp(one.log_prob_nats.astype(np.float64))
        axes.bar(np.arange(len(one)), probability, color=colour, width=1.0)
        axes.set_ylabel("probability")
        axes.set_ylim(0, 1)
        axes.set_title(Path(name).name, loc="left", fontsize=9.5, parse_math=False)
        window = np.ones(min(_SMOOTHED_OVER, max(1, len(one))))
        smooth = np.convolve(probability, window / len(window), mode="valid") if len(one) else probability
        together.plot(
            np.arange(len(smooth)) + len(window) / 2, smooth, color=colour, lw=1.8, label=Path(name).name.lstrip("_")
        )
    together.set_title(f"mean probability over {_SMOOTHED_OVER} tokens", loc="left", fontsize=9.5)
    together.set_ylabel("probability")
    together.set_ylim(0, None)
    together.legend(frameon=False, fontsize=8.5, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    alone[-1].set_xlabel("token")
    alone[-1].set_xlim(-0.5, longest - 0.5)
    for axes in (together, *alone):
        axes.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(path)
    except OSError as error:
        raise InputError(f"The picture {path} cannot be written: {error.strerror or error}.") from error
