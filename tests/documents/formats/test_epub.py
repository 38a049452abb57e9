"""EPUB books."""

import pytest

from detector import InputError
from detector.documents.formats import archive
from detector.documents.reading import text_of
from tests.documents.files_made_here import epub, unzipped, zipped

pytest.importorskip("defusedxml", reason="documents need pip install 'detect-text[documents]'")

CHAPTERS = {"b": "<h1>Two</h1><p>Second &amp; last.</p>", "a": "<h1>One</h1><p>First.<a id='x'/></p>"}


def test_chapters_stand_in_the_order_of_the_spine():
    text, (warning,) = text_of(epub(CHAPTERS, ["a", "b"]), "book.epub")
    assert text == "One\n\nFirst.\n\nTwo\n\nSecond & last."
    assert "EPUB book, 2 files" in warning


def test_a_chapter_that_is_missing_is_said():
    members = unzipped(epub(CHAPTERS, ["a", "b"]))
    del members["OPS/b.xhtml"]
    text, (missing, _) = text_of(zipped(members), "book.epub")
    assert text == "One\n\nFirst."
    assert "1 of the book's 2 chapters" in missing
    del members["OPS/a.xhtml"]
    with pytest.raises(InputError, match="without a chapter"):
        text_of(zipped(members), "book.epub")


def test_locked_chapters_are_refused_and_locked_fonts_are_not():
    lock = '<encryption><EncryptedData><CipherReference URI="OPS/{}"/></EncryptedData></encryption>'
    with pytest.raises(InputError, match="copy protection"):
        text_of(epub(CHAPTERS, ["a"], **{"META-INF/encryption.xml": lock.format("a.xhtml")}), "f")
    assert (
        text_of(epub(CHAPTERS, ["a"], **{"META-INF/encryption.xml": lock.format("a.otf")}), "f")[0] == "One\n\nFirst."
    )


def test_a_chapter_named_again_and_again_counts_each_time(monkeypatch):
    monkeypatch.setattr(archive, "MOST_UNPACKED_BYTES", 2 << 20)
    chapter = "<p>" + "word " * 10_000 + "</p>"
    assert text_of(epub({"a": chapter}, ["a"] * 10), "f")[0].count("word") == 100_000
    with pytest.raises(InputError, match="more than 2 MB"):
        text_of(epub({"a": chapter}, ["a"] * 100), "f")
