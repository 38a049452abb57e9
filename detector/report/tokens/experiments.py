"""What the experiments on tokens found: lines for the terminal, and the picture of the repeated sequences."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from detector.report.figures import new_figure, save_figure
from detector.report.palette import EVERY_POINT, FIRST_LINE, MIDDLE_LINE, NOTE_LINE
from detector.vocabulary.experiments import Induction, RangeLogits, Repetition
from detector.vocabulary.tokenizer_analysis import TokenizerAnalysis


def shown_token(analysis: TokenizerAnalysis, token_id: int) -> str:
    """Id and bytes of a token; a row above the vocabulary has an id alone."""
    return f"{token_id} {analysis.display[token_id]}" if token_id < len(analysis) else f"{token_id} (no token)"


def repetition_lines(repetition: Repetition, analysis: TokenizerAnalysis) -> Iterator[str]:
    """Probability round by round, what the model finds likeliest, what it answers."""
    token = shown_token(analysis, repetition.token.token_id)
    yield f"Token {token}, given and given back for {repetition.rounds} rounds."
    if repetition.token.left or repetition.token.right:
        whole = "".join(analysis.display[i] for i in repetition.token.ids)
        yield f"It is a part of a character, so it stands between its neighbours: {whole}"
    yield f"Probability of the token in the next round: {repetition.probability:.3g} (rank {repetition.rank})"
    chosen = dict.fromkeys([0, 1, 2, 4, 9, len(repetition.log_prob_nats) - 1])
    steps = [f"{i}: {np.exp(repetition.log_prob_nats[i]):.2g}" for i in chosen if i < len(repetition.log_prob_nats)]
    yield f"After so many rounds: {', '.join(steps)}"
    likeliest = ", ".join(f"{shown_token(analysis, i)} {p:.1%}" for i, p in repetition.alternatives)
    yield f"Likeliest: {likeliest}"
    for answer in repetition.answers:
        yield f"Drawn (top-k 50, top-p 0.95): {''.join(shown_token(analysis, i).partition(' ')[2] for i in answer)}"
    yield "The model gives the token back." if repetition.rank == 1 else "The model does not give the token back."


def induction_lines(induction: Induction) -> Iterator[str]:
    """Mean of each half, with its spread from sequence to sequence."""
    sequences = len(induction.log_prob_nats)
    yield (
        f"{sequences} sequence{'s' * (sequences > 1)} of {induction.n_random} random ids from {induction.ids.start} to "
        f"{induction.ids.stop - 1}, each written twice. Mean log-probability in nats:"
    )
    means = (induction.first_half_nats, induction.second_half_nats)
    for name, mean, spread in zip(("first half", "second half"), means, induction.spread_nats, strict=True):
        between = "" if np.isnan(spread) else f"  (standard deviation between sequences {spread:.3f})"
        yield f"{name:12} {mean:9.3f}{between}"


def range_logits_lines(logits: RangeLogits, analysis: TokenizerAnalysis) -> Iterator[str]:
    """One line a token."""
    yield "Logits on random sequences of these ids; centred = less the mean over the vocabulary."
    yield f"{'token':24} {'mean':>9} {'centred':>9} {'highest':>9} {'at the end':>10} {'most likely':>12}"
    for place, token_id in enumerate(logits.ids):
        yield (
            f"{shown_token(analysis, token_id):24.24} {logits.mean_logit[place]:9.3f} "
            f"{logits.mean_centred_logit[place]:9.3f} {logits.highest_centred_logit[place]:9.3f} "
            f"{logits.last_centred_logit[place]:10.3f} {np.exp(logits.highest_log_prob_nats[place]):12.3g}"
        )


def draw_induction(induction: Induction, path: Path) -> None:
    """Log-probability at each place of the sequences, with the mean of each half, as .png or .svg.

    Raises ``OutputError`` when the file cannot be written.
    """
    n, values = induction.n_random, induction.log_prob_nats
    figure = new_figure((8, 4), dpi=150)
    axes = figure.add_subplot()
    places = np.arange(1, 2 * n + 1)
    begun = ~np.isnan(values).all(axis=0)
    low, high = np.quantile(values[:, begun], [0.1, 0.9], axis=0)
    if len(values) > 1:
        axes.fill_between(places[begun], low, high, color=EVERY_POINT, alpha=0.35, lw=0, label="middle 80 %")
    axes.plot(places[begun], values[:, begun].mean(axis=0), color=EVERY_POINT, marker=".", lw=1, label="mean")
    for name, mean, colour, start in (
        ("first time", induction.first_half_nats, NOTE_LINE, 0.5),
        ("second time", induction.second_half_nats, FIRST_LINE, n + 0.5),
    ):
        axes.hlines(mean, start, start + n, color=colour, lw=2.6, label=f"{name}: {mean:.3f}")
    axes.axvline(n + 0.5, color=MIDDLE_LINE, lw=0.8, ls=":")
    axes.set(
        xlim=(0.5, 2 * n + 0.5),
        ylim=(min(float(low.min()) * 1.03, -1.0), 0),
        xlabel="place in the sequence; the second half repeats the first",
        ylabel="log-probability (nats)",
    )
    axes.set_title(
        f"Random ids {induction.ids.start} to {induction.ids.stop - 1}, written twice", loc="left", fontsize=11
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="best")
    save_figure(figure, path)
