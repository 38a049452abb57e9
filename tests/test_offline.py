"""``--offline`` asks no network, shown with networking forbidden; and nothing is reported to anybody."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
from tests.conftest import TRAINING_TEXT

ROOT = Path(cli.__file__).parent


@pytest.fixture
def attempts(monkeypatch):
    """Every attempt to reach or to name another machine, each of which fails."""
    found = []

    def forbidden(*arguments, **options):
        found.append(arguments)
        raise OSError("networking is forbidden here")

    def connect(self, address):
        return unix(self, address) if self.family == socket.AF_UNIX else forbidden(address)

    unix = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", connect)
    for name in ("connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, forbidden)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, forbidden)
    # What the tests set for all; here --offline has to do it.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return found


def run(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words], catch_exceptions=False)


def test_no_command_asks_the_network(attempts, tiny_folder, tiny_calibration, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text(TRAINING_TEXT * 2)
    model = ("--model", tiny_folder, "--dtype", "float32", "--device", "cpu", "--offline")
    verdict = (*model, "--calibration", tiny_calibration)
    for words in (
        (text, "--json", "--html", tmp_path / "a.html", "--png", tmp_path / "a.png", *verdict),
        ("report", text, "--out", tmp_path / "reports", *verdict),
        ("score", text, "--json", *model),
        ("compare", text, text, *model),
        ("next", "The old", *model),
        ("generate", "--prompt", "The old", "--max-tokens", "3", *model),
        ("watermark", text, "--key", "1", "--model", tiny_folder, "--offline"),
        ("tokens", tiny_folder, "--offline", "--device", "cpu"),
        ("doctor", "--model", tiny_folder),
        ("models",),
        ("methods",),
        # A model that is here needs no such option.
        ("score", text, "--model", tiny_folder, "--device", "cpu"),
        ("tokens", tiny_folder, "--device", "cpu"),
    ):
        found = run(*words)
        assert found.exit_code in (0, 4 if words[0] == "doctor" else 0), (words, found.stderr)
        assert attempts == [], words


def test_a_name_of_the_hub_is_refused_without_asking(attempts):
    for command in (("score", ROOT / "LICENSE", "--model"), ("tokens",)):
        found = run(*command, "nobody/no-such-model", "--offline")
        assert found.exit_code == 4
        assert "--offline forbids fetching it" in found.stderr
        assert attempts == []


def test_the_guard_sees_what_is_asked_without_offline(attempts):
    assert run("score", ROOT / "LICENSE", "--model", "nobody/no-such-model").exit_code == 4
    assert attempts


def test_telemetry_of_the_libraries_is_off():
    from detector.models.hub import prepare_libraries

    prepare_libraries(offline=False)
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"


@pytest.mark.slow
def test_the_default_verdict_in_a_machine_without_any_network(tmp_path):
    """A network namespace of its own, in which not even the loopback interface is up."""
    unshare = shutil.which("unshare")
    shut = [unshare or "", "--user", "--map-root-user", "--net"]
    if unshare is None or subprocess.run([*shut, "true"], capture_output=True).returncode:
        pytest.skip("needs unshare and the right to make a network namespace")
    essay = ROOT / "datasets" / "samples" / "essay.txt"
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    said = []
    for before in ([], shut):
        done = subprocess.run(
            [*before, sys.executable, "cli.py", str(essay), "--json", "--offline"],
            cwd=ROOT, capture_output=True, text=True, timeout=600, env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said.append(json.loads(done.stdout))
    assert said[0] == said[1]
