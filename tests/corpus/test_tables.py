import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from detector.corpus import csv_records
from detector.corpus.columns import distinct
from detector.corpus.tables import Layout, Reading, read_table
from detector.errors import UsageError
from tests.corpus.conftest import write_csv, write_jsonl


def read(path, **layout):
    return list(read_table(path, path.name, Layout(**layout)))


def texts(path, **layout):
    return [document.text for document in read(path, **layout)]


def problems(path, **layout):
    return [document.problem.explanation for document in read(path, **layout) if document.problem]


RECORDS = [{"id": "a", "text": "One.", "n": 1}, {"id": "b", "text": "Zwei — drei.", "n": 2}]


def as_csv(path):
    return write_csv(path, [["id", "text", "n"], *[[r["id"], r["text"], r["n"]] for r in RECORDS]])


def as_parquet(path):
    pq.write_table(pa.Table.from_pylist(RECORDS), path)
    return path


def as_gzip(path):
    path.write_bytes(gzip.compress(b"".join(json.dumps(r).encode() + b"\n" for r in RECORDS)))
    return path


def as_zstd(path):
    frames = (zstandard.compress(json.dumps(r).encode() + b"\n") for r in RECORDS)  # a frame each: they may be many
    path.write_bytes(b"".join(frames))
    return path


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("x.csv", as_csv),
        (
            "x.tsv",
            lambda p: write_csv(p, [["id", "text", "n"], ["a", "One.", 1], ["b", "Zwei — drei.", 2]], delimiter="\t"),
        ),
        ("x.jsonl", lambda p: write_jsonl(p, RECORDS)),
        ("x.parquet", as_parquet),
        ("x.jsonl.gz", as_gzip),
        ("x.jsonl.zst", as_zstd),
    ],
)
def test_every_format_gives_the_same_documents(tmp_path, name, write):
    found = read(write(tmp_path / name))
    assert [(d.id, d.text, str(d.fields["n"])) for d in found] == [("a", "One.", "1"), ("b", "Zwei — drei.", "2")]
    assert all(d.path == name and d.problem is None for d in found)


def test_fields_may_have_other_names_and_ids_may_be_missing(tmp_path):
    path = write_jsonl(tmp_path / "x.jsonl", [{"body": "One.", "nr": 7, "text": "not this"}, {"body": "Two."}])
    first, second = read(path, text_field="body", id_field="nr")
    assert (first.id, first.text, first.fields) == ("7", "One.", {"text": "not this"})
    assert (second.id, second.text) == ("x.jsonl:2", "Two.")


def test_nested_fields_are_json_and_what_json_lacks_is_none(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "One.", "tags": ["a", {"b": 1}], "weight": NaN}\n')
    assert read(path)[0].fields == {"tags": '["a", {"b": 1}]', "weight": None}


@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_a_table_without_the_field_says_which_there_are(tmp_path, name):
    path = as_csv(tmp_path / name) if name.endswith("csv") else as_parquet(tmp_path / name)
    with pytest.raises(UsageError, match=r"no column 'body'; it has id, text, n. Name one with --text-field"):
        read(path, text_field="body")
    with pytest.raises(UsageError, match=r"no column 'key'.*--id-field"):
        read(path, id_field="key")


def test_semicolons_are_found_by_the_header(tmp_path):
    path = write_csv(tmp_path / "x.csv", [["id", "text"], ["a", "One, two; three."]], delimiter=";")
    assert texts(path) == ["One, two; three."]


