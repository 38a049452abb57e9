"""Characters that leave no mark on the page: which of them writing needs, which do no harm, and which hide.

Writing needs joiners in emoji and in scripts whose letters change their shape, variation selectors behind what has
variants, and breaks in scripts without spaces: those stay. Others do no harm where programs put them: hyphens that show
at the end of a line alone, marks of direction beside writing from right to left, breaks in an address. They are taken
out without a word. The rest hide: taken out, and told.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from detector.documents.edits import Edit
from detector.documents.function_words import is_function
from detector.documents.unicode_table import emoji_class, invisible_class, script_of

_CONTROLS = "\\x00-\\x08\\x0e-\\x1b\\x7f"
"""Controls of ASCII that are no space."""

_JOINERS, _WIDTHLESS_SPACE, _SOFT_HYPHEN, _GRAPHEME_JOINER = "\u200c\u200d", "\u200b", "\u00ad", "\u034f"
_DIRECTION_MARKS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069")
"""But for the overrides, which turn letters round and have no use in prose."""
_MATHEMATICAL = frozenset("\u2061\u2062\u2063\u2064")
_EMOJI_JOINTS = ("\ufe0f", "\ufe0e", "\u200d", "\ufe0f\u200d")
_BREAKABLE = frozenset("/-_.@\u2010\u2011\u2012\u2013\u2014")
_ADDRESS = re.compile(r"://|www\.|@\w|\w\.\w{2,}/", re.IGNORECASE)
# Of Hangul syllables, Syriac, Khmer, Mongolian, hieroglyphs, shorthand and notes of music, beside their own kind.
_OF_ONE_SCRIPT = re.compile(
    "[\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f\U00013430-\U00013455\U0001bca0-\U0001bca3\U0001d173-\U0001d17a]"
)
_AT_LINES = ("\u200b", "\ufeff", "\u200e", "\u200f", "\u2060")
_FAR = 40
"""Characters to either side in which a letter from right to left explains a mark of direction."""
_LONGEST_ADDRESS = 300
_FEWEST_BESIDE, _FEWEST_TO_HYPHENATE = 2, 5
"""Letters beside a soft hyphen, and of the word, where a hyphen may stand."""
_LONGEST_WORD = 20
"""Mean letters of a word, without the blanks, beyond which the blanks that are letters to Unicode do a space's work."""

