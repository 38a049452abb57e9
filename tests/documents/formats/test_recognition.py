"""Formats are told by their bytes, and whatever is wrong with them is one sentence."""

import contextlib
import random
import zipfile

import pytest

from detector import InputError
from detector.documents.formats import archive
from detector.documents.reading import text_of
from tests.documents.files_made_here import epub, open_document, pdf, unzipped, word, zipped

WORD = word("<w:p><w:r><w:t>The boats were gone.</w:t></w:r></w:p>" * 5)
FILES = {
    "docx": WORD,
    "epub": epub({"a": "<p>The boats were gone.</p>"}, ["a"]),
    "html": b"<!doctype html><html><title>T</title><body><p class='a'>The boats &amp; nets were gone.</p></html>",
    "odt": open_document("<text:p>The boats were gone.</text:p>"),
    "pdf": pdf([["The boats were gone."], ["Quite gone."]]),
}


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
@pytest.mark.parametrize("name", ["essay", "essay.txt", "essay.docx", "standard input"])
def test_the_name_does_not_matter(data, name):
    text, warnings = text_of(data, name)
    assert text.startswith("The boats")
    assert len(warnings) == 1
    assert "places refer to the text as it was read" in warnings[0]


@pytest.mark.parametrize("kind", FILES)
def test_damage_is_text_or_a_sentence(kind):
    data, chance = FILES[kind], random.Random(8)
    damaged = [data[:length] for length in chance.sample(range(len(data)), 40)]
    for _ in range(60):
        changed = bytearray(data)
        for at in chance.choices(range(len(data)), k=chance.choice((1, 5, 50))):
            changed[at] = chance.randrange(256)
        damaged.append(bytes(changed))
    if data.startswith(b"PK"):  # damage behind an intact container
        for member, content in unzipped(data).items():
            for _ in range(8):
                changed = bytearray(content)
                changed[chance.randrange(len(changed))] = chance.randrange(256)
                damaged.append(zipped(unzipped(data) | {member: bytes(changed)}))
    for broken in damaged:
        try:
            text, _ = text_of(broken, "essay")
            assert isinstance(text, str)
        except InputError as error:
            assert str(error).startswith("essay")  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\x89PNG\r\n", "a PNG picture.*Readable are"),
        (b"\x1f\x8b\x08", "a gzip file"),
        (b"PK\x03\x04rest", "zip container that is damaged or cut off"),
        (WORD[:-30], r"zip container that is damaged or cut off\. Save it anew\.$"),
        (zipped({}), "zip container of a kind that is not known"),
        (zipped({"a.txt": "text", "essay.docx": WORD}), "zip container of a kind that is not known"),
        (zipped({"[Content_Types].xml": "", "xl/workbook.xml": ""}), "spreadsheet.*detect batch FILE.csv"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "spreadsheet"),
        (zipped({"Index/Document.iwa": ""}), "iWork"),
        (zipped(unzipped(WORD), zipfile.ZIP_LZMA), "method that documents do not use"),
        (WORD.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"), "password"),
    ],
)
def test_what_is_not_readable_is_said(data, sentence):
    with pytest.raises(InputError, match=sentence):
        text_of(data, "essay")


def test_a_zip_bomb_is_refused():
    members = unzipped(WORD)
    bomb = zipped(members | {"word/document.xml": members["word/document.xml"] + b" " * archive.MOST_UNPACKED_BYTES})
    assert len(bomb) < archive.MOST_UNPACKED_BYTES / 100
    with pytest.raises(InputError, match=f"more than {archive.MOST_UNPACKED_BYTES >> 20} MB"):
        text_of(bomb, "essay")


@pytest.mark.parametrize("kind", ["docx", "epub", "odt"])
def test_no_more_than_allowed_is_unpacked(kind, monkeypatch):
    monkeypatch.setattr(archive, "MOST_UNPACKED_BYTES", 1 << 20)
    text_member = {"docx": "word/document.xml", "epub": "OPS/a.xhtml", "odt": "content.xml"}[kind]
    members = unzipped(FILES[kind])
    with pytest.raises(InputError, match="more than 1 MB"):
        text_of(zipped(members | {text_member: members[text_member] + b" " * (1 << 20)}), "essay")
    pictures = zipped(members | {"media/picture.bmp": b" " * (2 << 20)})
    assert text_of(pictures, "essay")[0].startswith("The boats")  # what is no text is not unpacked


@pytest.mark.parametrize("piece", [b"<!---->", b"<!--", b"<?xml ", b" ", b"stream\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("magic", [b"", b"%PDF-1.4 endobj ", b"<?xml?>"])
def test_recognition_ends_whatever_is_repeated(piece, magic):
    with contextlib.suppress(InputError):
        assert isinstance(text_of(magic + piece * 20_000, "f")[0], str)
