"""OpenDocument texts."""

import pytest

from detector import InputError
from detector.documents.reading import text_of
from tests.documents.files_made_here import open_document

pytest.importorskip("defusedxml", reason="documents need pip install 'detect-text[documents]'")


def read(body):
    text, (warning,) = text_of(open_document(body), "essay.odt")
    assert "OpenDocument" in warning
    return text


def test_headings_lists_and_spans_in_order():
    assert read(
        "<text:h>The harbour</text:h>\n <text:p>The <text:span>boats</text:span> were\n gone.</text:p>"
        "<text:list><text:list-item><text:p>One</text:p></text:list-item>"
        "<text:list-item><text:p>Two</text:p></text:list-item></text:list>"
    ) == ("The harbour\n\nThe boats were gone.\n\nOne\n\nTwo")


def test_tables_by_row():
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    rows = "".join(
        f"<table:table-row>{''.join(cell.format(x) for x in row)}</table:table-row>"
        for row in (["a1", "b1"], ["a2", "b2"])
    )
    assert read(f"<table:table>{rows}</table:table><text:p>end</text:p>") == "a1\tb1\na2\tb2\n\nend"


def test_spaces_tabs_and_line_breaks():
    assert read('<text:p>a<text:s text:c="3"/>b<text:tab/>c <text:line-break/> d</text:p>') == "a   b\tc\nd"
    assert len(read('<text:p>a<text:s text:c="999999999"/>b</text:p>')) < 200
    assert read('<text:p>a<text:s text:c="many"/>b</text:p>') == "a b"


def test_notes_stand_at_the_end():
    body = "<text:note-body><text:p>{}</text:p></text:note-body>"
    note = f"<text:note><text:note-citation>1</text:note-citation>{body}</text:note>"
    assert read(f"<text:p>One{note.format('First')}, two{note.format('Second')}.</text:p>") == (
        "One, two.\n\nFirst\n\nSecond"
    )


def test_deleted_commented_and_hidden_passages_are_left_out():
    assert read(
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes><text:p>Here<office:annotation><text:p>comment</text:p>"
        "</office:annotation>.</text:p>"
        '<text:section text:display="none"><text:p>hidden</text:p></text:section>'
        "<text:p><drawing:frame><svg:title>alternative</svg:title></drawing:frame>"
        "My <text:title>Title</text:title></text:p>"
    ) == ("Here.\n\nMy Title")


def test_fifty_thousand_paragraphs_and_spans_nested_as_deep():
    assert read("<text:p>word</text:p>" * 50_000).count("word") == 50_000
    assert read("<text:p>" + "<text:span>" * 50_000 + "deep" + "</text:span>" * 50_000 + "</text:p>") == "deep"


def test_a_password_is_said():
    manifest = '<manifest:manifest xmlns:manifest="m"><manifest:encryption-data/></manifest:manifest>'
    with pytest.raises(InputError, match="password"):
        text_of(open_document("", **{"META-INF/manifest.xml": manifest}), "f.odt")
