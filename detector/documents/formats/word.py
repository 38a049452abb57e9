"""Word documents (.docx, .docm): body, tables and text boxes in order, then footnotes and endnotes.

The XML is read directly: libraries for it leave out inserted passages and form fields, and unpack every picture.
"""

import posixpath
from collections import Counter
from collections.abc import Callable
from functools import partial

from detector.documents.decoding import decode
from detector.documents.formats.archive import Archive, elements, feed_xml, local_name
from detector.documents.formats.prose import CELL, LINE, PARAGRAPH, Prose
from detector.documents.formats.web_page import decode_markup, visible_text
from detector.errors import InputError

_WARNING = (
    "The text was taken from a Word document; headers, footers, comments and deleted passages were left out and "
    "footnotes put at the end, so places refer to the text as it was read."
)

# Fallback says again, for old programs, what a text box says.
_LEFT_OUT = frozenset({"del", "moveFrom", "Fallback", "pPr", "rPrChange", "sectPr", "tblPr", "sdtPr"})
_LOOKS = frozenset({"background", "color", "highlight", "p", "shd", "sz"})
_MARKS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_WHITE = "FFFFFF"
_NO_FILL = ("", "AUTO", _WHITE)
_LEAST_HALF_POINTS = 2
"""A size of letters that nobody can read."""
_OFF = ("0", "false", "off")
_NOT_READ = {
    "relIds": "diagram",
    "chart": "chart",
    "OLEObject": "embedded object",
    "subDoc": "part in another file",
    "unread": "part in a format that is not read",
}
"""What of a text stands in other parts of the file, or in others, and is not read."""
_DEEPEST = 3
"""Documents within documents."""
_ENDINGS = {"p": PARAGRAPH, "tbl": PARAGRAPH}
_ENDINGS_OF_CELLS = {"tc": CELL, "tr": LINE}


