"""EPUB books: the chapters in the order of the spine."""

import posixpath
from urllib.parse import unquote

from detector.documents.formats.archive import Archive, check_tags, elements
from detector.documents.formats.prose import PARAGRAPH
from detector.documents.formats.web_page import decode_markup, visible_text
from detector.errors import InputError

_CONTAINER = "META-INF/container.xml"
_LOCKS = "META-INF/encryption.xml"
_CHAPTER_TYPES = ("application/xhtml+xml", "text/html")


def read(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """(text, warnings); raises ``InputError``."""
    archive = Archive(data, name)
    chapters = _spine(archive, name)
    locked = _locked(archive, name)
    if any(chapter in locked for chapter in chapters):
        raise InputError(f"{name} is an EPUB book with copy protection, so its text cannot be read.")
    found = [chapter for chapter in chapters if chapter in archive.members]
    if not found:
        raise InputError(f"{name} is an EPUB book without a chapter; it is damaged.")
    tags = 0
    texts: list[str] = []
    doubts: list[str] = []
    for chapter in found:
        markup, doubt = decode_markup(archive.read(chapter), f"{chapter} in {name}")
        tags += markup.count("<")
        check_tags(tags, name)
        texts.append(visible_text(markup, is_xml=True))
        doubts += doubt
    if missing := len(chapters) - len(found):
        doubts.append(f"{missing} of the book's {len(chapters)} chapters are not in the file.")
    files = "1 file" if len(found) == 1 else f"{len(found)} files"
    warning = f"The text was taken from an EPUB book, {files}; places refer to the text as it was read."
    return PARAGRAPH.join(filter(None, texts)), (*doubts, warning)


def _spine(archive: Archive, name: str) -> list[str]:
    """Members with the chapters, in order; a list of contents is no chapter."""
    packages = [
        attributes["full-path"]
        for tag, attributes in elements(archive.read(_CONTAINER), name)
        if tag == "rootfile" and "full-path" in attributes
    ]
    if not packages:
        raise InputError(f"{name} is an EPUB book that does not say where its contents are; it is damaged.")
    package = packages[0]
    folder = posixpath.dirname(package)
    listed = elements(archive.read(package), name)
    chapters = {
        item["id"]: posixpath.normpath(posixpath.join(folder, unquote(item["href"])))
        for tag, item in listed
        if tag == "item"
        and {"id", "href"} <= item.keys()
        and item.get("media-type") in _CHAPTER_TYPES
        and "nav" not in item.get("properties", "").split()
    }
    spine = [reference.get("idref", "") for tag, reference in listed if tag == "itemref"]
    return [chapters[item] for item in spine if item in chapters]


def _locked(archive: Archive, name: str) -> set[str]:
    """Members that are encrypted; fonts often are, in books that can be read."""
    if _LOCKS not in archive.members:
        return set()
    return {
        unquote(attributes.get("URI", ""))
        for tag, attributes in elements(archive.read(_LOCKS), name)
        if tag == "CipherReference"
    }