# Letters that Unicode ignores and fonts show as a blank: Hangul fillers, and the braille cell without dots.
_BLANKS = "\u3164\uffa0\u2800"


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Runs of invisible characters; one emoji."""
    return re.compile(f"[{invisible_class()}{_CONTROLS}\u2800]+"), re.compile(f"[{emoji_class()}]")


def has_invisible(text: str) -> bool:
    """Whether there is any character that leaves no mark."""
    return _patterns()[0].search(text) is not None


def invisible_edits(text: str) -> tuple[list[Edit], list[tuple[int, int]]]:
    """What to take out, and the places among it that hide; what writing needs is in neither."""
    edits: list[Edit] = []
    hidden: list[tuple[int, int]] = []
    hyphens: list[tuple[int, int]] = []
    blank = " " if _blanks_are_spaces(text) else ""
    hyphens_are_plausible = True
    for start, end in _runs(text):
        run = text[start:end]
        if is_needed(text, start, end):
            continue
        edits.append((start, end, blank if run[0] in _BLANKS else ""))
        if run == _SOFT_HYPHEN:
            hyphens.append((start, end))
            hyphens_are_plausible &= _may_be_hyphenated(text, start, end)
        elif not _is_harmless(text, start, end):
            hidden.append((start, end))
    if not hyphens_are_plausible:
        hidden = sorted([*hidden, *hyphens])
    return edits, hidden


def _runs(text: str) -> Iterator[tuple[int, int]]:
    r"""Runs of invisible characters; the braille cell without dots is none among other cells."""
    for match in _patterns()[0].finditer(text):
        start, end = match.span()
        beside = text[max(0, start - 1) : start] + text[end : end + 1]
        if "\u2800" in match.group() and any("\u2801" <= c <= "\u28ff" for c in beside):
            continue
        yield start, end


def _blanks_are_spaces(text: str) -> bool:
    if not any(blank in text for blank in _BLANKS):
        return False
    shown = re.sub(f"[{_BLANKS}]", "", text)
    return len(shown) > _LONGEST_WORD * len(shown.split())


def is_needed(text: str, start: int, end: int) -> bool:
    """Whether the writing on either side is not the same without the invisible characters from ``start`` to ``end``."""
    run, before, after = text[start:end], text[start - 1 : start] if start else "", text[end : end + 1]
    if not before:
        return False
    emoji = _patterns()[1]
    if run in _EMOJI_JOINTS:
        joins = run.endswith("\u200d")
        if emoji.match(before) and (not joins or (after and emoji.match(after))):
            return True
        if not joins and before in "0123456789#*" and after == "\u20e3":
            return True
        if not joins and before == "\u20e3":
            return True
    if emoji.match(before) and run[-1] == "\U000e007f" and all("\U000e0020" <= c <= "\U000e007f" for c in run):
        return True  # the flag of a region
    if len(run) > 1:
        return False
    if run in _JOINERS + _WIDTHLESS_SPACE + _GRAPHEME_JOINER and (_is_shaped(before) or (after and _is_shaped(after))):
        return True
    if "\ufe00" <= run <= "\ufe0f" or "\U000e0100" <= run <= "\U000e01ef":
        return script_of(before) == "CJK" or ("\u2200" <= before <= "\u22ff" and run == "\ufe00")
    return _OF_ONE_SCRIPT.match(run) is not None and any(
        0 < abs(ord(c) - ord(run)) < 0x100 and c.isalpha() for c in (before, after) if c
    )


def _is_shaped(character: str) -> bool:
    """Letters and marks of scripts that join, stack or have no spaces: Arabic to Myanmar, Khmer, Mongolian."""
    return (
        "\u0600" <= character <= "\u109f"
        or "\u1700" <= character <= "\u1cff"
        or "\ua800" <= character <= "\uabff"
        or "\ufb50" <= character <= "\ufefc"
        or "\U00010a00" <= character <= "\U00011fff"
        or "\U0001e900" <= character <= "\U0001e95f"
    )


def _is_harmless(text: str, start: int, end: int) -> bool:
    """Whether it stands where programs and careful typists put such a character, for a reason that is no disguise."""
    run, before, after = text[start:end], text[start - 1 : start], text[end : end + 1]
    if set(run) <= _DIRECTION_MARKS and (
        before.isdigit() or after.isdigit() or after == "+" or _has_letter_from_the_right(text, start, end)
    ):
        return True
    if run in _MATHEMATICAL:
        return _is_in_a_formula(text, start, end)
    if run in _AT_LINES and (before in ("", "\n") or (after in ("", "\n") and not before.isalnum())):
        return True  # at the head of a file or line, or where a line was broken by hand
    if set(run) <= set("\ufe0e\ufe0f\u200d") and not before.isascii() and unicodedata.category(before)[0] in "SP":
        return True  # asks for a picture of a sign that has none, or is left of a longer one
    if run in (_WIDTHLESS_SPACE, "\u200c", "\u2060", "\ufeff") and before and after:
        if before in _BREAKABLE or after in _BREAKABLE:
            return not (before.isspace() or after.isspace())
        if _is_east_asian(before) or _is_east_asian(after):
            return True
    if run in _JOINERS + _GRAPHEME_JOINER and any("\u0590" <= c <= "\u05ff" for c in (before, after) if c):
        return True
    return not set(run) & set("\u202d\u202e") and _is_by_an_address(text, start, end)


def _has_letter_from_the_right(text: str, start: int, end: int) -> bool:
    around = text[max(0, start - _FAR) : start] + text[end : end + _FAR]
    return any(c.isalpha() and ("\u0590" <= c <= "\u08ff" or "\ufb1d" <= c <= "\ufefc") for c in around)


def _is_east_asian(character: str) -> bool:
    return "\u3000" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7a3" or "\uff00" <= character <= "\uffef"


def _is_in_a_formula(text: str, start: int, end: int) -> bool:
    """Behind the name of a function or a lone symbol, before a lone symbol, a number or a bracket."""
    left = re.search(r"[^\W\d_]*\Z", text[max(0, start - 8) : start])
    right = re.match(r"[^\W\d_]*", text[end : end + 8])
    name, symbol = (left.group() if left else ""), (right.group() if right else "")
    return len(symbol) <= 1 and (len(name) <= 1 or is_function(name))


def _is_by_an_address(text: str, start: int, end: int) -> bool:
    left, right = text[max(0, start - _LONGEST_ADDRESS) : start], text[end : end + _LONGEST_ADDRESS]
    before = left[max(left.rfind(" "), left.rfind("\n")) + 1 :]
    after = "" if not right or right[0].isspace() else right.split(maxsplit=1)[0]
    return _ADDRESS.search(before + after) is not None


def _may_be_hyphenated(text: str, start: int, end: int) -> bool:
    """Whether a hyphen could part the word here, or did where a line ended."""
    left = re.search(rf"[^\W\d_{_SOFT_HYPHEN}]*\Z", text[max(0, start - 30) : start])
    right = re.match(r"[^\W\d_]*", text[end : end + 30])
    before, after = len(left.group()) if left else 0, len(right.group()) if right else 0
    if before >= _FEWEST_BESIDE and (not text[end : end + 1] or text[end].isspace()):
        return text[end : end + 1] != " "
    word = re.sub(_SOFT_HYPHEN, "", text[max(0, start - 15) : end + 15])
    return (
        before >= _FEWEST_BESIDE
        and after >= _FEWEST_BESIDE
        and max(map(len, re.findall(r"[^\W\d_]+", word)), default=0) >= _FEWEST_TO_HYPHENATE
    )
