"""OpenDocument texts (.odt): body, tables and text boxes in order, then the notes."""

from detector.documents.formats.archive import Archive, feed_xml, local_name
from detector.documents.formats.prose import CELL, LINE, PARAGRAPH, Prose
from detector.errors import InputError

_WARNING = (
    "The text was taken from an OpenDocument text; headers, footers, comments and deleted passages were left out and "
    "notes put at the end, so places refer to the text as it was read."
)

_OF_PICTURES = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_LEFT_OUT = frozenset({"tracked-changes", "annotation", "note-citation", "hidden-text", "hidden-paragraph"})
_PARAGRAPHS = ("p", "h")
_MOST_SPACES = 100
"""Taken from one mark for spaces in a row."""


def read(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """(text, warnings); raises ``InputError``."""
    archive = Archive(data, name)
    manifest = "META-INF/manifest.xml"
    if manifest in archive.members and b":encryption-data" in archive.read(manifest):
        raise InputError(f"{name} is protected with a password. Save it without one and try again.")
    body = _Body()
    feed_xml(archive.read("content.xml"), body, name)
    return body.text, (_WARNING,)


class _Body:
    """Handler for content.xml."""

    def __init__(self) -> None:
        self._left_out = 0
        self._paragraphs = 0
        self._prose = Prose()
        self._around: list[tuple[Prose, int]] = []
        self._notes = Prose()

    @property
    def text(self) -> str:
        return PARAGRAPH.join(filter(None, (self._prose.text.strip(), self._notes.text.strip())))

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        is_alternative_text, tag = tag.startswith(_OF_PICTURES), local_name(tag)
        given = {local_name(name): value for name, value in attributes.items()}
        is_hidden = tag == "section" and given.get("display") == "none"
        if self._left_out or tag in _LEFT_OUT or is_alternative_text or is_hidden:
            self._left_out += 1
        elif tag in _PARAGRAPHS:
            self._paragraphs += 1
        elif tag == "note-body":
            self._around.append((self._prose, self._paragraphs))
            self._prose, self._paragraphs = self._notes, 0
        elif tag == "text-box":
            self._prose.part(PARAGRAPH)
        elif tag == "s":
            count = given.get("c", "1")
            self._prose.add(" " * min(int(count), _MOST_SPACES) if count.isascii() and count.isdecimal() else " ")
        elif tag == "tab":
            self._prose.add("\t")
        elif tag == "line-break":
            self._prose.part(LINE)

    def data(self, text: str) -> None:
        if self._paragraphs and not self._left_out:
            self._prose.flow(text)

    def end(self, tag: str) -> None:
        tag = local_name(tag)
        if self._left_out:
            self._left_out -= 1
        elif tag in _PARAGRAPHS:
            self._paragraphs -= 1
            self._prose.part(PARAGRAPH)
        elif tag == "note-body":
            self._prose, self._paragraphs = self._around.pop()
        elif tag == "table-cell":
            self._prose.part_only(CELL)
        elif tag == "table-row":
            self._prose.part_only(LINE)
        elif tag == "table":
            self._prose.part(PARAGRAPH)
