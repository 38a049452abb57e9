"""PDF files."""

import threading

import pytest

from detector import InputError
from detector.documents.formats import pdf as reader
from detector.documents.formats.pdf import text_of_pages
from detector.documents.reading import text_of
from tests.documents.files_made_here import pdf, pdf_of_streams

pytest.importorskip("pypdfium2", reason="PDF needs pip install 'detect-text[documents]'")

PAGES = [
    ["My essay", "The boats were gone. It was an exam-", "ple of well-known things.", "Page 1 of 3"],
    ["My essay", "Second page, which ends in a cut-", "Page 2 of 3"],
    ["My essay", "ting word, and Mary-", "Jane counted 10-", "12 of them \u2013 caf\u00e9.", "Page 3 of 3"],
]


def test_pages_in_order_mended_and_without_heads_and_feet():
    text, (warning,) = text_of(pdf(PAGES), "essay")
    assert text == (
        "The boats were gone. It was an example of well-known things.\nSecond page, which ends in a cutting word, "
        "and Mary-Jane counted 10-12 of them \u2013 caf\u00e9."
    )
    assert "PDF of 3 pages" in warning
    assert text[text.index("were gone") :][:9] == "were gone"


def test_one_page_keeps_all_its_lines():
    text, (warning,) = text_of(pdf([["My essay", "One line.", "1"]]), "essay")
    assert text == "My essay\nOne line.\n1"
    assert "PDF of 1 page;" in warning


@pytest.mark.parametrize(
    ("pages", "text"),
    [
        (["Head\nOne.\n1", "Head\nTwo.\n2", "Three.\nEnd.\n3"], "One.\nTwo.\nThree.\nEnd."),  # two of three are most
        (
            ["Head\nOne.", "Two.", "Three.", "Head\nFour."],
            "Head\nOne.\nTwo.\nThree.\nHead\nFour.",
        ),  # two of four are not
        (["In 1914.\na", "In 1917.\nb"], "In 1914.\na\nIn 1917.\nb"),  # numbers that do not count the pages
        (["In 1914.\na", "In 1915.\nb"], "a\nb"),  # and some that seem to
        (["a\nb\nc\nSame.\nd\ne\nf", "g\nh\ni\nSame.\nj\nk\nl"], "a\nb\nc\nSame.\nd\ne\nf\ng\nh\ni\nSame.\nj\nk\nl"),
        (["Same.", "Same."], ""),
        (["exam\u2010\nple and soft\u00ad\nened", ""], "example and softened"),
        (["pre-\nand post-war"], "pre-\nand post-war"),
        (["It was -\nquite -\n so"], "It was -\nquite -\nso"),
        (["\ufb01nal o\ufb03ce, \u200bzero"], "final office, \u200bzero"),
        (["bad \x03 letter"], "bad \ufffd letter"),
    ],
)
def test_mending(pages, text):
    assert text_of_pages(pages) == text


def test_a_picture_of_text_is_said_to_be_one():
    with pytest.raises(InputError, match=r"without text.*scan.*OCR"):
        text_of(pdf_of_streams([b"0 0 100 100 re f"] * 2), "scan.pdf")


def test_pages_without_text_and_letters_without_meaning_are_said():
    text, (_, empty, unreadable) = text_of(pdf([["One \u2022 two\x03"], [], ["Three"], []]), "f")
    assert text.startswith("One")
    assert "pages 2, 4" in empty
    assert "1 letter(s)" in unreadable


def test_a_password_is_said():
    locked = b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>/ID[<00><00>]" % (b"61" * 32, b"62" * 32)
    with pytest.raises(InputError, match="protected with a password"):
        text_of(pdf(PAGES, locked), "essay.pdf")


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.4",
        b"%PDF-1.7 1 0 obj<</Encrypt 2 0 R>>",
        pdf(PAGES)[:200],
        pdf([]),
        pdf([["a"]]).replace(b"Kids[5", b"Kids[9"),
    ],
)
def test_damage_is_said(data):
    with pytest.raises(InputError, match="is a PDF that is damaged"):
        text_of(data, "essay.pdf")


def test_bytes_before_the_first_are_forgiven():
    assert "boats" in text_of(b"\r\n%junk\r\n" + pdf(PAGES), "f")[0]


def test_a_stream_that_unpacks_without_end_is_refused(monkeypatch):
    bomb = pdf_of_streams([bytes(3 << 20)])
    monkeypatch.setattr(reader, "MOST_UNPACKED_BYTES", 2 << 20)
    with pytest.raises(InputError, match="unpacks to more than 2 MB"):
        text_of(bomb, "f")
    monkeypatch.setattr(reader, "MOST_UNPACKED_BYTES", 4 << 20)
    monkeypatch.setattr(reader, "_MOST_UNPACKED_IN_ALL", 8 << 20)
    with pytest.raises(InputError, match="8 MB in all"):
        text_of(pdf_of_streams([bytes(3 << 20)] * 3), "f")


def test_too_many_pages_and_too_long_a_time_are_said(monkeypatch):
    monkeypatch.setattr(reader, "_MOST_SECONDS", -1.0)
    with pytest.raises(InputError, match="took longer"):
        text_of(pdf(PAGES), "f")
    monkeypatch.setattr(reader, "MOST_PAGES", 2)
    with pytest.raises(InputError, match="3 pages; at most 2"):
        text_of(pdf(PAGES), "f")


def test_threads_wait_for_each_other():
    files = [pdf([[f"Text {number} of many"] * 30] * 20) for number in range(4)]
    found = {}

    def read(at):
        found[at] = text_of(files[at], "f")[0]

    threads = [threading.Thread(target=read, args=(at,)) for at in range(len(files))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"Text {at} of" in text for at, text in found.items())
    assert len(found) == 4
