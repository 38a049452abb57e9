"""The whole text with every token shaded, paragraph by paragraph, and the table of its tokens.

A token is one ``span`` with a class for each way of looking at the word that it belongs to; which of them shows is a
matter of style. Tokens that share a character are shown as one.
"""

import bisect
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from detector.records.result import Evidence, Finding, Result, Segment
from detector.report.evidence_summaries import sentence_evidence
from detector.report.outline import paragraphs_of
from detector.report.parts import label_of, told_segments
from detector.report.small_svg import LEAST_REACH_NATS, sentence_bars
from detector.report.views import word_levels
from detector.report.visible import plain_visible, visible

TOKEN_COLUMNS = ("place among the guesses", "probability", "surprise", "evidence", "token")
_CLASS_NAMES = {
    "rank": {1: " r1", 2: " r2", 3: " r3"},
    "fraction": {1: " f1", 2: " f2", 3: " f3"},
    "surprise": {1: " b1", 2: " b2", 3: " b3"},
    "evidence": {-2: " h2", -1: " h1", 1: " m1", 2: " m2"},
}
"""Of each view, by level."""
_CHOICES = 5
_BLANK = "(blank)"
_LONGEST_WORD = 40
"""Characters without a blank from which a line may break between tokens."""
_LONG_RUN = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")
_BEGINS_A_PIECE = re.compile(r"[!-~\w]")
"""What a line may begin with where there are no tokens: never within an emoji or before an accent."""


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


def paragraphs(result: Result, evidence: Evidence) -> Iterator[Paragraph]:
    """The whole text as HTML with its sentence bars."""
    text = evidence.text
    units = units_of(evidence.spans)
    cores = [_core_start(text, unit) for unit in units]
    tokens = _tokens(result, evidence, units, cores)
    spans = paragraphs_of(text)
    segments = told_segments(result)
    runs_of = _runs(segments, evidence, units, cores, spans)
    sums = sentence_evidence(evidence)
    reach = max(LEAST_REACH_NATS, float(np.abs(sums).max(initial=0)))
    for (start, end), runs in zip(spans, runs_of, strict=True):
        pieces: list[str] = [visible(text, start, cores[runs[0].units[0]])] if runs else []
        at = start
        for run in runs:
            pieces.append(_opening(run, segments))
            for i in run.units:
                at = max(cores[i], units[i].end)
                next_core = cores[i + 1] if i < runs[-1].units[-1] else at
                pieces += [tokens[i], visible(text, at, next_core)]
            pieces.append("</span>")
        pieces.append(visible(text, at, max(at, at + len(text[at:end].rstrip()))))
        numbers = [run.sentence for run in runs if run.begins_sentence]
        bars = sentence_bars([float(sums[n - 1]) for n in numbers], numbers, reach) if numbers else None
        yield Paragraph(Markup("".join(pieces)), bars)  # noqa: S704 - every piece of the text went through visible()


@dataclass(frozen=True)
class _Run:
    """Units of one sentence and part in one paragraph: one ``span``."""

    units: range
    sentence: int
    """From 1; sentences without a token have no number."""
    begins_sentence: bool
    """Or goes on with one from the paragraph or the part before."""
    parts: list[int]
    """Places, among the segments that are told, of those that begin with it."""


def _runs(
    segments: Sequence[Segment],
    evidence: Evidence,
    units: Sequence[Unit],
    cores: Sequence[int],
    spans: Sequence[tuple[int, int]],
) -> list[list[_Run]]:
    """The runs of each paragraph; a unit belongs to the first paragraph that ends behind its core."""
    number_of = {sentence: i for i, sentence in enumerate(sorted(set(evidence.sentence_of_token)), start=1)}
    sentences = [number_of[evidence.sentence_of_token[unit.first]] for unit in units]
    starts = [segment.start_char for segment in segments]
    part_of = [bisect.bisect_right(starts, core) for core in cores]
    bounds = [0, *(bisect.bisect_left(cores, end) for _, end in spans)]
    ranges_of = [
        [_range(group) for _, group in itertools.groupby(range(first, last), key=lambda i: (sentences[i], part_of[i]))]
        for first, last in itertools.pairwise(bounds)
    ]
    beginnings = [units_of_run[0] for ranges in ranges_of for units_of_run in ranges]
    parts_of = _parts_by_beginning(segments, beginnings, cores)
    return [
        [
            _Run(run, sentences[run[0]], run[0] == 0 or sentences[run[0] - 1] != sentences[run[0]], parts_of[run[0]])
            for run in ranges
        ]
        for ranges in ranges_of
    ]


