"""What Unicode says of characters that hide or pose: a small table made from its data, kept beside this module.

``python -m detector.documents.unicode_table`` makes it anew; that needs the packages ``regex`` (properties) and
``confusable_homoglyphs`` (the confusables of Unicode Technical Standard 39), which nothing else here does. The table
names the version of both. Unicode data files are (c) Unicode, Inc., under the Unicode License v3.
"""

import json
import string
import sys
import unicodedata
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_OUTLINED = "".join(map(chr, range(0x1CCD6, 0x1CCF0)))
"""Outlined capitals A to Z, newer than the data of the confusables."""
_AT_HOME = "\u017f"
"""The long s of old prints, which is a letter of English."""
_WRITTEN = ("Lu", "Ll", "Lo", "Nd", "Nl")
"""Categories of what stands in words; the signs of mathematics, such as the union and the cross, are none."""
_DRAWN_ALIKE = "\u237a\u2373\u2374\u212e"
"""Signs that are drawn as letters all the same: alpha, iota and rho of APL, the estimated sign."""

TABLE_FILE = Path(__file__).parent / "unicode_table.json"


@cache
def table() -> dict[str, Any]:
    """The table as it stands in its file."""
    return json.loads(TABLE_FILE.read_text(encoding="utf-8"))


@cache
def invisible_class() -> str:
    """The inside of a character class of a regular expression: every character that leaves no mark on the page.

    Default_Ignorable_Code_Point and the category Cf, less the Arabic and Kaithi signs of Cf that are drawn.
    """
    return _class_of(table()["invisible"])


@cache
def emoji_class() -> str:
    """The same of characters that may be drawn as an emoji; none of them is ASCII."""
    return _class_of(table()["emoji"])


@cache
def latin_letters() -> dict[str, str]:
    """Character that looks like a letter of ASCII → that letter."""
    return {character: letter for letter, like in table()["latin"].items() for character in like}


@cache
def script_of(character: str) -> str:
    """The script a letter's name begins with, such as ``LATIN``; empty for a character without a name."""
    return unicodedata.name(character, "").partition(" ")[0]


def describe_character(character: str) -> str:
    """``U+200B ZERO WIDTH SPACE``."""
    return f"U+{ord(character):04X} {unicodedata.name(character, 'unnamed')}"


def _class_of(ranges: list[list[int]]) -> str:
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


def _ranges(characters: list[str]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for code in map(ord, characters):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ranges


def make_table() -> dict[str, Any]:
    """The table from the data of the two packages."""
    import regex
    from confusable_homoglyphs.confusables import confusables_data

    every = "".join(map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1))))
    invisible = r"[\p{Default_Ignorable_Code_Point}\p{Cf}--\p{Prepended_Concatenation_Mark}]"
    latin: dict[str, list[str]] = {}
    for character in every[128:]:
        confusables = [one["c"] for one in confusables_data.get(character, ())]
        if letter := _latin_for(character, [one for one in confusables if len(one) == 1]):
            latin.setdefault(letter, []).append(character)
    return {
        "properties": f"Unicode 17.0, as in regex {metadata.version('regex')}",
        "confusables": f"Unicode 15.1, as in confusable_homoglyphs {metadata.version('confusable_homoglyphs')}",
        "licence": "Unicode License v3, https://www.unicode.org/license.txt",
        "invisible": _ranges(regex.findall(invisible, every, flags=regex.VERSION1)),
        "emoji": _ranges(regex.findall(r"[\p{Emoji}\p{Extended_Pictographic}--\p{ASCII}]", every, regex.VERSION1)),
        "latin": {letter: "".join(like) for letter, like in sorted(latin.items())},
    }


def _latin_for(character: str, confusables: list[str]) -> str:
    """The letter of ASCII that a character looks like, or nothing; ordinals and digits are raised in any writing."""
    name, kind = unicodedata.name(character, ""), unicodedata.decomposition(character)
    is_raised = "<super>" in kind or "<sub>" in kind
    if character in _AT_HOME or (is_raised and unicodedata.category(character) != "Lm"):
        return ""
    small = name.removeprefix("LATIN LETTER SMALL CAPITAL ")
    if len(small) == 1:
        return small.lower()
    if character in _OUTLINED:
        return string.ascii_uppercase[_OUTLINED.index(character)]
    plain = unicodedata.normalize("NFKC", character)
    if plain == character and unicodedata.category(character) not in _WRITTEN and character not in _DRAWN_ALIKE:
        return ""
    letters = [one for one in (plain, *confusables) if len(one) == 1 and one.isascii() and one.isalpha()]
    if not letters:
        return ""
    # The data give one prototype, l, to all upright strokes: the case of the character tells I from l.
    if letters[0] == "l" and "CAPITAL" in name:
        return "I"
    return letters[0]


if __name__ == "__main__":
    made = json.dumps(make_table(), ensure_ascii=True)
    TABLE_FILE.write_text(made + "\n", encoding="ascii")
