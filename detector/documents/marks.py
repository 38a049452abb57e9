"""Marks above, below and through letters that no language puts there, and accents written as marks of their own.

An accent behind its letter is composed with it, as most programs write it. What is taken out and told: strokes through
letters of words, more marks on a letter than any spelling has, and accents on English: where common English words that
no other language has bear marks, four times and three words at least, the marks of all Latin letters go.
"""

import re
import unicodedata

from detector.documents.edits import Edit
from detector.documents.function_words import FUNCTION_WORDS

_MARK = "\u0300-\u034e\u0350-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
# Marks of scripts that have them on letters of their own, such as Hebrew points, behind a plain letter.
_OTHERS = "".join(
    chr(c) for c in (*range(0x370, 0x1AB0), *range(0xA66F, 0xAC00)) if unicodedata.category(chr(c)) in ("Mn", "Me")
)
_FOREIGN = re.compile(f"(?<=[a-zA-Z])[{_OTHERS}]+")
_ACCENTS = re.compile(rf"[\u00c0-\u024f\u1e00-\u1eff{_MARK}{_OTHERS}]")
_CLUSTER = re.compile(rf"([^\W_])([{_MARK}]++)")
"""A letter or digit with its marks."""
_ANY = re.compile(f"[{_MARK}]")
_STROKES = re.compile("[\u0335-\u0338\u20d2\u20d3\u20d8-\u20da\u20dd-\u20e0\u20e2\u20e4-\u20e6\u20ea\u20eb]")
"""Strokes, rings and boxes over the letter; a slanted tilde is phonetics', an arrow above a vector's."""
_MOST_MARKS = 3
"""Of one letter in any spelling or transcription."""
_WORD = re.compile(rf"(?:[^\W\d_]|[{_MARK}])+")
_ACCENTED, _ACCENTED_WORDS = 4, 3

# Words that no Vietnamese syllable and no common word of another Latin spelling is, accents aside.
_VIETNAMESE = re.compile(r"[^aeiouy]*[aeiouy]+(?:c|ch|m|n|ng|nh|p|t)?")
_ENGLISH_ALONE = frozenset(word for word in FUNCTION_WORDS if len(word) > 2 and not _VIETNAMESE.fullmatch(word)) - {
    "her",
    "had",
    "for",
    "are",
    "has",
    "his",
    "was",
    "over",
    "all",
    "our",
    "any",
    "most",
    "must",
    "just",
}


def composed_edits(text: str) -> list[Edit]:
    """Letters with accents behind them as single characters, where there is such a character."""
    if text.isascii() or not _ANY.search(text):
        return []
    return [
        (match.start(), match.end(), composed)
        for match in _CLUSTER.finditer(text)
        if len(composed := unicodedata.normalize("NFC", match.group())) < len(match.group())
    ]


def mark_removals(text: str) -> tuple[list[Edit], list[tuple[int, int]]]:
    """What to take out, and the places of it; linear in the text."""
    if text.isascii() or not _ACCENTS.search(text):
        return [], []
    if _are_english_words_accented(text):
        accents = [
            (at, at + 1, plain)
            for at, character in enumerate(text)
            if not character.isascii() and (plain := _without_mark(character)) != character
        ]
        return accents, [(start, end) for start, end, _ in accents]
    edits: list[Edit] = [(*match.span(), "") for match in _FOREIGN.finditer(text)]
    for match in _CLUSTER.finditer(text):
        start, end = match.span(2)
        marks = match.group(2)
        if len(unicodedata.normalize("NFC", match.group())) - 1 > _MOST_MARKS:
            edits.append((start, end, ""))
        elif _STROKES.search(marks) and _is_in_a_word(text, match):
            edits.append((start, end, _STROKES.sub("", marks)))
    edits.sort()
    return edits, [(start, end) for start, end, _ in edits]


def _without_mark(character: str) -> str:
    """The Latin letter of ASCII without its accents; nothing for a mark; anything else as it is."""
    if _ANY.match(character):
        return ""
    letter = unicodedata.normalize("NFD", character)[0]
    return letter if letter.isascii() and letter.isalpha() else character


def _is_in_a_word(text: str, match: re.Match[str]) -> bool:
    """Whether the letter has another beside it, marks aside; a symbol alone may be struck out."""
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return match.group(1).isalpha() and (before.isalpha() or after.isalpha() or bool(before and _ANY.match(before)))


def _are_english_words_accented(text: str) -> bool:
    found: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group()
        if not word.isascii() and len(word) < 60:
            plain = "".join(map(_without_mark, word)).lower()
            if plain in _ENGLISH_ALONE:
                found.append(plain)
    return len(found) >= _ACCENTED and len(set(found)) >= _ACCENTED_WORDS
