"""The whole text with every token shaded, paragraph by paragraph, and the table of its tokens.

A token is one ``span`` with a class for each way of looking at it; which of them shows is a matter of style.
Tokens that share a character are shown as one.
"""

import bisect
import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from detector.methods.gltr import bucket_of
from detector.report.evidence_summaries import sentence_evidence
from detector.report.svg import sentence_bars
from detector.report.visible import plain_visible, visible
from detector.report.wording import PART_WORDS
from detector.verdict.result import Evidence, Finding, Result, Segment

FRACTION_LIMITS = (0.1, 0.01)
"""p / p_max below which a token that is not the first choice takes the second and the third shade."""
BITS_LIMITS = (4.0, 8.0, 12.0)
LEAN_NATS = (0.1, 0.25)
"""Evidence from which a token leans, and leans strongly."""
TOKEN_COLUMNS = ("rank", "probability", "surprise (bits)", "evidence (nats)", "token")
_CHOICES = 5
_BLANK = "(blank)"
_LEAST_REACH_NATS = 2.0
_LONGEST_WORD = 40
"""Characters without a blank from which a line may break between tokens."""
_BREAK = re.compile(rf"\S{{{_LONGEST_WORD},}}?(?=[!-~\w])")
"""What a line may break after where there are no tokens: never within an emoji or before an accent."""


