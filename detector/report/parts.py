"""The parts of a text in words: where each is, how it reads, and how much of the text it is.

A place is said in paragraphs, counted as they stand in the text with its headings. Where a part begins or ends within
a paragraph, that point is its beginning, middle or end by the words before it: up to a quarter, between, from three
quarters. Sentences are named, by the numbers they have on the page, where paragraphs would say nothing: within a single
paragraph, or in a text of one.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from detector.records.result import Result, Segment
from detector.report.outline import Outline, line_of, numbers_between, outline_of
from detector.verdict.rules import HUMAN_TARGET

MOST_PARTS = 40
"""Shown of a text; more are counted."""
_MOST_PLACES = 3
_FEW_WORDS = 40
"""A part with fewer can hardly be significant, whoever wrote it."""
_NEAR = 0.25
_MOST = 0.6
"""Share of the words from which a kind of part is most of the text; it is about half from what this leaves."""
_EXCERPT_WORDS = 9
_LONGEST_EXCERPT = 70
_LABELS = {"human": "reads like human writing", "machine": "reads like machine text"}


@dataclass(frozen=True)
class TextPart:
    """One part of a text with more than one."""

    number: int
    """From 1, in the order of the text."""
    segment: Segment
    place: str
    """Such as ``paragraphs 2 to 4``."""
    n_words: int
    share: float
    """Of the words in all parts."""
    line: int
    """Of its first word, in the text as given."""
    last_line: int
    beginning: str
    """Its first words, as a stranger wrote them: to be made safe before it is shown."""
    first_sentence: int | None
    """Number, as on the page, of the sentence that it begins with, or within; None where it holds none."""
    border: str
    """Where else it may begin, in words; empty where its border is sure."""

    @property
    def label(self) -> str:
        """How it reads by itself, or which side it leans to."""
        if self.segment.label in _LABELS:
            return _LABELS[self.segment.label]
        return lean_of(self.segment) + (" (few words)" if self.n_words < _FEW_WORDS else "")


def lean_of(segment: Segment) -> str:
    """Of a part that is not significant by itself."""
    return f"leans {segment.leans_to}, undecided"


def label_of(segment: Segment) -> str:
    """The same as ``TextPart.label``, without the number of words."""
    return _LABELS.get(segment.label) or lean_of(segment)


def told_segments(result: Result) -> tuple[Segment, ...]:
    """The segments that people are told of: none of a text that looks no more divided than texts by one author do.

    The division is the likeliest one, and most texts by one author have one too; the record holds it whatever it says.
    """
    if len(result.segments) < 2:
        return ()
    labels = {segment.label for segment in result.segments} - {"uncertain"}
    is_said = result.verdict == "mixed" or len(labels - {result.verdict}) > 0
    is_seen = result.one_author_p_value is None or result.one_author_p_value <= HUMAN_TARGET
    return result.segments if is_said or is_seen else ()


def parts_of(result: Result) -> list[TextPart]:
    """The parts of a text; none where it is all of one kind or its words are not at hand."""
    segments = told_segments(result)
    if result.evidence is None or not segments:
        return []
    text, evidence = result.evidence.text, result.evidence
    sentences = [evidence.sentences[i] for i in sorted(set(evidence.sentence_of_token))]
    words = [text[s.start_char : s.end_char].split() for s in segments]
    total = max(1, sum(map(len, words)))
    return [
        TextPart(
            number,
            segment,
            place_of(text, segment.start_char, segment.end_char, sentences),
            len(inside),
            len(inside) / total,
            *_lines(text, segment),
            _beginning(inside),
            _first_sentence(sentences, segment),
            _border(sentences, segment),
        )
        for number, (segment, inside) in enumerate(zip(segments, words, strict=True), start=1)
    ]


def _border(sentences: Sequence[tuple[int, int]], segment: Segment) -> str:
    places = [start for start, _ in sentences]
    earliest, latest = (max(1, bisect_right(places, at)) for at in segment.begins_between)
    if earliest < latest:
        return f"it may begin anywhere from sentence {earliest} to {latest}"
    return f"it begins within sentence {earliest}" if segment.start_char > places[earliest - 1] else ""


def sentence_on_parts(parts: Sequence[TextPart]) -> str:
    """What stands below the verdict, whatever it is: the largest kind of part first; empty without parts."""
    kinds = sorted(_by_kind(parts), key=lambda kind: -_share(kind))
    if not kinds:
        return ""
    lead, *others = kinds
    degree = "Mostly" if _share(lead) >= _MOST else "About half" if _share(lead) >= 1 - _MOST else "Partly"
    said = [f"{degree} {_adjective(lead[0].segment)}: {_places(lead)} ({percent(_share(lead))} of the words)"]
    said += [f"{_places(kind)} {_predicate(kind)} ({percent(_share(kind))})" for kind in others]
    return "; ".join(said) + "."


def shares_in_short(parts: Sequence[TextPart]) -> str:
    """Kinds of parts with their shares of the words, for the cell of a table."""
    kinds = sorted(_by_kind(parts), key=lambda kind: -_share(kind))
    return "; ".join(f"{percent(_share(kind))} {label_of(kind[0].segment)}" for kind in kinds)


def percent(share: float) -> str:
    """A share in whole percents, never 0 nor 100 where it is neither.

    >>> percent(0.694), percent(0.001), percent(0.999)
    ('69 %', 'under 1 %', 'over 99 %')
    """
    if 0 < share < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def place_of(text: str, start: int, end: int, sentences: Sequence[tuple[int, int]]) -> str:
    """Where ``text[start:end]`` is; ``sentences`` are the places of the numbered ones."""
    outline = outline_of(text)
    inside = [(i, *outline.spans[i]) for i in numbers_between(outline.spans, start, end)]
    touched = [i for i, a, b in inside if text[max(a, start) : min(b, end)].strip()]
    if not touched:
        return "between the words"
    first, last = touched[0], touched[-1]
    before, after = _words_before(text, outline, first, start), _words_before(text, outline, last, end)
    is_cut = (before > 0, after < 1)
    numbers = [i + 1 for i in numbers_between(sentences, start, end)]
    if first == last and numbers and (all(is_cut) or (any(is_cut) and len(outline.spans) == 1)):
        within = f" of the text, in {_named(outline, first)}" if len(outline.spans) > 1 else ""
        first_start, last_end = sentences[numbers[0] - 1][0], sentences[numbers[-1] - 1][1]
        return _sentences(numbers[0], numbers[-1], start > first_start, end < last_end) + within
    if outline.noun == "line" or not any(is_cut):
        return _numbered(outline.noun, outline.numbers[first], outline.numbers[last])
    if first == last:
        return f"from {_point(before)} to {_point(after)} of {_named(outline, first)}"
    return f"from {_point(before)} of {_named(outline, first)} to {_point(after)} of {_named(outline, last)}"


def _sentences(first: int, last: int, begins_within: bool, ends_within: bool) -> str:
    """Numbers of sentences, of which the first and the last may belong to the part in part.

    >>> _sentences(1, 3, False, False), _sentences(1, 3, False, True), _sentences(3, 3, True, False)
    ('sentences 1 to 3', 'sentences 1 to 2 and the beginning of sentence 3', 'the end of sentence 3')
    """
    if not begins_within and not ends_within:
        return _numbered("sentence", first, last)
    if first == last:
        point = "middle" if begins_within and ends_within else "end" if begins_within else "beginning"
        return f"the {point} of sentence {first}"
    if not begins_within:
        return f"{_numbered('sentence', first, last - 1)} and the beginning of sentence {last}"
    return f"from within sentence {first} to {'within ' if ends_within else ''}sentence {last}"


def _words_before(text: str, outline: Outline, i: int, at: int) -> float:
    """Share of the words of a paragraph that stand before ``at``."""
    start, end = outline.spans[i]
    return len(text[start : max(start, at)][: end - start].split()) / len(text[start:end].split())


def _point(share_before: float) -> str:
    if share_before in (0.0, 1.0):
        return "the end" if share_before else "the beginning"
    near = "near the beginning" if share_before <= _NEAR else "near the end"
    return near if share_before <= _NEAR or share_before >= 1 - _NEAR else "the middle"


def _named(outline: Outline, i: int) -> str:
    return f"{outline.noun} {outline.numbers[i]}"


def _numbered(noun: str, first: int, last: int) -> str:
    return f"{noun} {first}" if first == last else f"{noun}s {first} to {last}"


def _by_kind(parts: Sequence[TextPart]) -> Iterator[list[TextPart]]:
    """Parts that are said in one breath: the same label, and the same leaning where it is undecided."""

    def kind(part: TextPart) -> str:
        return label_of(part.segment)

    for _, alike in groupby(sorted(parts, key=kind), key=kind):
        yield list(alike)


def _share(parts: Sequence[TextPart]) -> float:
    return sum(part.share for part in parts)


def _adjective(segment: Segment) -> str:
    return f"leaning {segment.leans_to}, undecided" if segment.label == "uncertain" else f"{segment.label}-like"


def _predicate(parts: Sequence[TextPart]) -> str:
    segment, place = parts[0].segment, parts[0].place
    is_plural = len(parts) > 1 or re.match(r"\w+s \d+ to ", place) is not None
    if segment.label == "uncertain":
        return f"lean{'' if is_plural else 's'} {segment.leans_to}, undecided"
    return f"{'are' if is_plural else 'is'} {segment.label}-like"


def _places(parts: Sequence[TextPart]) -> str:
    """The places of the longest parts, in the order of the text; the rest is counted."""
    longest = sorted(parts, key=lambda part: -part.n_words)[:_MOST_PLACES]
    places = [part.place for part in parts if part in longest]
    if len(parts) > len(places):
        rest = len(parts) - len(places)
        places.append(f"{rest} shorter part{'' if rest == 1 else 's'}")
    return places[0] if len(places) == 1 else f"{', '.join(places[:-1])} and {places[-1]}"


def _lines(text: str, segment: Segment) -> tuple[int, int]:
    """Numbers of its first and its last line with words."""
    inside = text[segment.start_char : segment.end_char]
    first = segment.start_char + len(inside) - len(inside.lstrip())
    return line_of(text, first), line_of(text, segment.start_char + len(inside.rstrip()))


def _first_sentence(sentences: Sequence[tuple[int, int]], segment: Segment) -> int | None:
    numbers = numbers_between(sentences, segment.start_char, segment.end_char)
    return numbers[0] + 1 if numbers else None


def _beginning(words: Sequence[str]) -> str:
    said = " ".join(words[:_EXCERPT_WORDS])
    is_whole = len(words) <= _EXCERPT_WORDS and len(said) <= _LONGEST_EXCERPT
    return said if is_whole else f"{said[:_LONGEST_EXCERPT].rstrip()} \u2026"
