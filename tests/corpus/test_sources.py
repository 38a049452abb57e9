import io
import os
import sys

import pytest

from detector.corpus.sources import source_of
from detector.corpus.tables import Layout, Reading
from detector.errors import InputError
from tests.corpus.conftest import read_all, write_jsonl


def documents(given, tmp_path, **layout):
    return read_all(source_of(given, Layout(**layout), tmp_path / "out"))


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "in"
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "b.txt").write_text("B.")
    (folder / "deep" / "deeper" / "a.md").write_text("A.")
    write_jsonl(folder / "deep" / "c.jsonl", [{"text": "C1."}, {"id": "named", "text": "C2."}])
    (folder / ".hidden").write_text("H.")
    return folder


def test_a_folder_is_read_to_its_depths_by_name(folder, tmp_path):
    found = documents(folder, tmp_path)
    assert [(d.id, d.text) for d in found] == [
        ("b.txt", "B."),
        ("deep/c.jsonl:1", "C1."),
        ("named", "C2."),
        ("deep/deeper/a.md", "A."),
    ]
    assert found[0].path == str(folder / "b.txt")


def test_the_output_folder_is_no_input(folder):
    (folder / "out").mkdir()
    (folder / "out" / "x.txt").write_text("X.")
    found = read_all(source_of(folder, Layout(), folder / "out"))
    assert "out/x.txt" not in [d.id for d in found]


def test_what_cannot_be_read_is_a_document_with_a_reason(folder, tmp_path):
    (folder / "link").symlink_to(folder)
    (folder / "out_and_in").symlink_to("..")
    (folder / "deep" / "nowhere").symlink_to(tmp_path / "missing")
    (folder / "self").symlink_to(folder / "self")
    os.mkfifo(folder / "pipe")
    (folder / "x.parquet").write_bytes(b"PAR1")
    (folder / "y.csv").write_text("a,b\n1,2\n")
    (folder / "z.pdf").write_bytes(b"\x00\x01\x02")
    found = {d.id: d for d in documents(folder, tmp_path)}
    said = {name: d.problem.explanation for name, d in found.items() if d.problem}
    assert "link back to a folder" in said["link"]
    assert "link back to a folder" in said["out_and_in"]
    assert "no such file" in said["deep/nowhere"]
    assert "self" in said
    assert "not a regular file" in said["pipe"]
    assert "cannot be read" in said["x.parquet:1"]
    assert "no column 'text'" in said["y.csv"]
    assert "z.pdf" in said
    assert len(found) - len(said) == 4


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path):
    folder, beside = tmp_path / "in", tmp_path / "beside"
    for made in (folder, beside):
        made.mkdir()
        (made / f"of_{made.name}.txt").write_text("Text.")
    (folder / "there").symlink_to(beside)
    (beside / "back").symlink_to(folder)
    found = [(d.id, d.problem is None) for d in documents(folder, tmp_path)]
    assert found == [("of_in.txt", True), ("there/back", False), ("there/of_beside.txt", True)]


def test_names_of_any_bytes_are_kept_apart(tmp_path):
    folder = os.fsencode(tmp_path / "in")
    os.mkdir(folder)
    for name in (b"two\nlines.txt", b"not-\xff-utf8.txt", b"not-\xfe-utf8.txt"):
        with open(folder + b"/" + name, "wb") as file:
            file.write(b"Text of " + name[:3])
    found = documents(tmp_path / "in", tmp_path)
    assert {d.id for d in found} == {"two\nlines.txt", "not-\\xff-utf8.txt", "not-\\xfe-utf8.txt"}
    assert all(d.text for d in found)


class Stream:
    def __init__(self, data):
        self.buffer = io.BytesIO(data)


@pytest.mark.parametrize("separator", [b"\n", b"\r\n", b"\0"])
def test_paths_come_from_standard_input(folder, tmp_path, monkeypatch, separator):
    paths = [os.fsencode(folder / "b.txt"), os.fsencode(folder / "deep"), b"missing.txt"]
    monkeypatch.setattr(sys, "stdin", Stream(separator.join(paths) + separator))
    source = source_of("-", Layout(), tmp_path / "out")
    reading = Reading()
    first = list(source.documents(reading))
    assert [d.text for d in first] == ["B.", "C1.", "C2.", "A.", None]
    assert (reading.done, reading.total) == (3, 3)
    assert read_all(source) == first  # it can be read again


def test_a_name_with_a_line_end_needs_nul(tmp_path, monkeypatch):
    path = tmp_path / "two\nlines.txt"
    path.write_text("T.")
    monkeypatch.setattr(sys, "stdin", Stream(os.fsencode(path) + b"\0"))
    assert [d.text for d in documents("-", tmp_path)] == ["T."]


def test_a_list_of_paths(folder, tmp_path):
    assert [d.text for d in documents([folder / "b.txt", str(folder / "b.txt")], tmp_path)] == ["B.", "B."]


def test_one_text_is_a_corpus_of_one(folder, tmp_path):
    assert [d.text for d in documents(folder / "b.txt", tmp_path)] == ["B."]


def test_no_such_input(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        documents(tmp_path / "missing", tmp_path)


def test_a_text_that_is_too_long_is_not_judged(folder, tmp_path):
    (folder / "long.txt").write_text("word " * 100)
    found = {d.id: d for d in documents(folder, tmp_path, most_characters=100)}
    assert found["long.txt"].problem.reason == "too_long"


def test_a_folder_of_very_many_files(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(1000):
        (folder / f"{i:05}.txt").touch()
    reading = Reading()
    source = source_of(folder, Layout(), tmp_path / "out")
    assert sum(1 for _ in source.documents(reading)) == reading.total == 1000
