"""A result in the terminal: the verdict, how sure, where, what to do; numbers only for those who ask; the text last.

Colours are never the only cue: every level of a view has a mark as well, which is what a pipe or a terminal without
colour shows.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.text import Text

from detector.methods.gltr import bucket_shares
from detector.records.result import Evidence, Result
from detector.report.distributions import RANK_LABELS
from detector.report.evidence_summaries import binned_bits
from detector.report.outline import line_of
from detector.report.palette import CIVIDIS, LIGHT, TERMINAL_HUMAN, TERMINAL_MACHINE
from detector.report.parts import TextPart, parts_of, percent, sentence_on_parts
from detector.report.references import references_for
from detector.report.views import VIEWS, word_levels
from detector.report.wording import (
    NOT_PROOF,
    TELLING_AUROC,
    advice,
    extent_in_short,
    how_sure,
    n_findings,
    p_words,
    probability_words,
)
from detector.verdict.findings import DISGUISED
from detector.verdict.plain_words import PLAIN_WORDS

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.:-=+*#"
_SPARKLINE_WIDTH = 50
_MOST_FINDINGS = 5
_MOST_REASONS = 6
_MOST_PARTS = 6
_FULL_BAR_BITS = 14.0
_HEADING_WIDTH = 10
_MOST_STATISTICS = 4
_BEST_KNOWN = ("log_likelihood", "log_rank", "entropy", "fast_detect_gpt")
_NARROWEST = 30
MARKS = {-2: "<<", -1: "<", 0: "", 1: ">", 2: ">>"}
"""Put before a word in the view of evidence, left for human and right for machine as the bars of the page are."""
EXPECTATION_MARKS = {0: "", 1: "~", 2: "+", 3: "#"}
"""The same in the views with one direction."""
_STYLES = {
    -2: f"bold italic black on {LIGHT.strong_human}",
    -1: f"italic {TERMINAL_HUMAN}",
    1: f"underline {TERMINAL_MACHINE}",
    2: f"bold underline black on {LIGHT.strong_machine}",
}
_EXPECTATION_STYLES = {1: "underline", 2: f"black on {CIVIDIS[1]}", 3: f"bold underline black on {CIVIDIS[0]}"}
"""A little is a line alone, for any background is loud on a dark screen; the strongest is the brightest."""


class _PipeConsole(Console):
    """Rich ends the program with status 1 when its reader has gone; leave that to the command line."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def make_console() -> Console:
    """The console for standard output."""
    return _PipeConsole(highlight=False)


def print_result(
    console: Console, result: Result, view: str | None = None, explain: bool = False, is_alone: bool = True
) -> None:
    """Write one result; ``view`` is one of ``VIEWS`` to show the text marked by, ``explain`` adds the numbers.

    One of many (``is_alone`` false) is told in short. A terminal gets lines that fit it; a pipe gets every line whole,
    so that it can be searched.
    """
    fits = console.is_terminal
    name = _without_controls(result.path or ("standard input" if result.id == "-" else result.id))
    console.print(Text.assemble((f"{name}: ", "bold"), (result.verdict, "bold reverse")), soft_wrap=not fits)
    _print_lines(console, _answer(result, parts_of(result), is_alone))
    if explain and result.score is not None:
        console.print()
        _print_lines(console, [*_numbers(result, ascii_only=_is_ascii(console)), *_moved_by(result)])
    if result.evidence is not None and view is not None:
        colour = fits and not console.no_color
        for part in (_legend(view, colour), marked_text(result.evidence, view, colour)):
            console.print()
            console.print(part, soft_wrap=not fits)
    if result.score is not None and is_alone:
        console.print()
        console.print(Text(NOT_PROOF, style="italic"), soft_wrap=not fits)


@dataclass(frozen=True)
class _Line:
    words: str
    heading: str | None = None
    """Before a hanging block; empty for a line that goes on with the one above, None for no block."""
    indent: int = 2


