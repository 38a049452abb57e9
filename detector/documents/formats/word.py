"""Word documents (.docx, .docm): body, tables and text boxes in order, then footnotes and endnotes.

The XML is read directly: libraries for it leave out inserted passages and form fields, and unpack every picture.
"""

import posixpath

from detector.documents.formats.archive import Archive, elements, feed_xml, local_name
from detector.documents.formats.prose import CELL, LINE, PARAGRAPH, Prose
from detector.errors import InputError

_WARNING = (
    "The text was taken from a Word document; headers, footers, comments and deleted passages were left out and "
    "footnotes put at the end, so places refer to the text as it was read."
)

# Fallback says again, for old programs, what a text box says.
_LEFT_OUT = frozenset({"del", "moveFrom", "Fallback", "pPr", "rPrChange", "sectPr", "tblPr", "sdtPr"})
_MARKS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_OFF = ("0", "false", "off")
_ENDINGS = {"p": PARAGRAPH, "tbl": PARAGRAPH}
_ENDINGS_OF_CELLS = {"tc": CELL, "tr": LINE}


def read(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """(text, warnings); raises ``InputError``."""
    archive = Archive(data, name)
    main = next(iter(_related(archive, "", ("officeDocument",), name)), "word/document.xml")
    if main not in archive.members:
        raise InputError(f"{name} is a Word document without a text; it is damaged. Save it anew.")
    parts = [main, *_related(archive, main, ("footnotes", "endnotes"), name)]
    texts = []
    for part in parts:
        body = _Body()
        feed_xml(archive.read(part), body, name)
        texts.append(body.text)
    return PARAGRAPH.join(filter(None, texts)), (_WARNING,)


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

    def __init__(self) -> None:
        self._left_out = 0
        self._is_text = False
        self._is_hidden = False
        self._prose = Prose()
        self._around: list[Prose] = []
        self._boxes: list[Prose] = []

    @property
    def text(self) -> str:
        return self._prose.text.strip()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = local_name(tag)
        if self._left_out or tag in _LEFT_OUT:
            self._left_out += 1
        elif tag == "t":
            self._is_text = True
        elif tag == "r":
            self._is_hidden = False
        elif tag == "vanish":
            self._is_hidden = not any(value in _OFF for value in attributes.values())
        elif tag in _MARKS and not self._is_hidden:
            self._prose.add(_MARKS[tag])
        elif tag == "txbxContent":
            self._around.append(self._prose)
            self._prose = Prose()

    def data(self, text: str) -> None:
        if self._is_text and not self._is_hidden and not self._left_out:
            self._prose.add(text)

    def end(self, tag: str) -> None:
        tag = local_name(tag)
        if self._left_out:
            self._left_out -= 1
        elif tag == "t":
            self._is_text = False
        elif tag == "r":
            self._is_hidden = False
        elif tag == "txbxContent":
            self._boxes.append(self._prose)
            self._prose = self._around.pop()
        elif tag in _ENDINGS_OF_CELLS:
            self._prose.part_only(_ENDINGS_OF_CELLS[tag])
        elif tag in _ENDINGS:
            self._prose.part(_ENDINGS[tag])
            self._put_down_boxes()

    def _put_down_boxes(self) -> None:
        """A text box stands behind the paragraph it hangs on."""
        if not self._around:
            boxes, self._boxes = self._boxes, []
            for box in boxes:
                self._prose.add(box.text)
                self._prose.part(PARAGRAPH)
