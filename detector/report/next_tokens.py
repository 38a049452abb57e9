"""What may come next: the sorted distribution of the next token, as a table and as a picture."""

from collections.abc import Sequence
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

_SHOWN_IN_PICTURE = 40


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

    from detector.report.terminal import make_console

    table = Table(box=None, pad_edge=False)
    for title in ("rank", "token", "probability", "with settings", ""):
        table.add_column(title, justify="left" if title in ("token", "") else "right")
    top = max(float(found.probabilities[0]), 1e-12)
    for rank, (text, own, after) in enumerate(
        zip(found.tokens[:n], found.probabilities, found.settled, strict=False), start=1
    ):
        bar = "\u2588" * max(1, round(30 * own / top))
        table.add_row(str(rank), repr(text), f"{own:.4f}", f"{after:.4f}" if after else "-", bar)
    console = make_console()
    console.print(table)
    for name, kept in (("top-k", found.kept_top_k), ("top-p", found.kept_top_p)):
        if kept is not None:
            console.print(f"{name} keeps {kept} of {len(found.tokens)} tokens")


def draw_next_tokens(
    language_model: LanguageModel, found: NextTokens, temperatures: Sequence[float], path: Path
) -> None:
    """Write three panels to ``path``: linear, logarithmic with the cuts, and several temperatures."""
    getLogger("matplotlib").setLevel("ERROR")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.6), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    linear, logarithmic, warm = figure.subplots(1, 3)
    shown = min(_SHOWN_IN_PICTURE, len(found.tokens))
    linear.bar(np.arange(shown), found.probabilities[:shown], color="#00336F")
    names = [text.strip() or repr(text) for text in found.tokens[:shown]]
    linear.set_xticks(np.arange(shown), names, rotation=90, fontsize=6.5, parse_math=False)
    linear.set_ylabel("probability")
    linear.set_title(f"the first {shown}", loc="left", fontsize=10)
    ranks = np.arange(1, len(found.probabilities) + 1)
    logarithmic.loglog(ranks, np.maximum(found.probabilities, 1e-12), color="#00336F", lw=1.8)
    for kept, name, colour in ((found.kept_top_k, "top-k", "#B35900"), (found.kept_top_p, "top-p", "#6A3D9A")):
        if kept is not None:
            logarithmic.axvline(kept + 0.5, color=colour, ls="--", lw=1.2, label=f"{name} keeps {kept}")
    if found.kept_top_k is not None or found.kept_top_p is not None:
        logarithmic.legend(frameon=False, fontsize=8)
    logarithmic.set_xlabel("rank")
    logarithmic.set_title("all of them, both axes logarithmic", loc="left", fontsize=10)
    for temperature, style in zip(temperatures, ("-", "--", ":", "-."), strict=False):
        warmed = np.sort(
            next_token_distribution(language_model, found.prompt, SamplingSettings(temperature=temperature))
        )[::-1]
        warm.plot(ranks[:shown], warmed[:shown], style, lw=1.6, label=f"temperature {temperature:g}", color="#00336F")
    warm.legend(frameon=False, fontsize=8)
    warm.set_xlabel("rank")
    warm.set_title("what temperature does", loc="left", fontsize=10)
    for axes in (linear, logarithmic, warm):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"after \u201c{found.prompt[-90:]}\u201d", fontsize=11, parse_math=False)
    try:
        figure.savefig(path)
    except OSError as error:
        raise InputError(f"The picture {path} cannot be written: {error.strerror or error}.") from error