def test_a_western_spreadsheet_is_read(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("id,text\na,\u201ccaf\xe9\u201d\n".encode("cp1252"))
    assert texts(path) == ["\u201ccaf\xe9\u201d"]


def test_ragged_rows_are_said_and_the_others_read(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("id,text\na,One.\nb,Two, three.\n\nc\nd,Four.\n")
    assert texts(path) == ["One.", None, None, "Four."]
    assert "3 cells and the header 2" in problems(path)[0]
    assert "1 cell and" in problems(path)[1]


def test_a_huge_cell_is_too_long_and_the_next_is_read(tmp_path):
    path = write_csv(tmp_path / "x.csv", [["id", "text"], ["a", "word " * 10_000_000], ["b", "Two."]])
    assert path.stat().st_size > 50_000_000
    first, second = read(path)
    assert first.problem.reason == "too_long"
    assert "50,000,000 characters" in first.problem.explanation
    assert second.text == "Two."


def test_lines_that_are_no_records_are_said(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"text": "One."}\n\nnot json\n[1]\n{"text": "\xff"}\n{"text": 5}\n{"title": "no text"}\n'
        b'{"text": "half \\ud800 a pair"}\n' + b"[" * 100_000 + b'\n{"text": "Last."}'
    )
    assert texts(path) == ["One.", *[None] * 7, "Last."]
    said = problems(path)
    for words, explanation in zip(
        (
            "line 3 is not valid JSON",
            "not a JSON object",
            "not valid UTF-8",
            "of type int",
            "nothing",
            "half of a pair",
            "JSON",
        ),
        said,
        strict=True,
    ):
        assert words in explanation


@pytest.mark.parametrize("write", [as_gzip, as_zstd])
def test_a_truncated_file_keeps_what_comes_before(tmp_path, write):
    suffix = ".gz" if write is as_gzip else ".zst"
    path = write(tmp_path / f"x.jsonl{suffix}")
    path.write_bytes(path.read_bytes()[:-9])
    found = read(path)
    assert found[-1].problem.reason == "unreadable"
    assert "cannot be read further" in found[-1].problem.explanation
    assert [d.text for d in found if d.text] == (["One."] if write is as_zstd else [d.text for d in found[:-1]])


def test_a_compressed_file_that_is_none_is_said(tmp_path):
    for name in ("x.jsonl.gz", "x.jsonl.zst", "x.parquet"):
        path = tmp_path / name
        path.write_bytes(b"no such thing at all")
        assert "cannot be read further at its beginning" in problems(path)[0]


def test_an_empty_file_has_no_documents(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text("")
    assert read(path) == []


def test_reading_says_how_far_it_is(tmp_path):
    reading = Reading()
    path = write_jsonl(tmp_path / "x.jsonl", RECORDS * 100)
    list(read_table(path, "x", Layout(), reading))
    assert reading.done == path.stat().st_size


def test_columns_of_one_name_are_all_kept(tmp_path):
    fields = {"a": "1", "a_2": "2", "a_2_2": "3"}
    (document,) = read(write_csv(tmp_path / "x.csv", [["text", "a", "a", "a_2"], ["Words.", "1", "2", "3"]]))
    assert document.fields == fields
    table = pa.Table.from_arrays([pa.array([v]) for v in ("Words.", "1", "2", "3")], ["text", "a", "a", "a_2"])
    pq.write_table(table, tmp_path / "x.parquet")
    (document,) = read(tmp_path / "x.parquet")
    assert document.fields == fields


@pytest.mark.parametrize(("write", "ending"), [(as_gzip, "GZ"), (as_zstd, "ZST")])
def test_upper_case_names_are_decompressed(tmp_path, write, ending):
    assert texts(write(tmp_path / f"X.JSONL.{ending}")) == ["One.", "Zwei — drei."]


def test_what_is_wrong_is_said_where_it_is(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"text": "One."}\n{"text": One}\n')
    assert problems(tmp_path / "x.jsonl") == ["x.jsonl, line 2 is not valid JSON (at character 10: Expecting value)."]
    assert problems(write_csv(tmp_path / "x.csv", [["text", "n"], ["One."]])) == [
        "x.csv, record 1 (line 2) has 1 cell and the header 2; quote cells that hold the delimiter."
    ]
    (tmp_path / "empty.csv").touch()
    with pytest.raises(UsageError, match=r"empty\.csv is empty"):
        read(tmp_path / "empty.csv")


@pytest.mark.parametrize(("given", "id"), [({"a": 1}, '{"a": 1}'), (7, "7"), (2.5, "2.5"), ("", "x.jsonl:1")])
def test_ids_are_text(tmp_path, given, id):
    (document,) = read(write_jsonl(tmp_path / "x.jsonl", [{"id": given, "text": "One."}]))
    assert document.id == id


def test_bytes_are_text_where_they_are_utf_8(tmp_path):
    pq.write_table(pa.table({"text": pa.array(["Zwei — drei.".encode(), b"\xff"])}), tmp_path / "x.parquet")
    assert texts(tmp_path / "x.parquet") == ["Zwei — drei.", None]
    assert "type bytes" in problems(tmp_path / "x.parquet")[0]


OPEN = "a quotation mark is left open"


@pytest.mark.parametrize(
    ("rows", "found", "said"),
    [
        ('1,"hello\n2,world\n3,more\n', [None, "world", "more"], [OPEN]),
        ('1,"hello\n2,"world"\n3,more\n', [None, "world", "more"], [OPEN]),
        ('1,ok\n2,"open', ["ok", None], [OPEN]),
        ('1,"a ""word"" in it"\n2,"two\nlines"\n3,"last"', ['a "word" in it', "two\nlines", "last"], []),
        ('1,"hello" world\n2,more\n', ["hello world", "more"], []),  # lax, but one line and two cells
        ('1,"line one\nline "two" there"\n2,more\n', [None, None, "more"], [OPEN, "has 1 cell"]),
        ('1,5" nails\n2,more\n', ['5" nails', "more"], []),
    ],
)
def test_a_quotation_mark_that_is_left_open_costs_its_own_line(tmp_path, rows, found, said):
    path = tmp_path / "x.csv"
    path.write_text(f"id,text\n{rows}")
    assert texts(path) == found
    for words, explanation in zip(said, problems(path), strict=True):
        assert words in explanation


def test_an_open_quotation_mark_says_its_line(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('id,text\n\n1,"two\nlines"\n2,"open\n' + "".join(f"{n},text {n}\n" for n in range(3, 5000)))
    assert problems(path) == [
        f"x.csv, record 2 (line 5): {OPEN}, or not doubled within a cell; the lines after it are records of their own."
    ]
    assert texts(path) == ["two\nlines", None, *(f"text {n}" for n in range(3, 5000))]


def test_marks_left_open_in_every_line_cannot_make_reading_slow(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_records, "_MOST_TAKEN_AGAIN", 100_000)
    path = tmp_path / "x.csv"
    path.write_text("id,text\n" + 'a","b\n' * 10_000)  # each line opens what runs to the end
    found = read(path)
    assert len(found) < 10
    assert "again and again, so the file is read no further" in found[-1].problem.explanation


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_header_may_have_line_breaks_in_its_cells(tmp_path, delimiter):
    header = ["id", "my\nnote", "text", "the\r\nlast one"]
    path = write_csv(tmp_path / "x.csv", [header, ["1", "a", "b", "c"], ["2", "d", "e\nf", "g"]], delimiter=delimiter)
    assert texts(path) == ["b", "e\nf"]
    assert read(path)[0].fields == {"my\nnote": "a", "the\r\nlast one": "c"}
    assert texts(path, text_field="my\nnote") == ["a", "d"]


def test_a_header_with_an_open_quotation_mark_is_its_first_line(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('id,text,"note\n1,One.,x\n')
    assert texts(path) == ["One."]


class Counted(str):
    """A name that counts how often it is compared."""

    comparisons = 0
    __slots__ = ()

    def __eq__(self, other):
        Counted.comparisons += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


@pytest.mark.parametrize(
    "names", [lambda n: [""] * n, lambda n: ["a"] * n, lambda n: [f"a_{at}" for at in range(n)] * 2]
)
def test_telling_columns_apart_grows_with_their_number(names):
    def work(n):
        Counted.comparisons = 0
        columns = [Counted(name) for name in names(n)]
        found = distinct(columns)
        assert len(set(map(str, found))) == len(columns)
        return Counted.comparisons

    assert work(2000) <= 2.5 * work(1000) + 100


def test_a_parquet_record_that_is_no_text_is_said_and_the_others_read(tmp_path):
    broken = pa.array([b"One.", b"\x9a", b"Three."]).cast(pa.binary()).view(pa.string())
    pq.write_table(pa.table({"id": ["a", "b", "c"], "text": broken}), tmp_path / "x.parquet")
    assert texts(tmp_path / "x.parquet") == ["One.", None, "Three."]
    assert problems(tmp_path / "x.parquet") == ["x.parquet, record 2 holds what is no valid text or date."]
