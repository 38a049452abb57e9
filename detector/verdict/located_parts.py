"""The parts of a text at their places in the text as given: whose they seem to be, and how sure that is."""

import numpy as np

from detector.records.result import Segment
from detector.verdict.classifier import Classifier
from detector.verdict.judgement import Division, Judgement
from detector.verdict.rules import HUMAN_TARGET, follows
from detector.verdict.segments import Part, border_intervals


def located(
    classifier: Classifier,
    divided: Division,
    sentences: list[tuple[int, int]],
    gaps: list[tuple[int, int]],
    n_tokens: int,
    judgement: Judgement,
    target_fpr: float,
) -> tuple[Segment, ...]:
    """Parts of the text as given, cut where something that was not judged lies in them.

    ``sentences`` are those with tokens. All pieces of a part have its label and p-value.
    """
    found = []
    borders = border_intervals(divided.sums, classifier.evidence.border_penalty, divided.parts)
    for part, (earliest, latest) in zip(divided.parts, borders, strict=True):
        side = part.is_machine
        if len(divided.parts) == 1:  # what the whole text is, its one part is
            side = judgement.p.machine < judgement.p.human
            p_value = judgement.p.machine if side else judgement.p.human
        elif side:
            p_value = classifier.machine_part_p_value(part.evidence_nats, n_tokens, judgement.kind)
        else:
            p_value = classifier.human_part_p_value(-part.evidence_nats, n_tokens)
        leans_to = "machine" if side else "human"
        is_sure = p_value <= (target_fpr if side else HUMAN_TARGET)
        is_sure |= follows(judgement.verdict, leans_to, part.evidence_nats)
        for first, last in _pieces(part, sentences, gaps):
            evidence = float(divided.sums[first : last + 1].sum())
            borders_of = (earliest, latest) if first == part.first else (first, first)
            found.append(
                Segment(
                    start_char=sentences[first][0],
                    end_char=sentences[last][1],
                    label=leans_to if is_sure else "uncertain",
                    leans_to=leans_to,
                    evidence_nats=evidence,
                    probability_machine=float(1 / (1 + np.exp(-np.clip(evidence, -500, 500)))),
                    p_value=p_value,
                    begins_between=(sentences[borders_of[0]][0], sentences[borders_of[1]][0]),
                )
            )
    return tuple(found)


def _pieces(part: Part, sentences: list[tuple[int, int]], gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """First and last sentence of each run of a part's sentences without a gap between them."""
    edges = [part.first]
    for i in range(part.first, part.last):
        if any(sentences[i][1] <= start and end <= sentences[i + 1][0] for start, end in gaps):
            edges += [i, i + 1]
    return list(zip(edges[::2], [*edges[1::2], part.last], strict=True))
