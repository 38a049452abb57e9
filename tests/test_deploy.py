"""What deploy/ says to run is there: options of the server, extras, files that are named, the recipes' commands."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

import cli

ROOT = Path(cli.__file__).parent
DEPLOY = ROOT / "deploy"
COMMANDS = get_command(cli.app).commands
FILES = ("Dockerfile", "compose.yaml", "detect.service")


def options_of(command):
    return {spelling for option in COMMANDS[command].params for spelling in option.opts}


@pytest.mark.parametrize("name", FILES)
def test_the_server_is_started_with_options_it_has(name):
    text = (DEPLOY / name).read_text(encoding="utf-8")
    started = [text[at.start() : text.find("\n\n", at.start())] for at in re.finditer(r"(?<![\w-])serve\b", text)]
    given = set(re.findall(r"(?<!-)--[a-z-]+", " ".join(started).split("environment:")[0]))
    assert {"--host", "--port", "--offline"} <= given
    assert given <= options_of("serve")


@pytest.mark.parametrize("name", ["README.md", "assistants.md"])
def test_the_pages_name_commands_options_and_files_that_are_there(name):
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for command, rest in re.findall(r"`detect (\w+)([^`]*)`", text):
        assert command in COMMANDS
        assert set(re.findall(r"--[a-z-]+", rest)) <= options_of(command)
    known = options_of("serve") | options_of("verdict") | options_of("batch")
    outside = {"--index-url", "--no-deps", "--now", "--rm", "--name-only", "--diff-filter"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= known | outside
    for file in re.findall(r"`([\w.]+)`(?=[,| ])", text.split("## ")[0]):
        assert (DEPLOY / file).exists() or "." not in file


def test_the_image_copies_what_is_there_and_installs_extras_that_are_there():
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        assert all((ROOT / source).exists() for source in line.split()[:-1])
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for named in re.findall(r"\.\[([\w,]+)\]", text):
        assert set(named.split(",")) <= set(extras)
    assert "USER detect" in text
    assert "HEALTHCHECK" in text
