"""Which format the bytes of a file are in."""

import re
from typing import Literal

from detector.documents.formats.archive import Archive
from detector.documents.formats.mail import is_mail, mails_in
from detector.documents.formats.subtitles import is_subtitles
from detector.documents.records import is_parquet, is_table_name, say_batch
from detector.errors import InputError

Format = Literal["epub", "mail", "notebook", "open_document", "pdf", "rich_text", "subtitles", "web_page", "word"]
"""A module of this package."""

_READABLE = "Readable are .txt, .md, .docx, .odt, .rtf, .pdf, .epub, .html, .eml, .ipynb, .srt and .vtt."
_REFUSED = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x1f\x8b": "a gzip file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
}
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_WEB_PAGE = re.compile(
    # a comment is taken whole or not at all, or many of them would be tried in every combination
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:(?><!--.*?-->)\s*)*+<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_WEB_PAGE_NAMES = (".html", ".htm", ".xhtml")
_RICH_TEXT = b"{\\rtf"
_NOTEBOOK = re.compile(rb"\s*\{.*\"(?:nbformat|cell_type)\"", re.DOTALL)
_LOOKED_AT = 4096


def format_of(data: bytes, name: str) -> Format | None:
    """None for what may be plain text; raises ``InputError`` for what cannot be read, or is more than one text."""
    if is_table_name(name) or is_parquet(data):
        raise InputError(say_batch(data, name))
    for magic, kind in _REFUSED.items():
        if data.startswith(magic):
            raise _cannot_be_read(f"{name} is {kind}")
    if data.startswith(_OLD_OFFICE):
        if _ENCRYPTED_OFFICE in data:
            raise InputError(f"{name} is protected with a password. Save it without one and try again.")
        raise InputError(f"{name} is an old Office file (.doc). Save it as .docx and try again.")
    if data.startswith(_ZIP):
        return _format_in_zip(Archive(data, name), name)
    if data[:64].lstrip().startswith(b"%PDF") or (b"%PDF-" in data[:1024] and b"endobj" in data):
        return "pdf"
    # a byte order mark and the NULs of UTF-16 aside, the first tag looks alike in every encoding
    beginning = data[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"")
    if data.startswith(_RICH_TEXT):
        return "rich_text"
    if count := mails_in(data):
        raise InputError(
            f"{name} is a mailbox of {count:,} message{'' if count == 1 else 's'} and not one text. Save each as .eml "
            "in a folder FOLDER and judge them: detect batch FOLDER --out results"
        )
    lower = name.lower()
    if lower.endswith(".eml") or is_mail(data):
        return "mail"
    if lower.endswith(".ipynb") or _NOTEBOOK.match(data[:_LOOKED_AT]):
        return "notebook"
    if lower.endswith((".srt", ".vtt")) or is_subtitles(data[:_LOOKED_AT].decode("utf-8", "replace")):
        return "subtitles"
    if _WEB_PAGE.match(beginning) or (name.lower().endswith(_WEB_PAGE_NAMES) and re.search(rb"<[a-zA-Z!]", beginning)):
        return "web_page"
    return None


def _format_in_zip(archive: Archive, name: str) -> Format:
    """By the names of the members; nothing but a word on the kind is unpacked."""
    mimetype = archive.read("mimetype").decode("latin-1").strip() if "mimetype" in archive.members else ""
    if mimetype == "application/epub+zip" or "META-INF/container.xml" in archive.members:
        return "epub"
    if mimetype.startswith("application/vnd.oasis.opendocument.text"):
        return "open_document"
    if "[Content_Types].xml" in archive.members and any(member.startswith("word/") for member in archive.members):
        return "word"
    if any(member.endswith(".iwa") for member in archive.members):
        raise InputError(f"{name} is an Apple iWork file. Export it as .docx or .pdf and try again.")
    if mimetype.startswith("application/vnd.oasis.opendocument") or "[Content_Types].xml" in archive.members:
        if mimetype.endswith("spreadsheet") or any(member.startswith("xl/") for member in archive.members):
            raise InputError(
                f"{name} is a spreadsheet and not one text. Export it as FILE.csv and judge each row: "
                "detect batch FILE.csv --out results"
            )
        raise _cannot_be_read(f"{name} is an Office file that is no text document, such as slides")
    raise _cannot_be_read(f"{name} is a zip container of a kind that is not known; give the files in it")


def _cannot_be_read(what: str) -> InputError:
    return InputError(f"{what}. {_READABLE}")
