"""Standard input, pipes, closed streams and interrupts, in a process of its own where it matters."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import cli
from detector import LanguageModel
from tests.commands.conftest import LONG
from tests.conftest import make_classifier

ROOT = Path(cli.__file__).parent
FRESH = [sys.executable, "-m", "cli"]


def in_process(command, *args, **options):
    return subprocess.run([*command, *map(str, args)], cwd=ROOT, capture_output=True, text=True, timeout=120, **options)


def in_shell(command):
    return subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def detect(warm_detect):
    """The words that run the command from a shell."""
    return shlex.join(warm_detect)


@pytest.fixture(scope="module")
def fresh_and_warm(warm_detect, tiny_folder, tmp_path_factory):
    """A text on standard input and one in a file, said in ASCII: by a new interpreter, and by what stands for one."""
    folder = tmp_path_factory.mktemp("two-inputs")
    path, calibration = folder / "\u00e9.txt", folder / "classifier.json"
    path.write_text(LONG)
    make_classifier(LanguageModel.load(tiny_folder, dtype="float32")).save(calibration)
    arguments = ("-", path, "--json", "--model", tiny_folder, "--dtype", "float32", "--calibration", calibration)
    options = {"input": LONG, "env": {**os.environ, "PYTHONIOENCODING": "ascii"}}
    fresh, warm = (in_process(command, *arguments, **options) for command in (FRESH, warm_detect))
    return path, fresh, warm


def test_standard_input(fresh_and_warm):
    _, result, _ = fresh_and_warm
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    record = json.loads(result.stdout.splitlines()[0])
    assert record["id"] == "-"
    assert record["path"] is None
    assert record["n_words"] == len(LONG.split())


def test_what_stands_for_a_new_interpreter_does_as_one(fresh_and_warm):
    _, fresh, warm = fresh_and_warm
    assert (warm.returncode, warm.stdout, warm.stderr) == (fresh.returncode, fresh.stdout, fresh.stderr)


def test_a_closed_pipe_costs_no_report(detect, essay, tiny_folder, tiny_calibration, tmp_path):
    page = tmp_path / "report.html"
    options = f"--model {tiny_folder} --dtype float32 --calibration {tiny_calibration} --device cpu --html {page}"
    assert in_shell(f"{detect} {essay} {options} | true").returncode == 0
    assert page.stat().st_size > 5000


@pytest.mark.parametrize("form", ["--json", ""])
def test_a_closed_pipe_ends_quietly(detect, tiny_folder, tiny_calibration, essay, form):
    options = f"--model {tiny_folder} --dtype float32 --calibration {tiny_calibration} {form}"
    command = f"{detect} {' '.join([str(essay)] * 40)} {options}"
    result = in_shell(f"{command} | head -1; echo status ${{PIPESTATUS[0]}}")
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert lines[1] == "status 0"
    assert result.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk to write to")
def test_a_full_disk_is_a_sentence(detect, tiny_folder, tiny_calibration, essay):
    options = f"--json --model {tiny_folder} --dtype float32 --calibration {tiny_calibration}"
    result = in_shell(f"{detect} {essay} {options} > /dev/full")
    assert result.returncode == 4
    assert result.stderr.strip() == "detect: The results cannot be written: No space left on device."


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_closed_streams_are_no_traceback(detect, tiny_folder, tiny_calibration, essay, closed):
    path = "-" if closed == "<&-" else essay
    options = f"--model {tiny_folder} --dtype float32 --calibration {tiny_calibration}"
    result = in_shell(f"{detect} {path} {options} {closed}")
    assert result.returncode == (3 if closed == "<&-" else 0)
    assert "Traceback" not in result.stderr


def test_a_new_interpreter_starts_without_streams():
    result = in_shell(f"{shlex.join(FRESH)} --version <&- >&-")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_json_survives_a_terminal_without_unicode(fresh_and_warm):
    path, result, _ = fresh_and_warm
    assert result.stdout.isascii()
    assert json.loads(result.stdout.splitlines()[1])["path"] == str(path)


def test_a_file_name_cannot_steer_the_terminal(run):
    result = run("no\x1b[31mred")
    assert "\x1b" not in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_interrupting_is_exit_code_130(warm_detect, tiny_folder, tiny_calibration):
    process = subprocess.Popen(
        [*warm_detect, "-", "--model", str(tiny_folder), "--dtype", "float32", "--calibration", str(tiny_calibration)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdin.write("word " * 100_000)  # more than a pipe holds, so it waits for the rest of standard input
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted." in errors
    assert "Traceback" not in errors
