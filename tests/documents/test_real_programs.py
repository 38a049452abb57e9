"""Files as real programs write them are read to the letter, whatever the format."""

import pytest

from detector.documents.reading import text_of
from tests.documents.real_programs import (
    ESSAY,
    TITLE,
    by_libreoffice,
    by_pandoc,
    essay,
    essay_docx,
    needs,
    printed_by_chromium,
)


def paragraphs(text):
    """Of a text, whatever parts their lines."""
    return [" ".join(part.split()) for part in text.split("\n\n")]


def test_python_docx():
    assert text_of(essay_docx(double_spaced=True, head="Smith"), "e")[0] == "\n\n".join([TITLE, *ESSAY])


@pytest.mark.slow
@needs("soffice")
@pytest.mark.parametrize(
    "how",
    [
        {"times": 2},
        {"times": 2, "justified": True},
        {"double_spaced": True, "head": "Smith", "times": 3},
        {"double_spaced": True, "head": "Smith", "times": 2},
        {"columns": 2, "times": 2},
        {"columns": 2, "times": 3, "justified": True},
    ],
    ids=str,
)
def test_a_pdf_by_libreoffice(how, tmp_path):
    text, _ = text_of(by_libreoffice(essay_docx(**how), "docx", "pdf", tmp_path), "e")
    assert paragraphs(text) == [TITLE, *essay(how["times"])]


@pytest.mark.slow
@needs("soffice")
@pytest.mark.parametrize("to", ["odt", "rtf", "html", "epub"])
def test_other_formats_by_libreoffice(to, tmp_path):
    text, _ = text_of(by_libreoffice(essay_docx(head="Smith"), "docx", to, tmp_path), "e")
    assert paragraphs(text) == [TITLE, *ESSAY]


@pytest.mark.browser
@needs("chromium")
@pytest.mark.parametrize(
    "look", ["", "line-height: 2.4", "text-align: justify; hyphens: auto", "font-family: monospace"]
)
def test_a_web_page_printed_by_chromium(look, tmp_path):
    inside = "".join(f"<p>{paragraph}</p>" for paragraph in ESSAY)
    page = f"<html lang=en><body style='{look}'><h1>{TITLE}</h1>{inside}</body></html>"
    text, _ = text_of(printed_by_chromium(page, tmp_path), "e")
    assert paragraphs(text) == [TITLE, *ESSAY]


@pytest.mark.slow
@needs("pandoc")
@pytest.mark.parametrize("to", ["docx", "odt", "rtf", "html", "epub", "ipynb"])
def test_markdown_by_pandoc(to, tmp_path):
    source = f"# {TITLE}\n\n" + "\n\n".join(ESSAY).replace("bees", "**bees**")
    text, _ = text_of(by_pandoc(source, to, tmp_path), f"e.{to}")
    assert paragraphs(text.replace("\u2019", "'"))[-6:] == [TITLE, *ESSAY]
