"""Twice as long a document takes twice as many steps, whatever is repeated in it."""

import sys

import pytest

from detector.documents.formats.pdf import Page, text_of_pages
from detector.documents.formats.web_page import visible_text
from detector.documents.reading import text_of
from tests.documents.files_made_here import epub, open_document, word

NEVER_FEWER = 2.3
"""Twice, and something for what is done once in a while."""


def calls(work):
    """Functions called, in Python and in C."""
    counted = 0

    def count(frame, event, argument):
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


def assert_linear(make, work, n=400):
    small, large = make(n), make(2 * n)
    work(small)  # what is imported or compiled once
    assert calls(lambda: work(large)) <= NEVER_FEWER * calls(lambda: work(small)) + 200


PIECES = [
    "<p>", "<div>", "<li>x", "<table><tr><td>", "</p>", "<b><p>", "<p></b>", "<!-- x -->", "<!--", "<", "&amp;",
    "<script>", "<p hidden>x", "<p style='font-size:0'>", "<select><option>", "<td><p>", "<dd><dt>", "<a b='",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_a_web_page(piece):
    assert_linear(lambda n: piece * n, visible_text)


@pytest.mark.parametrize(
    "piece",
    [
        "<w:p><w:r><w:t>x</w:t></w:r></w:p>",
        "<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>",
        "<w:p><w:txbxContent><w:p><w:r><w:t>x</w:t></w:r></w:p></w:txbxContent></w:p>",
        "<w:del><w:r><w:t>x</w:t></w:r></w:del>",
    ],
)
def test_a_word_document(piece):
    assert_linear(lambda n: word(piece * n + "<w:p><w:r><w:t>x</w:t></w:r></w:p>"), lambda data: text_of(data, "f"))


def test_elements_within_each_other():
    assert_linear(
        lambda n: word(
            "<w:txbxContent>" * n + "<w:p><w:r><w:t>x</w:t></w:r></w:p>" + "</w:txbxContent>" * n + "<w:p/>"
        ),
        lambda data: text_of(data, "f"),
    )


@pytest.mark.parametrize("piece", ['<text:s text:c="100"/>', "<text:p>x</text:p>", "<text:note-body/>"])
def test_an_open_document(piece):
    assert_linear(lambda n: open_document(f"<text:p>x{piece * n}</text:p>"), lambda data: text_of(data, "f"))


def test_a_book_of_many_chapters():
    assert_linear(
        lambda n: epub({f"c{at}": "<p>x" for at in range(n)}, [f"c{at}" for at in range(n)]),
        lambda data: text_of(data, "f"),
        100,
    )


@pytest.mark.parametrize("page", ["Head\nbody {}\n{}", "Same.", "wall-\nflower {}", "{}\n" * 30])
def test_pages(page):
    assert_linear(lambda n: [Page.of_text(page.replace("{}", str(at))) for at in range(n)], text_of_pages, 100)
