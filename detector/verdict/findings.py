"""What is found in a text as given and told of it: disguises, layout that was folded away, quotations.

Places of one kind in one word are one finding, and of each kind no more are listed than people can read; how many there
are is counted all the same.
"""

import re
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
"""Places from which a way of setting a text is no slip, and is told, once: it is no disguise."""
_OTHER_SPACE = re.compile("(?<=[^\\W\\d_])[\u00a0\u2009\u200a\u202f](?=[^\\W\\d_])")


def findings_of(text: str, folded: FoldedText) -> tuple[Finding, ...]:
    """All findings in a text, by where they begin."""
    found = [Finding(one.kind, one.start, one.end, one.detail) for one in places_of(text, folded.disguises)]
    spaces = () if text.isascii() else tuple(match.start() for match in _OTHER_SPACE.finditer(text))
    for kind, what, places in (
        ("spacing", "spaces before punctuation, which were taken out", folded.closed_up),
        ("spacing", "spaces between words that are no plain ones, which were read as such", spaces),
        ("punctuation", "full-width marks and digits, which were read as plain ones", folded.full_width),
    ):
        if len(places) >= _TOLD_LAYOUT:
            found.append(Finding(kind, places[0], places[0] + 1, f"the first of {len(places):,} {what}"))
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
