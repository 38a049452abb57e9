"""Two texts under one model: their token probabilities overlaid, their statistics side by side.

The picture of Holtzman et al. 2020: people jump between likely and unlikely words where machines stay high.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from detector.documents.disguises import counts_of
from detector.documents.folding import FoldedText
from detector.methods import METHODS, compute_all
from detector.records.result import Result
from detector.records.token_scores import TokenScores
from detector.report.figures import new_figure, save_figure
from detector.report.lettering import escaped, printable, shortened
from detector.report.palette import FIRST_LINE, SECOND_LINE
from detector.report.set_names import distinct_names

CAUTION_BELOW_TOKENS = 50
"""Statistics of shorter texts are mostly chance; the verdict refuses texts of that size too."""

_SMOOTHED_OVER = 10
_LONGEST_HEADING = 16
"""Characters; with two of them the table fits 80 columns."""
_LONGEST_TITLE = 90
_LONGEST_IN_LEGEND = 20


_OF_THE_VERDICT = ("verdict", "reason", "score", "probability_machine", "p_value", "human_p_value", "n_words")

Names = tuple[str, str]
BothScores = tuple[TokenScores, TokenScores]
BothResults = tuple[Result | None, Result | None]
"""None under a model without a calibration."""


def to_record(
    names: Names, scores: BothScores, results: BothResults = (None, None), scored: Sequence[FoldedText] = ()
) -> dict[str, Any]:
    """For JSON: the verdict and the statistics of both, null where undefined; ``scored`` are the texts as folded."""
    texts = []
    undone = [counts_of(text.disguises) for text in scored] or [{}, {}]
    for name, one, result, disguises in zip(names, scores, results, undone, strict=True):
        values = {key: value if np.isfinite(value) else None for key, value in compute_all(one).items()}
        judged = result.to_dict() if result is not None else {}
        texts.append(
            {
                "path": name,
                **{field: judged.get(field) for field in _OF_THE_VERDICT},
                "n_tokens": len(one),
                "disguises_undone": disguises,
                "methods": values,
            }
        )
    return {"schema_version": 1, "texts": texts}


def cautions(names: Names, scores: BothScores) -> Iterator[str]:
    """A sentence for each text that is too short for its statistics to say much."""
    for name, one in zip(names, scores, strict=True):
        if len(one) < CAUTION_BELOW_TOKENS:
            tokens = "1 token" if len(one) == 1 else f"{len(one)} tokens"
            yield (
                f"{_base_name(name)} has {tokens}; below {CAUTION_BELOW_TOKENS} its statistics are mostly chance, so "
                "compare longer texts."
            )


def _base_name(path: str) -> str:
    return "standard input" if path == "-" else Path(path).name or path


def _shown(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"


def print_comparison(names: Names, scores: BothScores, results: BothResults = (None, None)) -> None:
    """The verdict on each, then a line a statistic; the last column names the text more like a machine's by it."""
    from rich.table import Table
    from rich.text import Text

    from detector.report.terminal import make_console, print_result

    console = make_console()
    for result in results:
        if result is not None:
            print_result(console, result, is_alone=False)
    if any(results):
        console.print()
    headings = distinct_names(["standard input" if name == "-" else name for name in names])
    left, right = (compute_all(one) for one in scores)
    table = Table(box=None, pad_edge=False)
    table.add_column("statistic", no_wrap=True)
    # subtle: a plain string would be read as rich's markup
    columns = [Text(shortened(printable(heading), _LONGEST_HEADING)) for heading in headings]
    for column in columns:
        table.add_column(column, justify="right")
    table.add_column("more machine-like")
    table.add_row("tokens", str(len(scores[0])), str(len(scores[1])), "")
    for method, value in left.items():
        other = right[method]
        more = Text()
        if np.isfinite(value) and np.isfinite(other) and value != other:
            more = columns[0 if (value > other) == METHODS[method]().higher_is_machine else 1]
        table.add_row(method, _shown(value), _shown(other), more)
    console.print(table)
    console.print("One statistic says little; no two texts are alike in length and matter. A score is not proof.")


def draw_comparison(names: Names, scores: BothScores, path: Path) -> None:
    """Write probability of every token along both texts, one below the other, to ``path`` (.png or .svg)."""
    figure = new_figure((11, 6.2), dpi=130)
    together, *alone = figure.subplots(3, 1, sharex=True)
    longest = max(1, *(len(one) for one in scores))
    labels = []
    headings = distinct_names(["standard input" if name == "-" else name for name in names])
    for name, one, colour, axes in zip(headings, scores, (FIRST_LINE, SECOND_LINE), alone, strict=True):
        letters = escaped(name)
        label = shortened(letters, _LONGEST_IN_LEGEND)
        probability = np.exp(one.log_prob_nats.astype(np.float64))
        axes.bar(np.arange(len(one)), probability, color=colour, width=1.0)
        axes.set_ylabel("probability")
        axes.set_ylim(0, 1)
        axes.set_title(shortened(letters, _LONGEST_TITLE), loc="left", fontsize=9.5, parse_math=False)
        if len(one) > _SMOOTHED_OVER:
            smooth = np.convolve(probability, np.full(_SMOOTHED_OVER, 1 / _SMOOTHED_OVER), mode="valid")
            # each mean stands over the middle of its tokens, which lie at whole numbers
            together.plot(np.arange(len(smooth)) + (_SMOOTHED_OVER - 1) / 2, smooth, color=colour, lw=1.8)
            labels.append(label)
        else:
            # one mean makes no line, so it is a dot
            middle, mean = ([(len(one) - 1) / 2], [probability.mean()]) if len(one) else ([], [])
            together.plot(middle, mean, "o", color=colour)
            labels.append(f"{label}: too short for a line ({len(one)} tokens)")
    together.set_title(f"mean probability over {_SMOOTHED_OVER} tokens", loc="left", fontsize=9.5)
    together.set_ylabel("probability")
    together.set_ylim(0, None)
    # given outright, for matplotlib hides labels that begin with "_"
    legend = together.legend(
        together.get_lines(), labels, frameon=False, fontsize=8.5, loc="lower right", bbox_to_anchor=(1, 1), ncols=2
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    alone[-1].set_xlabel("token")
    alone[-1].set_xlim(-0.5, longest - 0.5)
    for axes in (together, *alone):
        axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path)
