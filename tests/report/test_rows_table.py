"""A table that fits its terminal."""

import io

from rich.console import Console

from detector.report.rows_table import FIRST, print_lists, print_table


def printed(show, names, rows, width=80):
    console = Console(file=io.StringIO(), width=width)
    left_out = show(console, names, rows)
    return console.file.getvalue().splitlines(), left_out


def test_what_fits_is_shown_whole():
    lines, left_out = printed(
        print_table, ["verdict", "n"], [{"verdict": "human", "n": 12}, {"verdict": "machine", "n": 3}]
    )
    assert [line.split() for line in lines] == [["verdict", "n"], ["human", "12"], ["machine", "3"]]
    assert lines[1].index("12") + 2 == lines[2].index("3") + 1  # numbers end below each other
    assert left_out == []


def test_of_many_columns_those_that_people_ask_for_are_shown():
    names = ["schema_version", "explanation", *FIRST, "model"]
    row = dict.fromkeys(names, "x" * 30) | {"p_value": 0.123456, "n_words": 7}
    lines, left_out = printed(print_table, names, [row])
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["id", "verdict", "p_value", "n_words"]  # 32 + 32 + 9 + 9, less the last gap
    assert lines[1].split()[2:] == ["0.1235", "7"]
    assert left_out == [name for name in names if name not in lines[0].split()]


def test_one_wide_column_is_cut_and_not_left_out():
    lines, left_out = printed(print_table, ["text"], [{"text": "word " * 40}], width=20)
    assert lines[1].rstrip().endswith("\u2026")
    assert left_out == []


def test_every_column_of_a_row_has_a_line():
    lines, _ = printed(print_lists, ["id", "methods"], [{"id": "a\n\x1b[31m", "methods": {"rank": 1.5}}])
    assert lines == ["row 1", "  id       a\ufffd\ufffd[31m", '  methods  {"rank": 1.5}']


def test_no_rows_are_a_header():
    assert printed(print_table, ["a", "b"], [])[0][0].split() == ["a", "b"]
