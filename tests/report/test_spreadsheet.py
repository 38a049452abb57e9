"""Tables for spreadsheets: numbers stay numbers, text stays text whatever it begins with."""

import csv
import io

import openpyxl
import pytest

from detector.errors import OutputError
from detector.records.result import Result
from detector.report.spreadsheet import csv_bytes, result_rows, write_csv, write_xlsx, xlsx_bytes

DANGEROUS = ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1"]


def _sheet(content):
    return openpyxl.load_workbook(io.BytesIO(content)).active


@pytest.mark.parametrize("text", DANGEROUS)
def test_a_cell_that_looks_like_a_formula_is_text_in_csv(text):
    (row,) = list(csv.DictReader(io.StringIO(csv_bytes([{"name": text}]).decode("utf-8-sig"), newline="")))
    assert row["name"] == "'" + text


@pytest.mark.parametrize("text", DANGEROUS)
def test_a_cell_that_looks_like_a_formula_is_text_in_xlsx(text):
    cell = _sheet(xlsx_bytes([{"name": text}]))["A2"]
    assert (cell.data_type, cell.value.strip()) == ("s", text.strip())
    assert cell.quotePrefix


def test_headers_are_guarded_as_cells_are():
    assert csv_bytes([{"=x": 1}]).decode("utf-8-sig") == "'=x\r\n1\r\n"
    assert _sheet(xlsx_bytes([{"=x": 1}]))["A1"].data_type == "s"


def test_numbers_stay_numbers_and_missing_ones_are_empty():
    rows = [{"a": -1.5, "b": True, "c": None, "d": float("nan"), "e": 3}]
    sheet = _sheet(xlsx_bytes(rows))
    assert [cell.value for cell in sheet[2]] == [-1.5, True, None, None, 3]
    assert csv_bytes(rows).decode("utf-8-sig").splitlines()[1] == "-1.5,True,,,3"


def test_characters_that_a_sheet_cannot_hold_are_replaced():
    assert _sheet(xlsx_bytes([{"a": "x\x00\x0b\ud800y"}]))["A2"].value == "x\ufffd\ufffd\ufffdy"


def test_columns_are_those_of_all_rows_in_order():
    assert csv_bytes([{"a": 1}, {"b": 2, "a": 3}]).decode("utf-8-sig") == "a,b\r\n1,\r\n3,2\r\n"


def test_no_rows_make_an_empty_table():
    assert csv_bytes([]).decode("utf-8-sig") == ""
    assert _sheet(xlsx_bytes([])).max_row <= 1


def test_results_become_rows_with_the_fields_of_the_record():
    result = Result("a", "b/a.txt", "unscored", "too_short", "It is short.", model_name="m", model_fingerprint="f")
    (row,) = result_rows([result])
    assert (row["text"], row["verdict"], row["reason"], row["score"]) == ("b/a.txt", "unscored", "too_short", None)
    assert (row["model"], row["confidence_low"], row["parts"]) == ("m", None, 0)
    assert result_rows([result], ["Text 1"])[0]["text"] == "Text 1"


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
def test_a_place_that_cannot_be_written_is_said(tmp_path, write):
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "none" / "x", [{"a": 1}])