def _print_lines(console: Console, lines: Iterable[_Line]) -> None:
    for line in lines:
        begins = " " * line.indent + ("" if line.heading is None else f"{line.heading:{_HEADING_WIDTH}}")
        hangs = " " * (line.indent + 2) if line.heading is None else " " * len(begins)
        shown = begins + line.words
        if console.is_terminal:
            width = max(_NARROWEST, console.width - 2)
            shown = textwrap.fill(line.words, width, initial_indent=begins, subsequent_indent=hangs)
        # What the terminal has no letter for must not end the program.
        shown = shown.encode(console.encoding, "replace").decode(console.encoding)
        console.print(Text(shown), soft_wrap=True)


def _answer(result: Result, parts: list[TextPart], is_alone: bool) -> Iterator[_Line]:
    """What a person asks first."""
    if result.score is None:
        yield _Line(_without_controls(result.explanation))
    if said := sentence_on_parts(parts):
        yield _Line(said)
    if result.score is not None:
        yield _Line(" ".join(how_sure(result)), "how sure")
        if DISGUISED in result.explanation:
            yield _Line("".join(result.explanation.partition(DISGUISED)[1:]), "disguise")
    if is_alone:
        for i, part in enumerate(parts[:_MOST_PARTS]):
            yield _Line(_part_line(part), "" if i else "where")
        if len(parts) > _MOST_PARTS:
            yield _Line(f"and {len(parts) - _MOST_PARTS} more parts, see --html or --json", "")
        if result.verdict in ("inconclusive", "mixed") and (said := extent_in_short(result)):
            yield _Line(said, "help")
        if result.score is not None:
            yield _Line(advice(result).replace("marked in it", "named above"), "what now")
    if result.baseline is not None:
        yield _Line(f"earlier texts: {result.baseline.explanation}")
        named = ", ".join(f"{name.replace('_', ' ')} {z:+.1f}" for name, z in result.baseline.differences[:3])
        yield _Line(f"differs most in {named} (standard deviations)")
    for finding in result.findings[:_MOST_FINDINGS]:
        line = line_of(_text_of(result), finding.start_char)
        yield _Line(f"{finding.kind.replace('_', ' ')} in line {line}: {_without_controls(finding.detail)}", "found")
    if (n_found := n_findings(result)) > _MOST_FINDINGS:
        yield _Line(f"{n_found - _MOST_FINDINGS:,} more, see --html or --json", "found")


def _text_of(result: Result) -> str:
    return result.text if result.evidence is None else result.evidence.text


def _part_line(part: TextPart) -> str:
    place = f"line {part.line}" if part.line == part.last_line else f"lines {part.line}-{part.last_line}"
    if part.place.startswith("sentence"):  # two parts of one line would have the same number
        place = part.place
    beginning = _without_controls(part.beginning).replace("\n", " ")
    return f'{place}, {percent(part.share)}, {part.label}: "{beginning}"'


def _numbers(result: Result, ascii_only: bool) -> Iterator[_Line]:
    assert result.score is not None
    assert result.probability_machine is not None
    assert result.p_value is not None
    low, high = result.confidence_interval or (float("nan"), float("nan"))
    yield _Line(
        f"probability machine {probability_words(result.probability_machine)}   {p_words(result.p_value)}   "
        f"score {result.score:+.2f} [{low:+.2f}, {high:+.2f}]   {result.n_words} words, {result.n_tokens} tokens"
    )
    if statistics := _statistics(result):
        yield _Line(f"statistics  {statistics}")
    if result.evidence is not None:
        shares = bucket_shares(result.evidence.scores)
        parts = (f"{label} {share:.0%}" for label, share in zip(RANK_LABELS, shares, strict=True))
        yield _Line("words among the model's guesses   " + "   ".join(parts))
        curve = sparkline(binned_bits(result.evidence, _SPARKLINE_WIDTH), ascii_only)
        yield _Line(f"surprise  {curve}  0 to {_FULL_BAR_BITS:g} bits")


