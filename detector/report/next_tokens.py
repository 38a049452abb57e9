"""What may come next: the sorted distribution of the next token, as a table and as a picture."""

from dataclasses import dataclass, replace
from logging import getLogger
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.generation.sampler import next_token_distribution
from detector.generation.sampling import SamplingSettings, kept_by_top_k, kept_by_top_p
from detector.models.language_model import LanguageModel
from detector.report.lettering import escaped, shortened, shortened_to_end

MOST_IN_PICTURE = 60
"""Bars; the names of more cannot be read."""
_TEMPERATURES = (0.5, 1.0, 1.5)
_LONGEST_PROMPT = 90
_LONGEST_NAME = 24
_OWN_COLOUR, _SETTLED_COLOUR = "#00336F", "#B35900"


@dataclass(frozen=True)
class NextTokens:
    """The distribution after a prompt, likeliest first."""

    prompt: str
    tokens: list[str]
    probabilities: NDArray[np.float64]
    """The model's own, shape (V,), falling."""
    settled: NDArray[np.float64]
    """After penalties, temperature, top-k and top-p, in the same order."""
    kept_top_k: int | None
    """How many tokens top-k keeps, at the settings' temperature."""
    kept_top_p: int | None
    """How many top-p keeps of those."""


def next_tokens(language_model: LanguageModel, prompt: str, settings: SamplingSettings) -> NextTokens:
    """The next token's distribution with and without ``settings``."""
    import torch

    own = next_token_distribution(language_model, prompt)
    settled = next_token_distribution(language_model, prompt, settings)
    order = np.argsort(-own, kind="stable")
    warmed = torch.from_numpy(
        next_token_distribution(language_model, prompt, replace(settings, top_k=None, top_p=1.0, greedy=False))
    )
    kept_k = None if settings.top_k is None else int(kept_by_top_k(warmed, settings.top_k).sum())
    cut = warmed if settings.top_k is None else warmed * kept_by_top_k(warmed, settings.top_k)
    kept_p = None if settings.top_p >= 1 else int(kept_by_top_p(cut / cut.sum(), settings.top_p).sum())
    texts = [language_model.tokenizer.decode([int(i)]) for i in order]
    return NextTokens(prompt, texts, own[order], settled[order], kept_k, kept_p)


def to_record(found: NextTokens, n: int) -> dict[str, Any]:
    """The first ``n`` tokens for JSON."""
    return {
        "schema_version": 1,
        "prompt": found.prompt,
        "entropy_nats": float(
            -(found.probabilities[found.probabilities > 0] * np.log(found.probabilities[found.probabilities > 0])).sum()
        ),
        "kept_by_top_k": found.kept_top_k,
        "kept_by_top_p": found.kept_top_p,
        "tokens": [
            {"text": text, "probability": float(own), "probability_after_settings": float(after)}
            for text, own, after in zip(found.tokens[:n], found.probabilities, found.settled, strict=False)
        ],
    }


def print_next_tokens(found: NextTokens, n: int) -> None:
    """The first ``n`` tokens with bars."""
    from rich.table import Table
    from rich.text import Text

    from detector.report.terminal import make_console

    console = make_console()
    block = "\u2588" if "utf" in console.encoding.lower() else "#"
    table = Table(box=None, pad_edge=False)
    for title in ("rank", "token", "probability", "with settings", "bar: probability"):
        table.add_column(title, justify="left" if title in ("token", "bar: probability") else "right")
    top = max(float(found.probabilities[0]), 1e-12)
    for rank, (text, own, after) in enumerate(
        zip(found.tokens[:n], found.probabilities, found.settled, strict=False), start=1
    ):
        bar = block * max(1, round(30 * own / top))
        # subtle: a plain string would be read as rich's markup, and a token may be "[/"
        table.add_row(str(rank), Text(repr(text)), f"{own:.4f}", f"{after:.4f}" if after else "-", bar)
    console.print(table)
    for name, kept in (("top-k", found.kept_top_k), ("top-p", found.kept_top_p)):
        if kept is not None:
            console.print(f"{name} keeps {kept} of {len(found.tokens)} tokens")


