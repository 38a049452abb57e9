"""Where a text gives the words of others: long quotations in quotation marks, and block quotes.

Short quotations are how people write; long ones are by somebody else, whom the verdict does not ask about.
"""

import re

FEWEST_WORDS = 12
"""Words from which a quotation counts as somebody else's text."""
MUCH = 1 / 3
"""Share of a text's words from which its quotations may decide the verdict."""

_MOST_CHARACTERS = 3000
_MARKED = re.compile(
    rf"\u201c[^\u201c\u201d]{{1,{_MOST_CHARACTERS}}}\u201d"
    rf"|\u00ab[^\u00ab\u00bb]{{1,{_MOST_CHARACTERS}}}\u00bb"
    # A straight mark opens after a space or bracket and closes before one; so inches and slips do not.
    rf"|(?<![^\s(\[])\"(?=\S)[^\"]{{1,{_MOST_CHARACTERS}}}(?<=\S)\"(?=$|[\s.,;:!?)\]])"
)
_BLOCK = re.compile(r"(?:^[ \t]*>[^\n]*(?:\n|\Z))+", re.MULTILINE)


def quotations(text: str) -> list[tuple[int, int]]:
    """(start, end) of every quotation of ``FEWEST_WORDS`` words or more, marks included, in order.

    >>> text = 'He said "no". She read: "' + "word " * 15 + 'end."'
    >>> [(a, text[a:b][:6]) for a, b in quotations(text)]
    [(24, '"word ')]
    """
    found = [match.span() for pattern in (_BLOCK, _MARKED) for match in pattern.finditer(text)]
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found):
        end = start + len(text[start:end].rstrip())
        if len(text[start:end].split()) >= FEWEST_WORDS and (not kept or start >= kept[-1][1]):
            kept.append((start, end))
    return kept


def quoted_share(text: str, spans: list[tuple[int, int]]) -> float:
    """Share of the words of ``text`` that stand in the spans; 0 for an empty text."""
    words = len(text.split())
    return sum(len(text[start:end].split()) for start, end in spans) / words if words else 0.0
