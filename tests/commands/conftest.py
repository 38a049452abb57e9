"""The commands in this process, with a tiny model and its calibration."""

import pytest
from typer.testing import CliRunner

import cli
from tests.conftest import TRAINING_TEXT

LONG = TRAINING_TEXT * 2


@pytest.fixture
def run(tiny_folder, tiny_calibration, monkeypatch):
    """``run("essay.txt", "--json")`` with the tiny model and its calibration; a verdict unless said otherwise."""

    def invoke(*args, calibrated=True):
        extra = ["--model", str(tiny_folder), "--device", "cpu", "--dtype", "float32"]
        if calibrated:
            extra += ["--calibration", str(tiny_calibration)]
        return CliRunner().invoke(cli.app, [*map(str, args), *extra], catch_exceptions=False)

    return invoke


@pytest.fixture
def essay(tmp_path):
    path = tmp_path / "essay.txt"
    path.write_text(LONG)
    return path
