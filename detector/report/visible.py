"""A stranger's text as safe HTML: markup escaped, and what hides or turns the writing shown as labelled marks."""

import re
import unicodedata

from markupsafe import Markup, escape

_SHORT_NAMES = {
    "\u00ad": "SHY", "\u200b": "ZWSP", "\u200c": "ZWNJ", "\u200d": "ZWJ", "\u200e": "LRM", "\u200f": "RLM",
    "\u061c": "ALM", "\u2028": "LSEP", "\u2029": "PSEP", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF",
    "\u202d": "LRO", "\u202e": "RLO", "\u2060": "WJ", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI",
    "\u2069": "PDI", "\ufeff": "BOM",
}  # fmt: skip
_BLANK_LETTERS = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters to Unicode, and nothing on the page."""

# Controls but tab and newline, separators, surrogates, format and private characters, and the blank letters.
_SUSPECT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ue000-\uf8ff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
    + _BLANK_LETTERS
    + "]"
)


def label_of(character: str) -> str:
    r"""A short name for a character that cannot be seen.

    >>> label_of("\u202e"), label_of("\x07")
    ('RLO', 'U+0007')
    """
    return _SHORT_NAMES.get(character) or f"U+{ord(character):04X}"


def visible(text: str) -> Markup:
    """HTML that shows ``text`` and does nothing else: no character of it can hide, reorder or end anything."""
    found = _SUSPECT.search(text)
    if found is None:
        return escape(text)
    pieces: list[Markup] = []
    at = 0
    for match in _SUSPECT.finditer(text):
        if match.group() == "\r" or _joins_pictures(text, match.start()):
            continue
        pieces += [escape(text[at : match.start()]), _mark(match.group())]
        at = match.end()
    return Markup("").join([*pieces, escape(text[at:])])


def plain_visible(text: str) -> str:
    """The same for places that hold text alone, such as a page's title."""
    return _SUSPECT.sub(lambda match: f"[{label_of(match.group())}]", text)


def _mark(character: str) -> Markup:
    name = unicodedata.name(character, "no printable character").lower()
    return Markup('<b class="mark" title="{}">{}</b>').format(name, label_of(character))


def _joins_pictures(text: str, at: int) -> bool:
    """A joiner within an emoji such as a family is no disguise."""
    return text[at] == "\u200d" and 0 < at < len(text) - 1 and min(text[at - 1], text[at + 1]) > "\u2000"
