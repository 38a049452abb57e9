"""The verdict on files, which is what the program does unless told otherwise."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
from tests.commands.conftest import LONG


def test_the_verdict_is_the_default_command(run, essay):
    plain, named = run(essay), run("verdict", essay)
    assert plain.exit_code == 0
    assert plain.stdout == named.stdout
    for expected in (
        "essay.txt: ",
        "how sure  Of 1,000 human texts",
        "Probability of machine text",
        "what now ",
        "not proof",
    ):
        assert expected in plain.stdout
    explained = run(essay, "--explain").stdout
    for expected in ("probability machine", "p-value", "statistics", "surprise"):
        assert expected in explained
        assert expected not in plain.stdout


def test_a_pipe_gets_the_marked_text_where_it_asks(run, essay):
    assert "harbour" not in run(essay).stdout
    assert run(essay, "--show", "none").stdout == run(essay).stdout
    output = run(essay, "--show", "rank", "--quiet").stdout
    assert "\x1b[" not in output
    text = output.split("#beyond 1000")[1]
    assert "harbour" in text
    assert "~" in text or "+" in text or "#" in text
    assert "What each word speaks for" in run(essay, "--show", "evidence").stdout
    wrong = run(essay, "--show", "colour")
    assert wrong.exit_code == 2
    assert "evidence" in wrong.stderr


def test_json_is_one_object_a_line_and_nothing_else(run, essay, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("Too short.")
    result = run("--json", essay, other)
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [r["path"] for r in records] == [str(essay), str(other)]
    assert records[1]["reason"] == "too_short"
    assert result.exit_code == 3


def test_a_guessed_encoding_is_said_on_standard_error(run, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes((LONG + " The café was closed, naïve or not.").encode("cp1252"))
    result = run("--json", path)
    assert result.exit_code == 0
    assert "guess" in result.stderr
    assert "guess" in json.loads(result.stdout)["warnings"][0]
    assert run("--json", "--quiet", path).stderr == ""


def test_a_model_without_calibration_is_refused_with_what_to_do(run, essay):
    result = run(essay, calibrated=False)
    assert result.exit_code == 4
    assert "detect score" in result.stderr
    assert result.stdout == ""


def test_a_broken_model_is_exit_code_4(essay, tmp_path):
    result = CliRunner().invoke(cli.app, [str(essay), "--model", str(tmp_path)])
    assert result.exit_code == 4
    assert "config.json" in result.stderr


@pytest.mark.parametrize("option", [["--target-fpr", "5"], ["--dtype", "int3"], ["--device", "toaster"]])
def test_a_value_that_is_not_allowed_is_exit_code_2(essay, tiny_folder, tiny_calibration, option):
    extra = ["--model", str(tiny_folder), "--dtype", "float32", "--calibration", str(tiny_calibration)]
    result = CliRunner().invoke(cli.app, [str(essay), *extra, *option])
    assert result.exit_code == 2
    assert result.stderr.startswith("detect: ")


def test_an_impossible_target_rate_is_refused(run, essay):
    result = run(essay, "--target-fpr", "0.0001")
    assert result.exit_code == 4
    assert "smallest possible value" in result.stderr


def test_unknown_option_is_exit_code_2(essay):
    assert CliRunner().invoke(cli.app, [str(essay), "--no-such-option"]).exit_code == 2


def test_a_file_that_bears_the_name_of_a_command(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("score").write_text(LONG)
    Path("essay.txt").write_text(LONG)
    assert "./score: " in run("./score").stdout
    assert run("essay.txt", "score").exit_code == 0, "only the first word can be a command"
    missing = run("essay.txt", "doctor")
    assert missing.exit_code == 3
    assert "doctor is also a command" in missing.stderr
