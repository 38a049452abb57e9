"""The sorted distribution of the next token, as a record, as a table and as a picture."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from detector.generation.next_tokens import NextTokens
from detector.generation.sampling import SamplingSettings
from detector.report.lettering import escaped, shortened, shortened_to_end
from detector.report.palette import CUT_LINE, FIRST_LINE, SECOND_LINE
from detector.report.picture_files import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_IN_PICTURE = 60
"""Bars; the names of more cannot be read."""
TEMPERATURES = (0.5, 1.0, 1.5)
"""Shown beside that of the settings."""
_LONGEST_PROMPT = 90
_LONGEST_NAME = 24


def to_record(tokens: NextTokens, n: int) -> dict[str, Any]:
    """The first ``n`` tokens for JSON."""
    return {
        "schema_version": 1,
        "prompt": tokens.prompt,
        "entropy_nats": tokens.entropy_nats,
        "kept_by_top_k": tokens.kept_top_k,
        "kept_by_top_p": tokens.kept_top_p,
        "tokens": [
            {"text": text, "probability": float(own), "probability_after_settings": float(after)}
            for text, own, after in zip(tokens.tokens[:n], tokens.probabilities, tokens.settled, strict=False)
        ],
    }


def print_next_tokens(tokens: NextTokens, n: int) -> None:
    """The first ``n`` tokens with bars."""
    from rich.table import Table
    from rich.text import Text

    from detector.report.terminal import make_console

    console = make_console()
    block = "\u2588" if "utf" in console.encoding.lower() else "#"
    table = Table(box=None, pad_edge=False)
    for title in ("rank", "token", "probability", "with settings", "bar: probability"):
        table.add_column(title, justify="left" if title in ("token", "bar: probability") else "right")
    top = max(float(tokens.probabilities[0]), 1e-12)
    for rank, (text, own, after) in enumerate(
        zip(tokens.tokens[:n], tokens.probabilities, tokens.settled, strict=False), start=1
    ):
        bar = block * max(1, round(30 * own / top))
        # subtle: a plain string would be read as rich's markup, and a token may be "[/"
        table.add_row(str(rank), Text(repr(text)), f"{own:.4f}", f"{after:.4f}" if after else "-", bar)
    console.print(table)
    for name, kept in (("top-k", tokens.kept_top_k), ("top-p", tokens.kept_top_p)):
        if kept is not None:
            console.print(f"{name} keeps {kept} of {len(tokens.tokens)} tokens")


def draw_next_tokens(
    tokens: NextTokens,
    warmed: Mapping[float, NDArray[np.float64]],
    settings: SamplingSettings,
    n: int,
    path: Path,
) -> None:
    """Write three panels to ``path``: the first ``n`` tokens, all of them on logarithmic axes, several temperatures.

    ``warmed`` holds the falling probabilities (vocabulary,) at each temperature. Where the settings change anything,
    the first two panels show the distribution before and after. Raises ``OutputError`` when the file cannot be written.
    """
    shown = min(n, MOST_IN_PICTURE, len(tokens.tokens))
    wide = max(1.0, shown / 36)  # so that the names of many tokens do not overlap
    figure = new_figure((13 * (2 + wide) / 3, 4.6), dpi=130)
    panels = figure.subplots(1, 3, width_ratios=(wide, 1, 1))
    _draw_first(panels[0], tokens, shown)
    _draw_all(panels[1], tokens)
    _draw_temperatures(panels[2], warmed, settings, shown, tokens.is_changed)
    for axes in panels:
        axes.set_ylabel("probability")
        axes.spines[["top", "right"]].set_visible(False)
    prompt = shortened_to_end(escaped(tokens.prompt), _LONGEST_PROMPT)
    title = f"after \u201c{prompt}\u201d" if prompt else "at the beginning of a text"
    figure.suptitle(title, fontsize=11, parse_math=False)
    save_figure(figure, path)


def _draw_first(axes: "Axes", tokens: NextTokens, shown: int) -> None:
    """The likeliest tokens by name."""
    places = np.arange(shown)
    width = 0.42 if tokens.is_changed else 0.8
    axes.bar(places - (width / 2 if tokens.is_changed else 0), tokens.probabilities[:shown], width, color=FIRST_LINE)
    if tokens.is_changed:
        axes.bar(places + width / 2, tokens.settled[:shown], width, color=SECOND_LINE)
        axes.legend(["the model's own", "with the settings"], frameon=False, fontsize=8)
    names = [shortened(escaped(_tick(text)), _LONGEST_NAME) for text in tokens.tokens[:shown]]
    axes.set_xticks(places, names, rotation=90, fontsize=6.5 if shown > 20 else 8, parse_math=False)
    axes.set_title("the likeliest" if shown == 1 else f"the first {shown}", loc="left", fontsize=10)


def _draw_all(axes: "Axes", tokens: NextTokens) -> None:
    """Every token by rank, and where top-k and top-p cut."""
    ranks = np.arange(1, len(tokens.probabilities) + 1)
    label = "the model's own" if tokens.is_changed else None
    axes.loglog(ranks, np.maximum(tokens.probabilities, 1e-12), color=FIRST_LINE, lw=1.8, label=label)
    if tokens.is_changed:
        settled = np.sort(tokens.settled[tokens.settled > 0])[::-1]
        style = "o" if len(settled) == 1 else "-"  # one point makes no line
        axes.loglog(ranks[: len(settled)], settled, style, color=SECOND_LINE, lw=1.8, label="with the settings")
    for kept, name, style in ((tokens.kept_top_k, "top-k", "--"), (tokens.kept_top_p, "top-p", ":")):
        if kept is not None:
            axes.axvline(kept + 0.5, color=CUT_LINE, ls=style, lw=1.4, label=f"{name} keeps {kept}")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)
    axes.set_xlabel("rank")
    axes.set_title("all of them, both axes logarithmic", loc="left", fontsize=10)


def _draw_temperatures(
    axes: "Axes", warmed: Mapping[float, NDArray[np.float64]], settings: SamplingSettings, shown: int, is_changed: bool
) -> None:
    """The likeliest tokens by rank, a line a temperature."""
    for (temperature, probabilities), style in zip(warmed.items(), ("-", "--", ":", "-."), strict=False):
        axes.plot(
            np.arange(1, shown + 1),
            probabilities[:shown],
            f"{style}o" if shown == 1 else style,
            lw=1.8,
            label=f"temperature {temperature:g}",
            color=SECOND_LINE if temperature == settings.temperature and is_changed else FIRST_LINE,
        )
    axes.legend(frameon=False, fontsize=8)
    axes.set_ylim(0, None)
    axes.set_xlabel("rank")
    others_given = replace(settings, temperature=1.0) != SamplingSettings()
    axes.set_title(
        "what temperature does" + (", the other settings as given" if others_given else ""), loc="left", fontsize=10
    )


def _tick(token: str) -> str:
    """A word without its space; a comma or a space in quotes, or nobody sees it."""
    word = token.strip()
    return word if any(character.isalnum() for character in word) else repr(token)
