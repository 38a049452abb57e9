"""Pictures, tables and reports that commands write, and those that cannot be written."""

import csv
import os
import sys

import openpyxl
import pytest
from typer.testing import CliRunner

import cli


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_picture(run, essay, tmp_path, suffix):
    out = tmp_path / f"curve{suffix}"
    assert run(essay, "--png", out).exit_code == 0
    assert out.stat().st_size > 5000


def test_tables_of_all_files(run, essay, tmp_path):
    (tmp_path / "short.txt").write_text("Too short.")
    files = [tmp_path / "v.csv", tmp_path / "v.xlsx"]
    done = run(essay, tmp_path / "short.txt", "--csv", files[0], "--xlsx", files[1])
    assert done.exit_code == 3
    rows = list(csv.DictReader(files[0].read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["text"], row["reason"]) for row in rows] == [
        (str(essay), ""),
        (str(tmp_path / "short.txt"), "too_short"),
    ]
    assert float(rows[0]["p_value"]) > 0
    assert openpyxl.load_workbook(files[1]).active.max_row == 3
    refused = run(essay, "--csv", tmp_path / "v.txt")
    assert (refused.exit_code, "--csv writes .csv files" in refused.stderr) == (2, True)


def test_picture_of_nothing_and_of_two_files(run, essay, tmp_path):
    short = tmp_path / "short.txt"
    short.write_text("Too short.")
    result = run(short, "--png", tmp_path / "a.png")
    assert result.exit_code == 3
    assert "no picture" in result.stderr
    assert run(essay, essay, "--png", tmp_path / "a.png").exit_code == 2
    for path, code in ((tmp_path / "no" / "folder.png", 4), (tmp_path / "a.docx", 2), (tmp_path, 2)):
        assert run(essay, "--png", path).exit_code == code


def test_reports_of_one_file(run, essay, tmp_path):
    page, paper = tmp_path / "report.html", tmp_path / "report.pdf"
    assert run(essay, "--html", page).exit_code == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    pytest.importorskip("weasyprint", exc_type=(ImportError, OSError))
    assert run(essay, "--pdf", paper).exit_code == 0
    assert paper.read_bytes().startswith(b"%PDF")


def test_reports_that_cannot_be(run, essay, tmp_path):
    short = tmp_path / "short.txt"
    short.write_text("Too short.")
    assert run(short, "--html", tmp_path / "a.html").exit_code == 3
    assert "2 words and about" in (tmp_path / "a.html").read_text(), "the page of an unscored text says why"
    two = run(essay, essay, "--html", tmp_path / "b.html")
    assert two.exit_code == 2
    assert "detect report" in two.stderr
    assert run(essay, "--pdf", tmp_path / "b.html").exit_code == 2
    assert run(essay, "--html", tmp_path / "no" / "folder.html").exit_code == 4


@pytest.mark.parametrize("option", ["--html", "--pdf", "--png"])
def test_a_file_in_no_folder_is_refused_before_the_work(run, essay, tmp_path, option):
    path = tmp_path / "nowhere" / f"x.{option[2:]}"
    result = run(essay, option, path)
    assert result.exit_code == 4
    assert result.stdout == ""
    assert f"{path} cannot be written: there is no folder {path.parent}." in result.stderr


UNWRITABLE = [
    (["verdict", "ESSAY", "--png", "OUT.png"]),
    (["verdict", "ESSAY", "--html", "OUT.html"]),
    (["verdict", "ESSAY", "--pdf", "OUT.pdf"]),
    (["verdict", "ESSAY", "--csv", "OUT.csv"]),
    (["verdict", "ESSAY", "--xlsx", "OUT.xlsx"]),
    (["compare", "ESSAY", "ESSAY", "--png", "OUT.svg"]),
    (["next", "The old", "--png", "OUT.png"]),
    (["report", "ESSAY", "--out", "OUT"]),
    (["report", "ESSAY", "--out", "GOOD", "--anonymous", "--key", "OUT.csv"]),
    (["tokens", "--out", "OUT.json"]),
    (["tokens", "--html", "OUT.html"]),
    (["tokens", "--induction", "5:8", "--png", "OUT.png"]),
    (["tokens", "--verify", "--ledger", "OUT.ledger"]),
    (["evaluate", "--shipped", "--png", "OUT.png"]),
    (["train", "DATA", "--out", "OUT.json"]),
    (["train", "DATA", "--out", "GOOD.json", "--cache", "OUT.cache"]),
    (["calibrate", "DATA", "--out", "OUT.json"]),
    (["batch", "ESSAY", "--out", "OUT"]),
]


@pytest.mark.parametrize("words", UNWRITABLE, ids=" ".join)
def test_what_cannot_be_written_is_refused_before_the_work(words, essay, tmp_path, monkeypatch):
    def work(*_, **__):
        raise AssertionError("the work has begun")

    monkeypatch.setattr("detector.models.LanguageModel.load", work)
    monkeypatch.setattr("detector.evaluation.feature_table.shipped_dev_rows", work)
    monkeypatch.setattr("detector.vocabulary.analysis.analyse_vocabulary", work)
    blocked = tmp_path / "file"
    blocked.write_text("a file is no folder")
    data = tmp_path / "data.jsonl"
    data.write_text("")
    places = {"ESSAY": essay, "DATA": data}
    given = [
        str(places.get(word, word.replace("OUT", str(blocked / "out")).replace("GOOD", str(tmp_path / "good"))))
        for word in words
    ]
    result = CliRunner().invoke(cli.app, given, catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (4, "")
    assert len(result.stderr.splitlines()) == 1
    assert str(blocked) in result.stderr


def test_a_pdf_without_its_library_is_refused_before_the_work(essay, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    monkeypatch.setattr("detector.models.LanguageModel.load", lambda *_, **__: pytest.fail("the work has begun"))
    words = [str(essay), "--pdf", str(tmp_path / "x.pdf")]
    result = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "pip install 'detect-text[pdf]'" in result.stderr
    assert not (tmp_path / "x.pdf").exists()


@pytest.mark.skipif(os.name != "posix", reason="rights of Unix")
@pytest.mark.parametrize(("option", "rights"), [([], (0o600, 0o700)), (["--shared"], (0o644, 0o755))])
def test_reports_are_their_owners_alone_unless_shared(run, essay, tmp_path, option, rights):
    old = os.umask(0o022)
    try:
        assert run(essay, "--html", tmp_path / "a.html", *option).exit_code == 0
        assert run("report", essay, "--out", tmp_path / "set", *option).exit_code == 0
        assert os.umask(0o022) == 0o022  # what the command changed is as it was
    finally:
        os.umask(old)
    for path in (tmp_path / "a.html", tmp_path / "set" / "index.html"):
        assert path.stat().st_mode & 0o777 == rights[0]
    assert (tmp_path / "set").stat().st_mode & 0o777 == rights[1]
