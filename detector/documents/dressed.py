"""Latin letters in another dress: full-width, mathematical, circled ones. They are read as plain letters.

A letter alone stays, for symbols are such letters, unless a word in the same dress is next to it. A finding tells where
a word is more than a name in capitals, a formula or a label: where such letters stand among plain ones, where they
make a common English word, or a word of ``_EMPHASIS`` letters with small ones among them.
"""

import re
import unicodedata
from functools import cache

from detector.documents.edits import Edit
from detector.documents.function_words import FUNCTION_WORDS, is_function
from detector.documents.unicode_table import latin_letters

_EMPHASIS = 5
_MIXED = 3
"""Letters from which a word that mixes plain and dressed ones is no formula and no unit, such as that of litres."""
_NEAR = 2
"""Characters between two words that stand beside each other."""

# Full-width and small forms of punctuation and digits, and what stands for them in sentences of Chinese and Japanese.
_SPACED = {"\uff0c": ",", "\u3001": ",", "\uff61": ".", "\u3002": ".", "\uff0e": ".", "\uff1b": ";", "\uff1a": ":",
           "\uff01": "!", "\uff1f": "?", "\ufe50": ",", "\ufe52": ".", "\ufe54": ";", "\ufe55": ":", "\ufe56": "?",
           "\ufe57": "!", "\u037e": ";", "\u2024": ".", "\ua4f8": ".", "\u060c": ",", "\u061b": ";",
           "\u061f": "?"}  # fmt: skip
_OTHER = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if not chr(code - 0xFEE0).isalpha()}
_LEADING = re.compile(r"[^a-zA-Z]")
_MARKS = re.compile(f"[{re.escape(''.join(_SPACED | _OTHER))}]")


@cache
def _dressed() -> dict[str, str]:
    return {
        character: letter
        for character, letter in latin_letters().items()
        if (unicodedata.normalize("NFKC", character).isascii() and unicodedata.category(character) != "Lm")
        or "\U0001ccd6" <= character <= "\U0001ccef"
    }


@cache
def _any_dressed() -> re.Pattern[str]:
    return re.compile(f"[{''.join(_dressed())}]")


@cache
def _word_pattern() -> re.Pattern[str]:
    """Letters of either kind around at least one in another dress."""
    dressed = "".join(_dressed())
    return re.compile(f"[a-zA-Z]*+(?:[{dressed}][a-zA-Z]*+)++")


def dressed_edits(text: str) -> tuple[list[Edit], list[tuple[int, int]]]:
    """Letters to be read as plain ones, and those among them that a finding tells; linear in the text."""
    if text.isascii() or not _any_dressed().search(text):
        return [], []
    letters = _dressed()
    words = list(_word_pattern().finditer(text))
    edits: list[Edit] = []
    told: list[tuple[int, int]] = []
    for number, match in enumerate(words):
        word = match.group()
        reading = "".join(letters.get(c, c) for c in word)
        is_mixed = any(c.isascii() for c in word)
        if is_mixed:
            is_word = reading.lower() in FUNCTION_WORDS
            if not is_word and (len(word) < _MIXED or is_function(_LEADING.split(word, maxsplit=1)[0])):
                continue
        elif len(word) == 1 and not _has_neighbour(words, number, word):
            continue
        elif len(word) == 1:
            is_word = bool(told) and match.start() - told[-1][1] <= _NEAR
        else:
            is_word = _is_more_than_a_label(reading) and not _is_among_east_asian(text, match)
        places = [match.start() + at for at, c in enumerate(word) if not c.isascii()]
        edits += [(at, at + 1, letters[text[at]]) for at in places]
        if is_mixed or is_word:
            told += [(at, at + 1) for at in places]
    return edits, told


def _is_more_than_a_label(reading: str) -> bool:
    if is_function(reading) or is_function(reading[:-1]):
        return False
    if reading.lower() in FUNCTION_WORDS:
        return True
    return len(reading) >= _EMPHASIS and sum(map(str.islower, reading)) > 1


def _has_neighbour(words: list[re.Match[str]], number: int, letter: str) -> bool:
    """Whether a longer word in the same dress stands beside a letter that stands alone."""
    beside = [words[i] for i in (number - 1, number + 1) if 0 <= i < len(words)]
    alone = words[number]
    return any(
        len(other.group()) > 1
        and max(other.start() - alone.end(), alone.start() - other.end()) <= _NEAR
        and _dress_of(other.group()[0]) == _dress_of(letter)
        for other in beside
    )


def _dress_of(character: str) -> str:
    """``MATHEMATICAL BOLD``: the first two words of its name."""
    return " ".join(unicodedata.name(character, "").split()[:2])


def _is_among_east_asian(text: str, match: re.Match[str]) -> bool:
    beside = text[max(0, match.start() - 1) : match.start()] + text[match.end() : match.end() + 1]
    return any(_is_east_asian(c) for c in beside)


def _is_east_asian(character: str) -> bool:
    return "\u3005" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7a3"


def mark_edits(text: str) -> list[Edit]:
    """Punctuation and digits that are full-width, or of another alphabet, within Latin writing: the plain ones.

    A mark behind which the next word follows at once gets the space that is drawn as a part of it.
    """
    if text.isascii() or not _MARKS.search(text):
        return []
    edits: list[Edit] = []
    for match in _MARKS.finditer(text):
        at, mark = match.start(), match.group()
        plain = _SPACED.get(mark) or _OTHER[mark]
        before, after = text[max(0, at - 2) : at].rstrip()[-1:], text[at + 1 : at + 2]
        follows = bool(edits) and before == text[edits[-1][0]] and edits[-1][1] >= at - 1
        if _is_east_asian(after) or not (follows or _is_latin(before or after)):
            continue
        is_wide = mark in _SPACED and mark > "\u3000"
        edits.append((at, at + 1, plain + " " if is_wide and _is_letter(after) else plain))
    return edits


def _is_latin(character: str) -> bool:
    return bool(character) and (character < "\u0250" or "\u1e00" <= character <= "\u206f")


def _is_letter(character: str) -> bool:
    return bool(character) and character.isalpha() and character < "\u0250"
