"""A stranger's text as safe HTML: markup escaped, and what hides or turns the writing shown as labelled marks."""

import re
import unicodedata
from itertools import groupby

from markupsafe import Markup, escape

from detector.documents.invisible import is_needed
from detector.documents.unicode_table import invisible_class

_SHORT_NAMES = {
    "\u00ad": "SHY", "\u200b": "ZWSP", "\u200c": "ZWNJ", "\u200d": "ZWJ", "\u200e": "LRM", "\u200f": "RLM",
    "\u061c": "ALM", "\u2028": "LSEP", "\u2029": "PSEP", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF",
    "\u202d": "LRO", "\u202e": "RLO", "\u2060": "WJ", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI",
    "\u2069": "PDI", "\ufeff": "BOM",
}  # fmt: skip
_BLANK_LETTERS = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters to Unicode, and nothing on the page."""

# Controls but tab and newline, separators, surrogates, format and private characters, what Unicode ignores.
_SUSPECT_CLASS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u2028\u2029"
    "\ud800-\udfff\ue000-\uf8ff\U000110bd\U000110cd\U000f0000-\U0010ffff" + _BLANK_LETTERS + invisible_class()
)
_SUSPECT = re.compile(f"[{_SUSPECT_CLASS}]")
_RUN = re.compile(f"[{_SUSPECT_CLASS}]+")


def label_of(character: str) -> str:
    r"""A short name for a character that cannot be seen.

    >>> label_of("\u202e"), label_of("\x07")
    ('RLO', 'U+0007')
    """
    return _SHORT_NAMES.get(character) or f"U+{ord(character):04X}"


def visible(text: str, start: int = 0, end: int | None = None) -> Markup:
    """HTML that shows ``text[start:end]`` and does nothing else: no character can hide, reorder or end anything.

    What writing needs, such as the joiner within an emoji, is left; the text around the part tells. A run of one such
    character is one mark.
    """
    end = len(text) if end is None else end
    if _SUSPECT.search(text, start, end) is None:
        return escape(text[start:end])
    pieces: list[Markup] = []
    at = start
    for match in _RUN.finditer(text, start, end):
        run = match.group()
        if run == "\r" or is_needed(text, *match.span()):
            continue
        pieces.append(escape(text[at : match.start()]))
        pieces += [_mark(character, sum(1 for _ in same)) for character, same in groupby(run.replace("\r", ""))]
        at = match.end()
    return Markup("").join([*pieces, escape(text[at:end])])


def plain_visible(text: str) -> str:
    """The same for places that hold text alone, such as a page's title."""
    return _SUSPECT.sub(lambda match: f"[{label_of(match.group())}]", text)


def _mark(character: str, count: int) -> Markup:
    name = unicodedata.name(character, "no printable character").lower()
    times = f" \u00d7{count:,}" if count > 1 else ""
    return Markup('<b class="mark" title="{}">{}{}</b>').format(name, label_of(character), times)
