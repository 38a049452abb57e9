"""A result in the terminal: words first, numbers second, the text itself last.

Colours are never the only cue: every rank bucket has a mark as well, which is what a pipe or a
terminal without colour shows.
"""

import re
import textwrap
from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.text import Text

from detector.methods.gltr import bucket_shares
from detector.records.result import Evidence, Result
from detector.report.distributions import RANK_LABELS
from detector.report.evidence_summaries import binned_bits, token_buckets
from detector.report.palette import CIVIDIS
from detector.report.wording import NOT_PROOF, p_words, probability_words

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.:-=+*#"
_SPARKLINE_WIDTH = 50
_MOST_FINDINGS = 5
_MOST_REASONS = 6
_FULL_BAR_BITS = 14.0
_HEADLINES = {
    "human": "reads like human text",
    "machine": "reads like machine text",
    "mixed": "human and machine text mixed",
    "inconclusive": "not enough evidence either way",
    "unscored": "no verdict",
}
BUCKET_MARKS = ("", "~", "+", "#")
"""Put before a word where there is no colour, one for each of GLTR's rank buckets."""
_BUCKET_STYLES = (
    "",
    f"black on {CIVIDIS[0]} underline",
    f"black on {CIVIDIS[1]} bold",
    f"black on {CIVIDIS[2]} bold underline",
)
"""For rich: colours that fall in lightness, and how the word is set as a second cue."""


