"""The parts of a text at their places in the text as given: whose they seem to be, and how sure that is."""

from bisect import bisect_left
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detector.documents.folding import FoldedText
from detector.records.result import Evidence, Segment
from detector.verdict.classifier import Classifier
from detector.verdict.clause_borders import first_tokens
from detector.verdict.judgement import Division, Judgement
from detector.verdict.rules import HUMAN_TARGET, follows
from detector.verdict.segments import Part, border_intervals


def located(
    classifier: Classifier,
    divided: Division,
    evidence: Evidence,
    folded: FoldedText,
    gaps: list[tuple[int, int]],
    judgement: Judgement,
    target_fpr: float,
) -> tuple[Segment, ...]:
    """Parts of the text as given, cut where something that was not judged lies in them.

    All pieces of a part have its label and p-value. Where something left out lies between the two sentences that meet
    at a border, the border stays there. ``folded`` is the text that was scored.
    """
    n_tokens = len(divided.evidence)
    counted = sorted(set(evidence.sentence_of_token))
    sentences = [evidence.sentences[i] for i in counted]
    starts = first_tokens(np.array(evidence.sentence_of_token))
    whole = {*starts.tolist(), n_tokens}
    parted = _parted(sentences, gaps)
    edges = _edges(divided, starts, parted)
    borders = border_intervals(divided.sums, classifier.evidence.border_penalty, divided.parts)
    found = []
    for at, (part, (earliest, latest)) in enumerate(zip(divided.parts, borders, strict=True)):
        side = part.is_machine
        if len(divided.parts) == 1:  # what the whole text is, its one part is
            side = judgement.p.machine < judgement.p.human
            p_value = judgement.p.machine if side else judgement.p.human
        elif side:
            p_value = classifier.machine_part_p_value(part.evidence_nats, n_tokens, judgement.kind)
        else:
            p_value = classifier.human_part_p_value(-part.evidence_nats, n_tokens)
        leans_to = "machine" if side else "human"
        is_sure = len(divided.parts) > 1 and p_value <= (target_fpr if side else HUMAN_TARGET)
        is_sure |= follows(judgement.verdict, leans_to, part.evidence_nats)
        for first, last in _pieces(part, parted):
            begin = edges[at] if first == part.first else int(starts[first])
            end = edges[at + 1] if last == part.last else int(starts[last + 1])
            nats = float(divided.evidence[begin:end].sum())
            start = sentences[first][0] if begin in whole else _begin(evidence, folded, begin)
            interval = (start, start)
            if begin not in whole:  # whichever clause of its sentence it is
                interval = sentences[int(np.searchsorted(starts, begin)) - 1]
            if first == part.first and earliest < latest:
                interval = (min(interval[0], sentences[earliest][0]), max(interval[1], sentences[latest][0]))
            found.append(
                Segment(
                    start_char=start,
                    end_char=sentences[last][1] if end in whole else _end(evidence, folded, end),
                    label=leans_to if is_sure else "uncertain",
                    leans_to=leans_to,
                    evidence_nats=nats,
                    probability_machine=float(1 / (1 + np.exp(-np.clip(nats, -500, 500)))),
                    p_value=p_value,
                    begins_between=interval,
                )
            )
    return tuple(found)


def _edges(divided: Division, starts: NDArray[np.int64], parted: set[int]) -> list[int]:
    """The token that each part begins with, and the number of tokens."""
    found = [
        int(starts[part.first]) if part.first - 1 in parted else token
        for part, token in zip(divided.parts, divided.begin_tokens, strict=True)
    ]
    return [*found, len(divided.evidence)]


def _begin(evidence: Evidence, folded: FoldedText, token: int) -> int:
    """Place of the first letter of a token in the text as given."""
    at = int(evidence.scores.start_char[token])
    while folded.text[at].isspace():
        at += 1
    return folded.original_span(at, at + 1)[0]


def _end(evidence: Evidence, folded: FoldedText, token: int) -> int:
    """Place behind the last letter before a token in the text as given."""
    at = int(evidence.scores.end_char[token - 1])
    while folded.text[at - 1].isspace():
        at -= 1
    return folded.original_span(at - 1, at)[1]


def _pieces(part: Part, parted: set[int]) -> list[tuple[int, int]]:
    """First and last sentence of each run of a part's sentences without a gap between them."""
    edges = [part.first]
    for i in range(part.first, part.last):
        if i in parted:
            edges += [i, i + 1]
    return list(zip(edges[::2], [*edges[1::2], part.last], strict=True))


def _parted(sentences: list[tuple[int, int]], gaps: list[tuple[int, int]]) -> set[int]:
    """Sentences between which and the next something lies that was left out."""
    gaps = sorted(gaps)
    found = set()
    for i, ((_, end), (following, _)) in enumerate(pairwise(sentences)):
        at = bisect_left(gaps, (end, end))
        if at < len(gaps) and gaps[at][1] <= following:
            found.add(i)
    return found
