"""The surprise curve as a picture."""

from logging import getLogger
from pathlib import Path

import numpy as np

from detector.errors import InputError, UsageError
from detector.report.surprise import NOT_PROOF, sentence_bits
from detector.verdict.result import Result

_TOKEN_COLOUR = "#9BA6B2"
_SENTENCE_COLOUR = "#00336F"
_BAND_COLOUR = "#FEE838"


def check_picture_path(path: Path) -> None:
    """Raise ``UsageError`` for a path no picture can be written to, before anything is computed."""
    if path.suffix.lower() not in (".png", ".svg"):
        raise UsageError(f"A picture is a .png or an .svg file, and {path} is neither.")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(f"{path} cannot be written: its folder does not exist, or it is a folder itself.")


def draw_surprise(result: Result, human_sentence_bits: list[float], path: Path) -> None:
    """Write surprise per token, sentence means and the human reference band to ``path`` (.png or .svg).

    ``human_sentence_bits`` are the 10 %, 50 % and 90 % quantiles of the mean surprise of a sentence
    in human texts. Raises ``InputError`` when the result has no scores or the file cannot be written.
    """
    if result.evidence is None:
        raise InputError(f"There is no picture of {result.id}, for it has no scores.")
    getLogger("matplotlib").setLevel("ERROR")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    bits = result.evidence.scores.surprisal_bits
    sentences = sentence_bits(result.evidence)
    low, middle, high = human_sentence_bits
    figure = Figure(figsize=(11, 4.6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.axhspan(low, high, color=_BAND_COLOUR, alpha=0.45, lw=0, label="sentence means of human texts, middle 80 %")
    axes.axhline(middle, color="#8A7A00", lw=1, ls=":", label="their median")
    axes.vlines(
        np.arange(len(bits)), 0, bits, color=_TOKEN_COLOUR, lw=max(0.3, min(1.6, 500 / len(bits))), label="token"
    )
    starts, ends, means = (np.array(column) for column in zip(*sentences, strict=True))
    axes.hlines(means, starts - 0.5, ends - 0.5, color=_SENTENCE_COLOUR, lw=2.6, label="sentence mean")
    axes.set_xlim(-0.5, len(bits) - 0.5)
    axes.set_ylim(0, max(16.0, float(np.quantile(bits, 0.995)) * 1.05))
    axes.set_xlabel("token, from the beginning to the end of the text")
    axes.set_ylabel("surprise (bits)")
    axes.spines[["top", "right"]].set_visible(False)
    name = Path(result.path).name if result.path else result.id
    axes.set_title(f"{name}    verdict: {result.verdict}", loc="left", fontweight="bold", parse_math=False)
    axes.legend(loc="upper right", ncols=4, fontsize=8, frameon=False, bbox_to_anchor=(1, 1.1))
    figure.supxlabel(NOT_PROOF, fontsize=7.5, color="#444444")
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise InputError(f"The picture cannot be written to {path}: {error}.") from error
