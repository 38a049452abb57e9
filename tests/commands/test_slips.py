"""What people type first is answered with what to type instead, at once."""

import pytest
from typer.testing import CliRunner

import cli
from detector.commands.slips import is_pasted_text, meant_command, on_pasted_text

COMMANDS = ("verdict", "report", "serve", "batch", "score", "compare", "calibrate", "evaluate", "doctor")


def run(*arguments):
    return CliRunner().invoke(cli.app, list(arguments), catch_exceptions=False)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("reprot x", "detect report x"),
        ("docter", "detect doctor"),
        ("eval a.jsonl", "detect evaluate a.jsonl"),
        ("help", "detect --help"),
        ("version", "detect --version"),
        ("essay.txt", None),
        ("./reprot", None),
        ("thesis", None),
        ("-", None),
    ],
)
def test_a_misspelt_command(typed, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert meant_command(typed.split(), COMMANDS) == meant


def test_a_file_of_that_name_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reprot").write_text("x")
    assert meant_command(["reprot"], COMMANDS) is None


def test_the_command_line_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = run("reprot", "x")
    assert ran.exit_code == 2
    assert ran.stderr == "detect: There is no command and no file reprot. Did you mean: detect report x\n"


def test_a_text_where_a_file_belongs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "It was a dark and stormy night, and the boats were gone. " * 20
    assert is_pasted_text(text)
    assert is_pasted_text("two\nlines")
    assert not is_pasted_text("my essay.txt")
    assert (
        on_pasted_text("a  b\nc d") == '"a b c d" is no file. For a text that is in none, type detect - and paste it.'
    )
    ran = run(text)
    assert ran.exit_code == 3
    assert "is no file" in ran.stderr
    assert "detect -" in ran.stderr
    assert len(ran.stderr) < 160


def test_nobody_waits_for_a_model_to_hear_that_no_file_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr("detector.verdict.detector.Detector.load", lambda *_, **__: pytest.fail("loaded"))
    ran = run(str(tmp_path / "a.txt"), str(tmp_path / "b.txt"))
    assert ran.exit_code == 3
    assert ran.stderr.count("no such file") == 2
    assert ran.stdout == ""