def _statistics(result: Result) -> str:
    """The published statistics that tell most under this model; without references the best known ones."""
    references = references_for(result.model_fingerprint)
    auroc = {name: known.auroc for name, known in references.methods.items()} if references else {}
    telling = [name for name in result.methods if auroc.get(name, 0.0) >= TELLING_AUROC]
    chosen = sorted(telling, key=lambda name: -auroc[name])[:_MOST_STATISTICS]
    return "   ".join(
        f"{name.replace('_', ' ')} {result.methods[name]:.2f}" + (f" (AUROC {auroc[name]:.2f})" if auroc else "")
        for name in (chosen if references else _BEST_KNOWN)
    )


def _moved_by(result: Result) -> Iterator[_Line]:
    """The score as sums of features and of sentences."""
    explanation = result.explained
    if explanation is None or result.evidence is None:
        return
    kinds = "   ".join(f"{kind} {amount:+.2f}" for kind, amount in explanation.by_kind().items())
    yield _Line(f"score {explanation.score:+.2f} = {kinds}")
    for moved in explanation.features[:_MOST_REASONS]:
        yield _Line(
            f"{moved.contribution:+.2f}  {PLAIN_WORDS.get(moved.feature, moved.meaning)} "
            f"({moved.feature.replace('_', ' ')} {moved.value:.3g})",
            indent=4,
        )
    if not explanation.sentences.any():
        yield _Line("it rests on the text as a whole; no sentence moves it by itself")
        return
    yield _Line(f"by sentence, the text as a whole {explanation.whole_text + explanation.intercept:+.2f}:")
    with_tokens = sorted(set(result.evidence.sentence_of_token))
    for i in np.argsort(-np.abs(explanation.sentences))[:_MOST_REASONS]:
        start, end = result.evidence.sentences[with_tokens[i]]
        sentence = _without_controls(" ".join(result.evidence.text[start:end].split()))
        excerpt = textwrap.shorten(sentence, 90, placeholder=" ...")
        yield _Line(f"{explanation.sentences[i]:+.2f}  {excerpt}", indent=4)
    if len(with_tokens) > _MOST_REASONS:
        yield _Line(f"and {len(with_tokens) - _MOST_REASONS} more sentences with less", indent=4)


def sparkline(values: np.ndarray, ascii_only: bool = False) -> str:
    """One character a value, 0 to ``_FULL_BAR_BITS``.

    ``values`` has the shape (n,), in bits.

    >>> sparkline(np.array([0.0, 7.0, 14.0, 99.0]))
    '▁▅██'
    """
    bars = _ASCII_BARS if ascii_only else _BARS
    levels = np.clip(values / _FULL_BAR_BITS * len(bars), 0, len(bars) - 1).astype(int)
    return "".join(bars[level] for level in levels)


def _is_ascii(console: Console) -> bool:
    return "utf" not in (console.encoding or "").lower()


def marks_of(view: str) -> dict[int, str]:
    """The mark of each level where there is no colour."""
    return MARKS if view == "evidence" else EXPECTATION_MARKS


def _legend(view: str, colour: bool) -> Text:
    legend = Text(VIEWS[view].explained)
    styles = _STYLES if view == "evidence" else _EXPECTATION_STYLES
    for level, label in VIEWS[view].labels.items():
        legend.append("  " if legend.plain[-1] != ":" else "\n")
        legend.append(label if colour else marks_of(view)[level] + label, style=styles.get(level, "") if colour else "")
    return legend


def marked_text(evidence: Evidence, view: str, colour: bool) -> Text:
    """The text as given: whole words styled in colour, or else each with a mark before it."""
    shown, styles, marks = _without_controls(evidence.text), _STYLES, marks_of(view)
    if view != "evidence":
        styles = _EXPECTATION_STYLES
    levels = word_levels(evidence, view)
    if colour:
        text = Text(shown.rstrip())
        for start, end, level in levels:
            if level:
                text.stylize(styles[level], start, end)
        return text
    pieces, at = [], 0
    for start, end, level in levels:
        pieces += [shown[at:start], marks[level], shown[start:end]]
        at = end
    return Text("".join(pieces))


def _without_controls(text: str) -> str:
    """Same length, terminal control characters made visible: a text must not steer the terminal."""
    return re.sub(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", lambda m: "\n" if m[0] == "\r" else "\ufffd", text
    )