def read(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """(text, warnings); raises ``InputError``."""
    return _read(data, name, 0)


def _read(data: bytes, name: str, depth: int) -> tuple[str, tuple[str, ...]]:
    archive = Archive(data, name)
    main = next(iter(_related(archive, "", ("officeDocument",), name)), "word/document.xml")
    if main not in archive.members:
        raise InputError(f"{name} is a Word document without a text; it is damaged. Save it anew.")
    parts = [main, *_related(archive, main, ("footnotes", "endnotes"), name)]
    texts = []
    invisible = 0
    not_read: Counter[str] = Counter()
    chunks = _chunks(archive, main, name)
    for part in parts:
        body = _Body(partial(_chunk, archive, chunks, name, depth) if part == main else lambda _: None)
        feed_xml(archive.read(part), body, name)
        texts.append(body.text)
        invisible += body.invisible_words
        not_read += body.not_read
    warnings = [_WARNING]
    if not_read:
        listed = [f"{count} {_NOT_READ[kind]}{'' if count == 1 else 's'}" for kind, count in not_read.items()]
        warnings.append(f"Not read: {', '.join(listed)}.")
    if invisible:
        warnings.append(_warning_of_invisible(invisible))
    return PARAGRAPH.join(filter(None, texts)), tuple(warnings)


def _chunks(archive: Archive, main: str, name: str) -> dict[str, str]:
    """Members that the text takes in by reference (altChunk), by the id of the relation."""
    folder, file = posixpath.split(main)
    relations = posixpath.join(folder, "_rels", f"{file}.rels")
    if relations not in archive.members:
        return {}
    return {
        relation.get("Id", ""): posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
        for _, relation in elements(archive.read(relations), name)
        if relation.get("Type", "").endswith("/aFChunk") and relation.get("TargetMode") != "External"
    }


def _chunk(archive: Archive, chunks: dict[str, str], name: str, depth: int, relation: str) -> str | None:
    """The text that stands in another member of the file; None where it cannot be read."""
    member = chunks.get(relation, "")
    if member not in archive.members or depth >= _DEEPEST:
        return None
    data = archive.read(member)
    if data.startswith(b"PK"):
        return _read(data, name, depth + 1)[0]
    if data.startswith(b"{\\rtf"):
        from detector.documents.formats.rich_text import read as read_rich_text

        return read_rich_text(data, name)[0]
    if member.lower().endswith((".htm", ".html", ".xhtml")) or data[:1000].lstrip().startswith(b"<"):
        return visible_text(decode_markup(data, name)[0])
    return decode(data, name)[0] if member.lower().endswith(".txt") else None


def _warning_of_invisible(words: int) -> str:
    if words == 1:
        return "1 word in invisible letters was left out."
    return f"{words:,} words in invisible letters were left out."


def _related(archive: Archive, part: str, kinds: tuple[str, ...], name: str) -> list[str]:
    """Parts of the file that ``part`` (or, where empty, the file) names as being of these kinds, in their order."""
    folder, file = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{file}.rels")
    if relations not in archive.members:
        return []
    found = {
        relation.get("Type", "").rpartition("/")[2]: posixpath.normpath(posixpath.join("/", folder, relation["Target"]))
        for _, relation in elements(archive.read(relations), name)
        if "Target" in relation and relation.get("TargetMode") != "External"
    }
    return [target for kind in kinds if (target := found.get(kind, "").lstrip("/")) in archive.members]


class _Body:
    """Handler for the XML of a document's part; elements nested without end cost no stack."""

    def __init__(self, chunk: Callable[[str], str | None]) -> None:
        self.not_read: Counter[str] = Counter()
        self._chunk = chunk
        self._left_out = 0
        self._is_text = False
        self._is_hidden = False
        self._is_tiny = False
        self._is_white = False
        self._is_shaded = False
        self._ground_is_white = True
        self._tables = 0
        self._invisible: list[str] = []
        self._prose = Prose()
        self._around: list[tuple[Prose, bool, bool, bool]] = []
        self._boxes: list[Prose] = []

    @property
    def text(self) -> str:
        return self._prose.text.strip()

    @property
    def invisible_words(self) -> int:
        """Left out because their letters are white on white or too small to be seen."""
        return len("".join(self._invisible).split())

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = local_name(tag)
        if tag in _NOT_READ and not self._left_out:
            self.not_read[tag] += 1
        elif tag == "altChunk" and not self._left_out:
            self._take_in(next((value for name, value in attributes.items() if local_name(name) == "id"), ""))
        if tag in _LOOKS:
            self._look(tag, {local_name(name): value for name, value in attributes.items()})
        if self._left_out or tag in _LEFT_OUT:
            self._left_out += 1
        elif tag == "t":
            self._is_text = True
        elif tag == "r":
            self._is_hidden = self._is_tiny = self._is_white = False
        elif tag == "vanish":
            self._is_hidden = not any(value in _OFF for value in attributes.values())
        elif tag in _MARKS and not self._is_hidden:
            self._add(_MARKS[tag])
        elif tag == "tbl":
            self._tables += 1
        elif tag == "txbxContent":
            self._around.append((self._prose, self._is_hidden, self._is_tiny, self._is_white))
            self._prose = Prose()
            self._is_hidden = self._is_tiny = self._is_white = False

    def _take_in(self, relation: str) -> None:
        text = self._chunk(relation)
        if text is None:
            self.not_read["unread"] += 1
        elif text:
            self._prose.part(PARAGRAPH)
            self._prose.add(text)
            self._prose.part(PARAGRAPH)

    def data(self, text: str) -> None:
        if self._is_text and not self._is_hidden and not self._left_out:
            self._add(text)

    def _add(self, text: str) -> None:
        # in tables and boxes white letters mostly stand on a ground that a style has coloured
        can_be_seen = self._is_shaded or self._tables or self._around or not self._ground_is_white
        if self._is_tiny or (self._is_white and not can_be_seen):
            self._invisible.append(text)
        else:
            self._prose.add(text)

    def _look(self, tag: str, given: dict[str, str]) -> None:
        value = given.get("val", "")
        if tag == "p":
            self._is_shaded = False
        elif tag == "background":
            self._ground_is_white = given.get("color", "").upper() in ("", "AUTO", _WHITE)
        elif tag == "shd":
            self._is_shaded |= given.get("fill", "").upper() not in _NO_FILL or "themeFill" in given
        elif tag == "highlight":
            self._is_shaded |= value not in ("none", "white")
        elif not self._left_out and tag == "color":
            self._is_white = value.upper() == _WHITE
        elif not self._left_out and tag == "sz":
            self._is_tiny = value.isascii() and value.isdecimal() and int(value[:9]) <= _LEAST_HALF_POINTS

    def end(self, tag: str) -> None:
        tag = local_name(tag)
        if self._left_out:
            self._left_out -= 1
        elif tag == "t":
            self._is_text = False
        elif tag == "r":
            self._is_hidden = self._is_tiny = self._is_white = False
        elif tag == "txbxContent":
            self._boxes.append(self._prose)
            self._prose, self._is_hidden, self._is_tiny, self._is_white = self._around.pop()
        elif tag in _ENDINGS_OF_CELLS:
            self._prose.part_only(_ENDINGS_OF_CELLS[tag])
        elif tag in _ENDINGS:
            self._tables -= tag == "tbl"
            if self._invisible:
                self._invisible.append(" ")
            self._prose.part(_ENDINGS[tag])
            self._put_down_boxes()

    def _put_down_boxes(self) -> None:
        """A text box stands behind the paragraph it hangs on."""
        if not self._around:
            boxes, self._boxes = self._boxes, []
            for box in boxes:
                self._prose.add(box.text)
                self._prose.part(PARAGRAPH)
