"""Spaces that are not how English is set: inside words, before punctuation, of widths that typewriters never had."""

import re
from collections import Counter
from itertools import pairwise

from detector.documents.edits import Edit

# Single letters with space between them; what divides the words of such a run is a gap of another kind.
_SPACED_OUT = re.compile(r"(?<!\S)[^\W\d_](?:\s++[^\W\d_](?![^\W_]))++")
_GAP = re.compile(r"\s+")
_FEWEST_LETTERS = 4
_LONGEST_WORD = 20
_TOLD_WORDS = 3
"""Words set letter by letter from which it is more than an emphasis."""

_UNUSUAL = re.compile("(?<=[^\\W\\d_])[\u1680\u2000-\u2008\u205f\u3000](?=[^\\W\\d_])")
"""Spaces that typesetters put beside numbers, marks and dashes, between two letters. The non-breaking one is common."""
_TOLD_SPACES = 3


def closed_up_edits(text: str) -> tuple[list[Edit], list[tuple[int, int]]]:
    """Words set l i k e  t h i s as words, and the places of it that are more than an emphasis; linear in the text."""
    edits: list[Edit] = []
    places: list[tuple[int, int]] = []
    n_words = 0
    for match in _SPACED_OUT.finditer(text):
        run = match.group()
        gaps = _GAP.findall(run)
        if len(gaps) + 1 < _FEWEST_LETTERS:
            continue
        between_letters, _ = min(Counter(gaps).items(), key=lambda item: (-item[1], len(item[0]), item[0]))
        lengths = [1]
        for gap in gaps:
            if gap == between_letters:
                lengths[-1] += 1
            else:
                lengths.append(1)
        if max(lengths) > _LONGEST_WORD or not _reads_as_words(_GAP.sub("", run)):
            continue
        edits += [
            (match.start() + gap.start(), match.start() + gap.end(), "")
            for gap in _GAP.finditer(run)
            if gap.group() == between_letters
        ]
        places.append(match.span())
        n_words += len(lengths)
    return edits, places if n_words >= _TOLD_WORDS else []


def _reads_as_words(letters: str) -> bool:
    """No list of letters: not in the order of the alphabet, with vowels and consonants, no short row of capitals."""
    lowered = letters.lower()
    in_order = sum(ord(b) - ord(a) == 1 for a, b in pairwise(lowered))
    vowels = sum(c in "aeiouy" for c in lowered)
    return (
        2 * in_order < len(letters) - 1
        and 0 < vowels < len(letters)
        and (any(map(str.islower, letters)) or len(letters) > _FEWEST_LETTERS)
    )


def unusual_spaces(text: str) -> list[tuple[int, int]]:
    """Places of spaces of unusual width between two letters, where there are several."""
    if text.isascii():
        return []
    found = [match.span() for match in _UNUSUAL.finditer(text)]
    return found if len(found) >= _TOLD_SPACES else []


# French sets a space before the marks of two parts, and quotations keep it.
_FRENCH = re.compile(
    r"[\u00ab\u00e0\u00e2\u00e7\u00e8\u00e9\u00ea\u00ee\u00ef\u00f4\u00f9\u0153]"
    r"|\b(?:le|la|les|des|du|est|et|que|qui|une|dans|pour|pas|vous|nous|il|elle|je|tu|ce|sur|avec|mais|ou|quoi|bien)\b",
    re.IGNORECASE,
)
FEWEST_CLOSED_UP = 3
"""Spaces before punctuation from which they are how a text is set; fewer are slips of its author."""
_HEARD = 60
"""Characters before a mark in which its language is heard."""
_CLOSING = "\"')]}"


def closes_up(text: str, start: int, end: int) -> bool:
    """Whether the space from ``start`` to ``end`` stands before punctuation that belongs to the word before it.

    Kept are spaced ellipses, decimals such as .5, names such as .NET, faces made of marks, and what French has.
    """
    mark, after = text[end : end + 1], text[end + 1 : end + 2]
    before = text[start - 1 : start]
    if mark not in tuple(",.;:!?)") or not (before.isalnum() or before in tuple(_CLOSING + "%\u2019\u201d")):
        return False
    if after and not after.isspace() and after not in tuple(_CLOSING + "\u2019\u201d"):
        return False
    if mark == "." and text[end + 1 : end + 4].lstrip()[:1] == ".":
        return False
    if mark in ":;" and after in tuple(")]}"):
        return False
    return mark in ",.)" or not _FRENCH.search(text, max(0, start - _HEARD), start)