@dataclass(frozen=True)
class Unit:
    """One token, or several that share a character."""

    start: int
    end: int
    """Place in the text as given."""
    first: int
    last: int
    """Tokens, both included."""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of the text as HTML, and the bars beside it."""

    html: Markup
    bars: Markup | None


def units_of(spans: Sequence[tuple[int, int]]) -> list[Unit]:
    """Tokens in order, those whose places overlap taken together.

    >>> [(u.start, u.end, u.first, u.last) for u in units_of([(0, 2), (2, 3), (2, 3), (3, 3)])]
    [(0, 2, 0, 0), (2, 3, 1, 3)]
    """
    units: list[Unit] = []
    for i, (start, end) in enumerate(spans):
        if units and (start < units[-1].end or start == end):
            before = units[-1]
            units[-1] = Unit(before.start, max(before.end, end), before.first, i)
        else:
            units.append(Unit(start, end, i, i))
    return units


def paragraphs_of(text: str) -> list[tuple[int, int]]:
    r"""(start, end) of each paragraph: parted by blank lines, or by line breaks where there are no blank lines.

    >>> [("a\nb\n\nc"[i:j]) for i, j in paragraphs_of("a\nb\n\nc")], paragraphs_of("a\nb")
    (['a\nb', 'c'], [(0, 1), (2, 3)])
    """
    newline = r"(?:\r\n|\r(?!\n)|(?<!\r)[\n\u2028\u2029])"
    blank = re.compile(rf"{newline}[^\S\n\r]*{newline}\s*")
    parting = blank if blank.search(text.strip()) else re.compile(rf"{newline}\s*")
    edges = [0, *itertools.chain.from_iterable(match.span() for match in parting.finditer(text)), len(text)]
    spans = zip(edges[::2], edges[1::2], strict=True)
    return [(start, end) for start, end in spans if text[start:end].strip()]


def paragraphs(result: Result, evidence: Evidence) -> Iterator[Paragraph]:
    """The whole text as HTML with its sentence bars."""
    text = evidence.text
    units = units_of(evidence.spans)
    classes = ["".join(c) for c in zip(*_classes(evidence, units, result.findings), strict=True)]
    sums = sentence_evidence(evidence)
    reach = max(_LEAST_REACH_NATS, float(np.abs(sums).max(initial=0)))
    number_of = {sentence: i for i, sentence in enumerate(sorted(set(evidence.sentence_of_token)), start=1)}
    parts = {segment.start_char: i for i, segment in enumerate(result.segments)} if len(result.segments) > 1 else {}
    part_starts = sorted(parts)
    cores = [_core_start(text, unit) for unit in units]
    next_unit, current, next_part, run = 0, 0, 0, 0
    for start, end in paragraphs_of(text):
        last = bisect.bisect_left(cores, end, lo=next_unit)
        pieces: list[str] = []
        numbers: list[int] = []
        is_open, at = False, start
        for i in range(next_unit, last):
            unit, core = units[i], cores[i]
            number = number_of[evidence.sentence_of_token[unit.first]]
            pieces.append(visible(text[at:core]) if core > at else "")
            if number != current or not is_open:
                pieces.append("</span>" if is_open else "")
                while next_part < len(part_starts) and core >= part_starts[next_part]:
                    where = parts[part_starts[next_part]]
                    pieces.append(_part_mark(where + 1, result.segments[where]))
                    next_part += 1
                if number != current:
                    pieces.append(f'<span class="s" id="s{number}"><sup>{number}</sup>')
                    numbers.append(number)
                else:
                    pieces.append('<span class="s">')
                current, is_open = number, True
            run = 0 if text[max(start, core - 1) : core].isspace() else run
            run += unit.end - core
            if run > _LONGEST_WORD:  # not even a page of paper may be left by a word without end
                pieces.append("<wbr>")
                run = unit.end - core
            stop = max(core, unit.end)
            pieces.append(
                f'<span class="t{classes[i]}">{visible(text[core:stop]) if text[core:stop].strip() else " "}</span>'
            )
            at = stop
        pieces.append("</span>" if is_open else "")
        if at < end:
            pieces.append(visible(text[at:end].rstrip()))
        next_unit = last
        bars = sentence_bars([float(sums[n - 1]) for n in numbers], numbers, reach) if numbers else None
        yield Paragraph(Markup("".join(pieces)), bars)  # noqa: S704 - every piece of the text went through visible()


def unshaded_paragraphs(text: str, findings: Sequence[Finding]) -> Iterator[Paragraph]:
    """The same for a text without scores: findings are marked, nothing is shaded, and there are no bars."""
    spans = paragraphs_of(text)
    breaks = {match.end() for match in _BREAK.finditer(text)}
    places = {at for finding in findings for at in (finding.start_char, finding.end_char)} | set(
        itertools.chain(*spans)
    )
    edges = sorted(at for at in places | breaks | {0, len(text)} if 0 <= at <= len(text))
    units = [Unit(start, end, i, i) for i, (start, end) in enumerate(itertools.pairwise(edges))]
    marks = _marked(units, findings)
    for start, end in spans:
        pieces: list[str] = []
        for i in range(bisect.bisect_left(edges, start), bisect.bisect_left(edges, end)):
            shown, mark = visible(text[units[i].start : units[i].end]), marks[i].strip()
            pieces.append(f'<span class="{mark}">{shown}</span>' if mark else shown)
            pieces.append("<wbr>" if units[i].end in breaks else "")
        yield Paragraph(Markup("".join(pieces)), None)  # noqa: S704 - every piece of the text went through visible()


def token_lines(evidence: Evidence) -> Iterator[str]:
    """A line for each unit, in the order of the spans of ``paragraphs``, its columns parted by tabs.

    They are ``TOKEN_COLUMNS`` and then each of the first choices with its probability. Plain lines and no
    HTML table, for a long text has hundreds of thousands of cells, and a browser slows down under them.
    """
    scores, text = evidence.scores, evidence.text
    words = {i: _in_line(choice) for i, choice in evidence.choice_texts.items()}
    top_ids = scores.top_ids[:, :_CHOICES].tolist()
    top_probabilities = np.exp(scores.top_log_prob_nats[:, :_CHOICES].astype(np.float64)).tolist()
    bits, ranks, nats = scores.surprisal_bits.tolist(), scores.rank.tolist(), evidence.token_evidence.tolist()
    for unit in units_of(evidence.spans):
        first, tokens = unit.first, slice(unit.first, unit.last + 1)
        total = sum(bits[tokens])
        columns = [
            f"{max(ranks[tokens]):6}",
            f"{percent(2.0**-total):>11}",
            f"{total:6.1f}",
            f"{sum(nats[tokens]):+7.2f}",
            _in_line(text[unit.start : unit.end]),
        ]
        if words:
            columns += [
                f"{words[i]} {percent(p)}" for i, p in zip(top_ids[first], top_probabilities[first], strict=True)
            ]
        yield "\t".join(columns)


def _in_line(token: str) -> str:
    return plain_visible(" ".join(token.split())) or _BLANK


def percent(probability: float) -> str:
    """Two significant digits, no exponents.

    >>> percent(0.3456), percent(0.00012), percent(1e-9)
    ('35 %', '0.012 %', '<0.0001 %')
    """
    if probability < 1e-6:
        return "<0.0001 %"
    share = 100 * probability
    digits = max(0, 1 - math.floor(math.log10(share)))
    return f"{share:.{min(digits, 5)}f} %"


def _core_start(text: str, unit: Unit) -> int:
    """Where the token begins after the blank that belongs to it."""
    token = text[unit.start : unit.end]
    return unit.start + len(token) - len(token.lstrip()) if token.strip() else unit.start


def _classes(evidence: Evidence, units: Sequence[Unit], findings: Sequence[Finding]) -> Iterator[list[str]]:
    """For each way of looking, the class of each unit; the first bucket has none, to keep pages light."""
    scores = evidence.scores
    first = np.array([unit.first for unit in units], dtype=np.int64)
    if not len(first):
        return
    rank = np.maximum.reduceat(scores.rank, first)
    bits = np.add.reduceat(scores.surprisal_bits, first)
    nats = np.add.reduceat(evidence.token_evidence, first)
    gap = np.minimum.reduceat(scores.log_prob_nats - scores.max_log_prob_nats, first)
    fraction = np.where(rank == 1, 0, 1 + sum((gap < np.log(limit)).astype(np.int64) for limit in FRACTION_LIMITS))
    lean = np.searchsorted(LEAN_NATS, np.abs(nats), side="right")
    yield _named("r", bucket_of(rank))
    yield _named("f", fraction)
    yield _named("b", np.searchsorted(BITS_LIMITS, bits, side="right"))
    yield [f" {'m' if value > 0 else 'h'}{level}" if level else "" for value, level in zip(nats, lean, strict=True)]
    yield _marked(units, findings)


def _named(letter: str, levels: NDArray[np.int64]) -> list[str]:
    names = ["", *(f" {letter}{level}" for level in (1, 2, 3))]
    return [names[level] for level in levels.tolist()]


def _marked(units: Sequence[Unit], findings: Sequence[Finding]) -> list[str]:
    """``flag`` for tokens with a finding, ``quoted`` for those in a quotation."""
    starts = [unit.start for unit in units]
    ends = [unit.end for unit in units]
    names = [""] * len(units)
    for finding in findings:
        name = " quoted" if finding.kind == "quotation" else " flag"
        first = bisect.bisect_right(ends, finding.start_char)
        for i in range(first, bisect.bisect_left(starts, finding.end_char)):
            names[i] = name if not names[i] else " flag"
    return names


def _part_mark(number: int, segment: Segment) -> str:
    return f'<span class="part">Part {number}: {PART_WORDS[segment.label]}</span>'
