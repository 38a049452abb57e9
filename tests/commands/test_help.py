"""What the program says of itself."""

import pytest
from typer.testing import CliRunner

import cli


def test_no_argument_shows_help():
    result = CliRunner().invoke(cli.app, [])
    assert "Usage" in result.stdout + result.stderr


@pytest.mark.parametrize("command", ["generate", "next", "compare", "watermark", "methods"])
def test_the_list_of_commands_has_whole_sentences(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    lines = CliRunner().invoke(cli.app, ["--help"]).stdout.splitlines()
    (line,) = [line for line in lines if line.split()[:1] == [command]]
    assert line.endswith(".")
    assert not line.endswith("...")
