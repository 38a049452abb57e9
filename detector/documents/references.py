"""Characters written as references of HTML, such as ``&amp;`` and ``&#97;``: what is left of a page, or a disguise."""

import html
import re

from detector.documents.edits import Edit

# The ampersand may itself be written as one, any number of times over.
_REFERENCE = re.compile(
    r"&(?:(?:amp|#0*38|#[xX]0*26);)*+(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|&(?:(?:amp|#0*38);)++"
)
_AMPERSANDS = re.compile(r"&(?:(?:amp|#0*38|#[xX]0*26);)++")


def reference_edits(text: str) -> tuple[list[Edit], list[tuple[int, int]]]:
    """The characters that are meant, and the places of those that hide letters or digits; linear in the text."""
    edits: list[Edit] = []
    hidden: list[tuple[int, int]] = []
    if "&" not in text:
        return edits, hidden
    for match in _REFERENCE.finditer(text):
        meant = html.unescape(_AMPERSANDS.sub("&", match.group()))
        if meant == match.group() or (len(meant) > 2 and meant.startswith("&")):
            continue  # no reference
        edits.append((*match.span(), meant))
        if meant.isascii() and meant.isalnum():
            hidden.append(match.span())
    return edits, hidden
