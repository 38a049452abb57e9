"""The import stays quick, and the public door holds what it promises."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import detector

HEAVY = ("torch", "transformers", "matplotlib", "pandas", "scipy", "sklearn")
ROOT = Path(detector.__file__).parents[1]


SAY = f"print('LOADED', *[m for m in {HEAVY!r} if m in sys.modules])"


def loaded_by(code: str) -> list[set[str]]:
    """What a new interpreter has loaded wherever ``code`` says ``SAY``, and at its end."""
    script = f"import sys\n{code}\n{SAY}"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return [set(line.split()[1:]) for line in result.stdout.splitlines() if line.startswith("LOADED")]


HELP = (
    ["--help"],
    ["verdict", "--help"],
    ["score", "--help"],
    ["serve", "--help"],
    ["batch", "--help"],
    ["tokens", "--help"],
    ["--version"],
)


@pytest.fixture(scope="module")
def loaded_by_help():
    """What is loaded after each of ``HELP``, asked for one after the other in one interpreter."""
    code = f"import cli\nfor args in {HELP!r}:\n    try:\n        cli.app(args)\n    except SystemExit:\n        {SAY}"
    return loaded_by(code)


@pytest.mark.parametrize("number", range(len(HELP)), ids=map(" ".join, HELP))
def test_help_loads_nothing_heavy(loaded_by_help, number):
    assert loaded_by_help[number] == set()


def test_importing_the_package_loads_nothing_heavy_and_the_check_can_fail():
    before, after = loaded_by(f"import detector\n{SAY}\ndetector.LanguageModel")
    assert before == set()
    assert "torch" in after


JUDGING = (["verdict"], ["report"], ["serve"], ["mcp"], ["batch"])


@pytest.mark.parametrize("command", JUDGING, ids=" ".join)
def test_a_detector_is_asked_for_in_one_way(command):
    """Every command that gives verdicts has all options that choose what gives them, with the same words."""
    from typer.main import get_command

    import cli
    from detector.commands.options import DetectorChoice

    options = {option.name: option for option in get_command(cli.app).commands[command[0]].params}
    reference = {option.name: option for option in get_command(cli.app).commands["verdict"].params}
    for field in fields(DetectorChoice):
        assert options[field.name].help == reference[field.name].help
        assert options[field.name].default == reference[field.name].default == field.default


LIGHT = ("detector.methods.lrr", "detector.verdict.classifier", "detector.corpus.recipe", "detector.records.result")


@pytest.mark.parametrize("module", LIGHT)
def test_records_and_what_is_made_of_them_need_no_model_library(module):
    assert not loaded_by(f"import {module}")[0] & {"torch", "transformers"}


def test_a_calibration_is_read_without_a_model_library():
    code = "from detector.corpus.recipe import Recipe, calibration_sha256\ncalibration_sha256(Recipe().classifier())"
    assert not loaded_by(code)[0] & {"torch", "transformers"}


def test_every_public_name_is_there():
    assert detector.__all__ == sorted(detector.__all__)
    assert set(detector.__all__) == set(detector._HOMES)
    for name in detector.__all__:
        assert getattr(detector, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        detector.nonsense  # noqa: B018
