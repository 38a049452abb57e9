"""RTF, by striprtf: the text, a paragraph a line."""

import re

from detector.documents.formats.prose import PARAGRAPH
from detector.errors import InputError

MOST_CHARACTERS = 64 * 2**20
"""Of a file; pictures in it are written out in hexadecimal figures."""
_PICTURE = re.compile(r"\{\\(?:\*\\)?(?:pict|objdata|blipuid|datastore|themedata|colorschememapping)\b[^{}]{2000,}\}")
# What of a document is no text of its body, as a group that begins so.
_LEFT_OUT = re.compile(
    r"\{(?:\\\*)?\\(?:header|headerl|headerr|headerf|footer|footerl|footerr|footerf|annotation|atnid|atnauthor)\b"
)
_DELETED = re.compile(r"\{[^{}]*\\(?:deleted|v)(?![a-z0-9])[^{}]*\}")
_WARNING = (
    "The text was taken from an RTF file; headers, footers, comments, deleted and hidden passages were left out, so "
    "places refer to the text as it was read."
)


def read(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """(text, warnings); raises ``InputError``."""
    from striprtf.striprtf import rtf_to_text

    source = data.decode("latin-1")
    if len(source) > MOST_CHARACTERS:
        raise InputError(f"{name} is an RTF file of more than {MOST_CHARACTERS >> 20} MB. Save the text alone.")
    source = _DELETED.sub("", _without_groups(_PICTURE.sub("", source)))
    try:
        text = rtf_to_text(source, encoding="cp1252", errors="replace")
    except (ValueError, LookupError, IndexError, RecursionError) as error:
        raise InputError(f"{name} is an RTF file that is damaged ({error}). Save it anew.") from None
    lines = (line.strip(" \t\r|").replace("|", "\t") for line in text.split("\n"))
    return PARAGRAPH.join(line for line in lines if line), (_WARNING,)


def _without_groups(source: str) -> str:
    """The source without the groups of headers, footers and comments, braces within them matched."""
    kept, at = [], 0
    for group in _LEFT_OUT.finditer(source):
        if group.start() < at:
            continue
        kept.append(source[at : group.start()])
        at = _past_group(source, group.start())
    return "".join(kept) + source[at:]


def _past_group(source: str, opening: int) -> int:
    depth = 0
    for brace in re.finditer(r"\\[\\{}]|[{}]", source[opening:]):
        if len(brace.group()) == 1:
            depth += 1 if brace.group() == "{" else -1
            if depth == 0:
                return opening + brace.end()
    return len(source)