def draw_next_tokens(
    language_model: LanguageModel, found: NextTokens, settings: SamplingSettings, n: int, path: Path
) -> None:
    """Write three panels to ``path``: the first ``n`` tokens, all of them on logarithmic axes, several temperatures.

    Where the settings change anything, the first two show the distribution before and after. Raises
    ``InputError`` when the file cannot be written.
    """
    getLogger("matplotlib").setLevel("ERROR")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = min(n, MOST_IN_PICTURE, len(found.tokens))
    wide = max(1.0, shown / 36)  # so that the names of many tokens do not overlap
    figure = Figure(figsize=(13 * (2 + wide) / 3, 4.6), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    linear, logarithmic, warm = figure.subplots(1, 3, width_ratios=(wide, 1, 1))
    is_changed = not np.allclose(found.settled, found.probabilities, rtol=1e-6, atol=1e-12)

    places = np.arange(shown)
    width = 0.42 if is_changed else 0.8
    linear.bar(places - (width / 2 if is_changed else 0), found.probabilities[:shown], width, color=_OWN_COLOUR)
    if is_changed:
        linear.bar(places + width / 2, found.settled[:shown], width, color=_SETTLED_COLOUR)
        linear.legend(["the model's own", "with the settings"], frameon=False, fontsize=8)
    names = [shortened(escaped(_tick(text)), _LONGEST_NAME) for text in found.tokens[:shown]]
    linear.set_xticks(places, names, rotation=90, fontsize=6.5 if shown > 20 else 8, parse_math=False)
    linear.set_title("the likeliest" if shown == 1 else f"the first {shown}", loc="left", fontsize=10)

    ranks = np.arange(1, len(found.probabilities) + 1)
    label = "the model's own" if is_changed else None
    logarithmic.loglog(ranks, np.maximum(found.probabilities, 1e-12), color=_OWN_COLOUR, lw=1.8, label=label)
    if is_changed:
        settled = np.sort(found.settled[found.settled > 0])[::-1]
        style = "o" if len(settled) == 1 else "-"  # one point makes no line
        logarithmic.loglog(
            ranks[: len(settled)], settled, style, color=_SETTLED_COLOUR, lw=1.8, label="with the settings"
        )
    for kept, name, style in ((found.kept_top_k, "top-k", "--"), (found.kept_top_p, "top-p", ":")):
        if kept is not None:
            logarithmic.axvline(kept + 0.5, color="#6A3D9A", ls=style, lw=1.4, label=f"{name} keeps {kept}")
    if logarithmic.get_legend_handles_labels()[0]:
        logarithmic.legend(frameon=False, fontsize=8)
    logarithmic.set_xlabel("rank")
    logarithmic.set_title("all of them, both axes logarithmic", loc="left", fontsize=10)

    temperatures = sorted({*_TEMPERATURES, settings.temperature})
    for temperature, style in zip(temperatures, ("-", "--", ":", "-."), strict=False):
        varied = replace(settings, temperature=temperature, greedy=False)
        warmed = np.sort(next_token_distribution(language_model, found.prompt, varied))[::-1][:shown]
        given = temperature == settings.temperature
        warm.plot(
            ranks[:shown], warmed, f"{style}o" if shown == 1 else style, lw=1.8, label=f"temperature {temperature:g}",
            color=_SETTLED_COLOUR if given and is_changed else _OWN_COLOUR,
        )  # fmt: skip
    warm.legend(frameon=False, fontsize=8)
    warm.set_ylim(0, None)
    warm.set_xlabel("rank")
    cold = replace(settings, temperature=1.0)
    kept_settings = "" if cold == SamplingSettings() else ", the other settings as given"
    warm.set_title(f"what temperature does{kept_settings}", loc="left", fontsize=10)
    for axes in (linear, logarithmic, warm):
        axes.set_ylabel("probability")
        axes.spines[["top", "right"]].set_visible(False)
    prompt = shortened_to_end(escaped(found.prompt), _LONGEST_PROMPT)
    title = f"after \u201c{prompt}\u201d" if prompt else "at the beginning of a text"
    figure.suptitle(title, fontsize=11, parse_math=False)
    try:
        figure.savefig(path)
    except OSError as error:
        raise InputError(f"The picture {path} cannot be written: {error.strerror or error}.") from error


def _tick(token: str) -> str:
    """A word without its space; a comma or a space in quotes, or nobody sees it."""
    word = token.strip()
    return word if any(character.isalnum() for character in word) else repr(token)