def _range(ascending: Iterable[int]) -> range:
    numbers = list(ascending)
    return range(numbers[0], numbers[-1] + 1)


def _parts_by_beginning(
    segments: Sequence[Segment], beginnings: Sequence[int], cores: Sequence[int]
) -> dict[int, list[int]]:
    """Segments by the first unit of the run before which they are named; none where there is one alone."""
    parts: dict[int, list[int]] = {unit: [] for unit in beginnings}
    places = [cores[unit] for unit in beginnings]
    for part, segment in enumerate(segments if len(segments) > 1 else ()):
        at = bisect.bisect_left(places, segment.start_char)
        if at < len(beginnings):
            parts[beginnings[at]].append(part)
    return parts


def _opening(run: _Run, segments: Sequence[Segment]) -> str:
    marks = "".join(_part_mark(part + 1, segments[part]) for part in run.parts)
    if run.begins_sentence:
        return f'{marks}<span class="s" id="s{run.sentence}"><sup>{run.sentence}</sup>'
    return f'{marks}<span class="s">'


def _tokens(result: Result, evidence: Evidence, units: Sequence[Unit], cores: Sequence[int]) -> list[str]:
    """Each unit as a ``span`` with its classes, without the blank before it."""
    text = evidence.text
    classes = map("".join, zip(*_classes(evidence, units, cores, result.findings), strict=True))
    breaks = _breaks(text, units, cores)
    tokens = []
    for i, (unit, core, names) in enumerate(zip(units, cores, classes, strict=True)):
        token = text[core : max(core, unit.end)]
        shown = visible(text, core, max(core, unit.end)) if token.strip() else " "
        tokens.append(f'{"<wbr>" if i in breaks else ""}<span class="t{names}">{shown}</span>')
    return tokens


def _breaks(text: str, units: Sequence[Unit], cores: Sequence[int]) -> set[int]:
    """Units before which a line may break: not even a page of paper may be left by a word without end."""
    breaks, length = set(), 0
    for i, (unit, core) in enumerate(zip(units, cores, strict=True)):
        length = 0 if text[max(0, core - 1) : core].isspace() else length
        length += unit.end - core
        if length > _LONGEST_WORD:
            breaks.add(i)
            length = unit.end - core
    return breaks


def _breaks_without_tokens(text: str) -> set[int]:
    """Places in runs without a blank where a line may break, about ``_LONGEST_WORD`` characters apart; linear."""
    breaks = set()
    for run in _LONG_RUN.finditer(text):
        at = run.start()
        while piece := _BEGINS_A_PIECE.search(text, at + _LONGEST_WORD, run.end()):
            at = piece.start()
            breaks.add(at)
    return breaks


def unshaded_paragraphs(text: str, findings: Sequence[Finding]) -> Iterator[Paragraph]:
    """The same for a text without scores: findings are marked, nothing is shaded, and there are no bars."""
    spans = paragraphs_of(text)
    breaks = _breaks_without_tokens(text)
    places = {at for finding in findings for at in (finding.start_char, finding.end_char)} | set(
        itertools.chain(*spans)
    )
    edges = sorted(at for at in places | breaks | {0, len(text)} if 0 <= at <= len(text))
    units = [Unit(start, end, i, i) for i, (start, end) in enumerate(itertools.pairwise(edges))]
    marks = _marked(units, findings)
    for start, end in spans:
        pieces: list[str] = []
        for i in range(bisect.bisect_left(edges, start), bisect.bisect_left(edges, end)):
            shown, mark = visible(text, units[i].start, units[i].end), marks[i].strip()
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


def _classes(
    evidence: Evidence, units: Sequence[Unit], cores: Sequence[int], findings: Sequence[Finding]
) -> Iterator[list[str]]:
    """For each way of looking, the class of each unit: that of its word; the first bucket has none, to be light."""
    text = evidence.text
    places = np.array(cores, dtype=np.int64)
    lasts = np.array([unit.start + len(text[unit.start : unit.end].rstrip()) - 1 for unit in units], dtype=np.int64)
    for view, names in _CLASS_NAMES.items():
        words = np.array(word_levels(evidence, view), dtype=np.int64).reshape(-1, 3)
        starts, ends, levels = words.T
        word = np.searchsorted(starts, lasts, side="right") - 1
        is_inside = (word >= 0) & (places < ends[word]) if len(words) else np.zeros(len(places), dtype=bool)
        yield [names.get(levels[i], "") if inside else "" for i, inside in zip(word.tolist(), is_inside, strict=True)]
    yield _marked(units, findings)


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
    return f'<span class="part {segment.leans_to}">Part {number}: {label_of(segment)}</span>'
