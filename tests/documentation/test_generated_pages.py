"""Pages that are read off the program hold what it holds, and are as they would be written now."""

import json
from typing import Literal

import pytest
import typer

import cli
from detector.methods import METHODS
from detector.records.fields import NUMBER, list_of, optional, told_fields
from detector.records.result import Result
from detector.training.__main__ import app as training_app
from docs import generate
from docs.generators import commands, methods, record
from docs.generators.markdown import code


@pytest.mark.parametrize("path", generate.quick_pages(), ids=lambda path: path.name)
def test_a_page_is_what_it_would_be_written_as(path):
    assert path.read_text(encoding="utf-8") == generate.quick_pages()[path](), "run: python -m docs.generate --quick"


def test_the_results_were_made_of_the_tables_that_are_here():
    assert list(generate.outdated_figures()) == [], "run: python -m docs.generate"


def test_every_command_and_option_is_on_the_page_with_its_help():
    page = commands.commands_page()
    for command in commands.commands_of(cli.app):
        assert f"\n## detect {command.name}\n" in page
        section = page.partition(f"\n## detect {command.name}\n")[2].partition("\n## ")[0]
        for parameter in command.parameters:
            assert code(parameter.names[0]) in section, parameter.names
            assert parameter.help, parameter.names


def test_training_has_a_page_too():
    page = commands.training_page()
    for command in commands.commands_of(training_app):
        assert f"\n## {command.name}\n" in page


def test_an_option_is_described_once_if_many_commands_share_it():
    shared = commands.shared_options(commands.commands_of(cli.app))
    lines = commands.commands_page().splitlines()
    assert "--model" in [parameter.names[0] for parameter in shared]
    for parameter in shared:
        row = commands._parameter_table(shared)[2 + shared.index(parameter)]
        assert lines.count(row) == 1


def test_what_a_parameter_says_of_itself():
    app = typer.Typer()

    @app.command()
    def only(
        path: str,
        flag: bool = False,
        on: bool = True,
        size: float = typer.Option(0.5, envvar="SIZE", help="Of it."),
        how: Literal["a", "b"] = typer.Option("a", help="The way."),
        many: list[int] | None = typer.Option(None, metavar="NUMBER", help="Some."),  # noqa: B008
    ) -> None:
        """Does it."""

    @app.command()
    def other() -> None:
        """Makes the first a command of its own."""

    first, _ = commands.commands_of(app)
    by_name = {parameter.names: parameter for parameter in first.parameters}
    assert set(by_name) == {("PATH",), ("--flag",), ("--on", "--no-on"), ("--size",), ("--many",), ("--how",)}
    assert by_name["PATH",].required
    assert (by_name["--flag",].takes, by_name["--flag",].default) == ("", "")
    assert by_name["--on", "--no-on"].default == "on"
    assert (by_name["--size",].takes, by_name["--size",].default) == ("NUMBER", "0.5")
    assert by_name["--size",].help == "Of it. Taken from the environment variable `SIZE` too."
    assert by_name["--many",].takes == "NUMBER"
    assert (by_name["--how",].takes, by_name["--how",].help) == ("VALUE", "The way. One of `a`, `b`.")


def test_every_field_of_the_record_is_on_its_page():
    page = record.record_page()
    for field in told_fields(Result):
        assert f"\n| `{field.name}` |" in page
    assert "### Each of `segments`" in page
    assert "`evidence_nats` | number | Sum of its tokens' evidence" in page


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (NUMBER, "number"),
        (optional(NUMBER), "number or null"),
        (optional(list_of(NUMBER)), "list of numbers or null"),
        ({"type": "integer", "const": 1}, "`1`"),
    ],
)
def test_types_in_words(schema, said):
    assert record._kind(schema) == said


def test_every_method_is_on_its_page_with_the_formula_of_its_module():
    page = methods.methods_page()
    for name in METHODS:
        assert f"[`{name}`](#" in page
    assert "```text\nbinoculars = (sum_t -ln p_t(x_t)) / (sum_t -sum_v q_t(v) ln p_t(v))\n```" in page
    assert "`green_list_z`" in page
    assert "`diveye.surprisal_mean`" in page


def test_a_stale_page_is_named_and_written_only_when_not_checking(tmp_path, monkeypatch, capsys):
    page = tmp_path / "docs" / "page.md"
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "quick_pages", lambda: {page: lambda: "new\n"})
    monkeypatch.setattr(generate, "result_pages", dict)
    assert generate.main(["--check"]) == 1
    assert "docs/page.md is not current" in capsys.readouterr().err
    assert not page.exists()
    assert generate.main([]) == 0
    assert page.read_text() == "new\n"
    assert generate.main(["--check"]) == 0
    assert generate.main(["nonsense"]) == 2
    assert "no page has nonsense in its path; there are docs/page.md" in capsys.readouterr().err


def test_a_changed_table_is_noticed_without_measuring(tmp_path, monkeypatch, capsys):
    figures = json.loads(generate.FIGURES.read_text(encoding="utf-8"))
    table = next(iter(figures["made_from"]))
    figures["made_from"][table] = "0" * 64
    changed = tmp_path / "figures.json"
    changed.write_text(json.dumps(figures))
    monkeypatch.setattr(generate, "FIGURES", changed)
    monkeypatch.setattr(generate, "quick_pages", dict)
    assert generate.main(["--check", "--quick"]) == 2  # no page at all is chosen
    monkeypatch.setattr(generate, "quick_pages", lambda: {generate.README: lambda: generate.README.read_text()})
    assert generate.main(["--check", "--quick"]) == 1
    assert f"{table} has changed since docs/results were made of it" in capsys.readouterr().err


def test_the_readme_keeps_what_stands_around_its_figures():
    figures = json.loads(generate.FIGURES.read_text(encoding="utf-8"))
    text = f"before\n{generate.BEGIN}\nstale\n{generate.END}\nafter\n"
    written = generate.readme(text, figures)
    assert written.startswith(f"before\n{generate.BEGIN}\n| measured on")
    assert written.endswith(f"|\n{generate.END}\nafter\n")
    assert "stale" not in written
    with pytest.raises(SystemExit, match="has lost its marks"):
        generate.readme("nothing", figures)
