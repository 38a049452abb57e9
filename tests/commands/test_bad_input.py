"""Files that cannot be judged: a sentence each, and the others are judged all the same."""

import json
import os
from pathlib import Path

import pytest

from tests.commands.conftest import LONG


@pytest.mark.parametrize(
    ("content", "reason", "sentence"),
    [
        (None, "unreadable", "no such file"),
        ("folder", "unreadable", "is a folder"),
        (b"", "empty", "empty"),
        (b"\x00\x01\x02" * 50, "unreadable", "NUL bytes"),
        (b"%PDF-1.4", "unreadable", "a PDF"),
        (b"word", "too_short", "more"),
        (b"x" * 1_000_000, "not_prose", "prose"),
    ],
)
def test_bad_input_is_one_sentence_and_the_others_are_still_done(run, essay, tmp_path, content, reason, sentence):
    bad = tmp_path / "bad.txt"
    if content == "folder":
        bad.mkdir()
    elif content is not None:
        bad.write_bytes(content)
    result = run("--json", bad, essay)
    assert result.exit_code == 3
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["verdict"], first["reason"]) == ("unscored", reason)
    assert second["verdict"] in ("human", "machine", "inconclusive")
    assert len(result.stderr.strip().splitlines()) == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("content", [b"", b"One word.", b"\x00\x01", None])
def test_bad_input_is_said_once_to_people(run, tmp_path, content):
    bad = tmp_path / "bad.txt"
    if content is not None:
        bad.write_bytes(content)
    result = run(bad)
    assert result.exit_code == 3
    assert (result.stdout + result.stderr).count("bad.txt") == 1


def test_a_link_that_leads_nowhere_is_said(run, essay, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text(LONG)
    (folder / "lost.txt").symlink_to(tmp_path / "gone.txt")
    (folder / "self.txt").symlink_to(folder / "self.txt")
    result = run("report", folder, "--out", tmp_path / "pages")
    assert result.exit_code == 3
    assert f"{folder / 'lost.txt'}: the file that this link leads to is not there." in result.stderr
    assert f"{folder / 'self.txt'} cannot be read" in result.stderr
    assert "lost" in (tmp_path / "pages" / "index.html").read_text()
    compared = run(essay, "--baseline", folder)
    assert "the file that this link leads to is not there" in compared.stderr


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of Unix")
def test_what_has_no_end_is_refused_and_the_next_is_judged(run, essay, tmp_path, monkeypatch):
    monkeypatch.setattr("detector.documents.opening._SECONDS_FOR_A_WRITER", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(300_000_000)
    result = run("/dev/zero", tmp_path / "pipe", tmp_path / "large.txt", essay, "--json")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["reason"] for record in records] == ["too_long", "unreadable", "too_long", None]
    assert result.exit_code == 3
    for said in ("/dev/zero has more than 80 MB", "nobody wrote to it", "large.txt has 300 MB"):
        assert said in result.stderr


def test_the_longest_text_can_be_named(run, essay):
    n = len(LONG)
    refused = run(essay, "--max-chars", n - 1)
    assert refused.exit_code == 3
    assert f"essay.txt has {n:,} characters and at most {n - 1:,}" in refused.stderr
    assert "raise --max-chars" in refused.stderr
    assert run(essay, "--max-chars", n).exit_code == 0
    assert run("score", essay, "--max-chars", n - 1, calibrated=False).exit_code == 3