class _PipeConsole(Console):
    """Rich ends the program with status 1 when its reader has gone; leave that to the command line."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def make_console() -> Console:
    """The console for standard output."""
    return _PipeConsole(highlight=False)


def print_result(console: Console, result: Result, show_text: bool, explain: bool = False) -> None:
    """Write one result; ``show_text`` adds the text marked by rank, ``explain`` what moved the score.

    A terminal gets lines that fit it; a pipe gets every line whole, so that it can be searched.
    """
    name = _without_controls(result.path or ("standard input" if result.id == "-" else result.id))
    headline = Text.assemble((f"{name}: ", "bold"), (result.verdict, "bold reverse"), f"  {_HEADLINES[result.verdict]}")
    lines = [result.explanation]
    if result.score is not None:
        lines += _numbers(result, ascii_only=_is_ascii(console))
        lines += _parts(result)
        if explain:
            lines += _moved_by(result)
    if result.baseline is not None:
        lines.append(f"earlier texts: {result.baseline.explanation}")
        named = ", ".join(f"{name.replace('_', ' ')} {z:+.1f}" for name, z in result.baseline.differences[:3])
        lines.append(f"differs most in {named} (standard deviations)")
    for finding in result.findings[:_MOST_FINDINGS]:
        lines.append(f"found: {finding.kind.replace('_', ' ')} at {finding.start_char}: {finding.detail}")
    if len(result.findings) > _MOST_FINDINGS:
        lines.append(f"found: {len(result.findings) - _MOST_FINDINGS} more, see --json")
    fits = console.is_terminal
    console.print(headline, soft_wrap=not fits)
    for line in lines:
        shown = textwrap.fill(line, max(20, console.width - 4), subsequent_indent="  ") if fits else line
        console.print(Text(textwrap.indent(shown, "  ")), soft_wrap=True)
    if result.evidence is not None and show_text:
        colour = fits and not console.no_color
        for part in (_legend(colour), marked_text(result.evidence, colour), Text(NOT_PROOF, style="italic")):
            console.print()
            console.print(part, soft_wrap=not fits)


def _numbers(result: Result, ascii_only: bool) -> Iterator[str]:
    assert result.score is not None
    assert result.probability_machine is not None
    assert result.p_value is not None
    low, high = result.confidence_interval or (float("nan"), float("nan"))
    yield (
        f"probability machine {probability_words(result.probability_machine)}   {p_words(result.p_value)}   "
        f"score {result.score:+.2f} [{low:+.2f}, {high:+.2f}]   {result.n_words} words, {result.n_tokens} tokens"
    )
    methods = result.methods
    yield (
        f"log-likelihood {methods['log_likelihood']:.2f} nats   log-rank {methods['log_rank']:.2f}   "
        f"entropy {methods['entropy']:.2f} nats   Fast-DetectGPT {methods['fast_detect_gpt']:+.2f}"
    )
    if result.evidence is not None:
        shares = bucket_shares(result.evidence.scores)
        parts = (f"{label} {share:.0%}" for label, share in zip(RANK_LABELS, shares, strict=True))
        yield "ranks     " + "   ".join(parts)
        curve = sparkline(binned_bits(result.evidence, _SPARKLINE_WIDTH), ascii_only)
        yield f"surprise  {curve}  0 to {_FULL_BAR_BITS:g} bits"


def _parts(result: Result) -> Iterator[str]:
    """Where the parts are, if the text has parts of both kinds and the verdict rests on them."""
    if result.verdict != "mixed" or result.evidence is None:
        return
    text = result.evidence.text
    for segment in result.segments:
        words = text[segment.start_char : segment.end_char].split()
        place = f"characters {segment.start_char} to {segment.end_char}, {len(words)} words"
        label = segment.leans_to + ("" if segment.label != "uncertain" else "?")
        yield (
            f"{label:8}  {p_words(segment.p_value)}   {place}: "
            f"{_without_controls(' '.join(words[:6]))} ... {_without_controls(' '.join(words[-4:]))}"
        )


def _moved_by(result: Result) -> Iterator[str]:
    """The score as sums of features and of sentences."""
    explanation = result.explained
    if explanation is None or result.evidence is None:
        return
    kinds = "   ".join(f"{kind} {amount:+.2f}" for kind, amount in explanation.by_kind().items())
    yield f"score {explanation.score:+.2f} = {kinds}"
    for moved in explanation.features[:_MOST_REASONS]:
        yield f"  {moved.contribution:+.2f}  {moved.feature.replace('_', ' ')} {moved.value:.3g}: {moved.meaning}"
    yield f"by sentence, the text as a whole {explanation.whole_text + explanation.intercept:+.2f}:"
    with_tokens = sorted(set(result.evidence.sentence_of_token))
    for i in np.argsort(-np.abs(explanation.sentences))[:_MOST_REASONS]:
        start, end = result.evidence.sentences[with_tokens[i]]
        sentence = _without_controls(" ".join(result.evidence.text[start:end].split()))
        yield f"  {explanation.sentences[i]:+.2f}  {textwrap.shorten(sentence, 90, placeholder=' ...')}"


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


def _legend(colour: bool) -> Text:
    legend = Text("Each word by the rank the model gave it: rank ")
    for i, (label, mark, style) in enumerate(zip(RANK_LABELS, BUCKET_MARKS, _BUCKET_STYLES, strict=True)):
        legend.append("  " if i else "")
        legend.append(label if colour else f"{mark}{label}", style=style if colour else "")
    return legend


def marked_text(evidence: Evidence, colour: bool) -> Text:
    """The text as given: tokens shaded in colour, or else each word with the mark of its worst token."""
    buckets = token_buckets(evidence)
    if colour:
        text = Text(_without_controls(evidence.text).rstrip())
        for (start, end), bucket in zip(evidence.spans, buckets, strict=True):
            if bucket:
                start += len(evidence.text[start:end]) - len(evidence.text[start:end].lstrip())
                text.stylize(_BUCKET_STYLES[bucket], start, end)
        return text
    worst = np.zeros(len(evidence.text) + 1, dtype=np.int64)
    for (start, end), bucket in zip(evidence.spans, buckets, strict=True):
        worst[start:end] = np.maximum(worst[start:end], bucket)
    marked = re.sub(
        r"\S+",
        lambda word: BUCKET_MARKS[worst[word.start() : word.end()].max()] + word.group(),
        _without_controls(evidence.text),
    )
    return Text(marked.rstrip())


def _without_controls(text: str) -> str:
    """Same length, terminal control characters made visible: a text must not steer the terminal."""
    return re.sub(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", lambda m: "\n" if m[0] == "\r" else "\ufffd", text
    )
