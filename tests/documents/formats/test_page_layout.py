"""Columns and paragraphs by where lines stand."""

import pytest

from detector.documents.formats.page_layout import Piece, in_reading_order, lines_of, paragraph_starts
from detector.documents.reading import text_of
from tests.documents.files_made_here import pdf_of_streams

WIDTH = 5.0


def line(left, y, text, width=None):
    return Piece(left, y, left + (width or WIDTH * len(text)), y + 10, text)


LEFT = [line(50, 700 - 14 * i, f"left column, line number {i:02}") for i in range(8)]
RIGHT = [line(300, 700 - 14 * i, f"right column, line number {i:02}") for i in range(8)]
ROWS = [piece for pair in zip(LEFT, RIGHT, strict=True) for piece in pair]


def test_columns_that_the_file_goes_through_at_once_are_put_in_order():
    title = line(50, 720, "A title across both of the columns, as papers have it, and long")
    assert in_reading_order([title, *ROWS]) == [title, *LEFT, *RIGHT]


def test_a_heading_across_parts_the_columns():
    middle = line(50, 644, "A heading in the middle that stands across both of the columns")
    below = [Piece(p.left, p.bottom - 100, p.right, p.top - 100, p.text.upper()) for p in ROWS]
    above = ROWS[:8]
    found = in_reading_order([*above, middle, *below])
    assert found == [*LEFT[:4], *RIGHT[:4], middle, *below[::2], *below[1::2]]


def test_the_order_of_the_file_is_kept_where_it_reads_well():
    assert in_reading_order([*LEFT, *RIGHT]) == [*LEFT, *RIGHT]
    table = [line(left, 700 - 14 * i, f"cell {i}") for i in range(9) for left in (50, 200, 350)]
    assert in_reading_order(table) == table
    assert in_reading_order([]) == []


def test_pieces_side_by_side_are_a_line():
    pieces = [line(50, 700, "The bo"), line(80, 700, "ats were "), line(125, 701, "gone."), line(50, 686, "So")]
    assert [one.text for one in lines_of(pieces)] == ["The boats were gone.", "So"]
    assert lines_of([line(50, 700, "Two"), line(80, 700, "words")])[0].text == "Two words"


def paragraph(y, words, pitch, left=50.0, first=None, width=300.0):
    """Lines of one paragraph: all but the last full."""
    return [
        line(first if first and i == 0 else left, y - pitch * i, text, width if i < len(words) - 1 else None)
        for i, text in enumerate(words)
    ]


FULL = "these are words of a line that is full to the end of it"


@pytest.mark.parametrize("pitch", [14, 28])
@pytest.mark.parametrize("how", ["gap", "indent", "short"])
def test_a_paragraph_begins_behind_a_gap_or_a_short_line_or_with_an_indent(pitch, how):
    first = paragraph(700, [FULL, FULL, FULL if how == "indent" else "short end."], pitch)
    if how == "indent":
        first[-1] = line(50, first[-1].bottom, FULL, 300)
    y = first[-1].bottom - pitch * (1.6 if how == "gap" else 1)
    second = paragraph(y, [FULL, FULL, FULL, "end."], pitch, first=75 if how == "indent" else None)
    assert paragraph_starts([[*first, *second]]) == [[True, False, False, True, False, False, False]]


def test_a_title_is_a_paragraph():
    title = line(150, 728, "A centred title")
    page = [title, *paragraph(714, [FULL, FULL, FULL, "end."], 14)]
    assert paragraph_starts([page]) == [[True, True, False, False, False]]


def test_a_paragraph_goes_on_over_the_page():
    pages = [paragraph(100, [FULL, FULL, FULL], 14), paragraph(700, [FULL, FULL, "end."], 14)]
    pages[0][-1] = line(50, 72, FULL, 300)
    assert paragraph_starts(pages) == [[True, False, False], [False, False, False]]


def test_lines_of_verse_are_no_paragraphs():
    verse = [line(50, 700 - 14 * i, "a line of verse " * (1 + i % 3)) for i in range(9)]
    assert paragraph_starts([verse]) == [[True] + [False] * 8]


def test_a_real_file_with_columns_line_by_line():
    rows = [f"the left one has line {i:02} of it, {side}" for i in range(6) for side in ("A", "B")]
    stream = b"".join(
        b"BT /F1 10 Tf %d %d Td (%s) Tj ET\n" % (50 if at % 2 == 0 else 320, 700 - 14 * (at // 2), row.encode())
        for at, row in enumerate(rows)
    )
    text, (_, reordered) = text_of(pdf_of_streams([stream]), "paper.pdf")
    assert [part[-1] for part in text.split("\n")] == ["A"] * 6 + ["B"] * 6
    assert "Columns" in reordered
