"""What is found in a text as given and told of it: disguises, layout that was folded away, quotations.

Places of one kind in one word are one finding, and of each kind no more are listed than people can read; how many there
are is counted all the same.
"""

from collections import Counter
from collections.abc import Iterable

from detector.documents.disguises import in_words, places_of
from detector.documents.folding import FoldedText
from detector.documents.quotations import quotations
from detector.documents.suitability import count_words
from detector.records.result import Finding

MOST_LISTED = 100
"""Findings of a kind that are listed."""
DISGUISED = "The text is disguised"
"""How the sentence on a disguise begins, the last of an explanation."""
_TOLD_LAYOUT = 3
"""Spaces before punctuation from which they are no slip."""


def findings_of(text: str, folded: FoldedText) -> tuple[Finding, ...]:
    """All findings in a text, by where they begin."""
    found = [Finding(one.kind, one.start, one.end, one.detail) for one in places_of(text, folded.disguises)]
    if len(folded.closed_up) >= _TOLD_LAYOUT:
        first = folded.closed_up[0]
        found.append(
            Finding(
                "spacing", first, first + 1, f"{len(folded.closed_up)} spaces before punctuation, which were folded away"
            )
        )
    found += [
        Finding("quotation", start, end, f"{count_words(text[start:end])} words that may be somebody else's")
        for start, end in quotations(text)
    ]
    return in_order(found)


def said_of_the_disguise(folded: FoldedText, p_value_as_given: float | None) -> str:
    """What a verdict rests on where the text as given poses as another; empty where it does not."""
    if not folded.disguises:
        return ""
    known = "" if p_value_as_given is None else f"; as it stands its p-value would be {p_value_as_given:.2g}"
    return f"{DISGUISED} ({in_words(folded.disguises)}): the verdict is on it with that undone{known}."


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By where they begin."""
    return tuple(sorted(findings, key=lambda finding: finding.start_char))


def listed(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], dict[str, int]]:
    """The first ``MOST_LISTED`` of each kind, and how many there are of each."""
    counts: Counter[str] = Counter()
    kept = []
    for finding in findings:
        counts[finding.kind] += 1
        if counts[finding.kind] <= MOST_LISTED:
            kept.append(finding)
    return tuple(kept), dict(counts)
