"""The commands as a person runs them, in their own process where it matters."""

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import torch
from typer.testing import CliRunner

import cli
from detector import LanguageModel
from detector.models.loading import resolve_dtype
from tests.conftest import TRAINING_TEXT, make_classifier

LONG = TRAINING_TEXT * 2
ROOT = Path(cli.__file__).parent


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


def test_the_verdict_is_the_default_command(run, essay):
    plain, named = run(essay), run("verdict", essay)
    assert plain.exit_code == 0
    assert plain.stdout == named.stdout
    for expected in (
        "essay.txt: ",
        "how sure  Of 1,000 human texts",
        "Probability of machine text",
        "what now ",
        "not proof",
    ):
        assert expected in plain.stdout
    explained = run(essay, "--explain").stdout
    for expected in ("probability machine", "p-value", "statistics", "surprise"):
        assert expected in explained
        assert expected not in plain.stdout


def test_a_pipe_gets_the_marked_text_where_it_asks(run, essay):
    assert "harbour" not in run(essay).stdout
    assert run(essay, "--show", "none").stdout == run(essay).stdout
    output = run(essay, "--show", "rank", "--quiet").stdout
    assert "\x1b[" not in output
    text = output.split("#beyond 1000")[1]
    assert "harbour" in text
    assert "~" in text or "+" in text or "#" in text
    assert "What each word speaks for" in run(essay, "--show", "evidence").stdout
    wrong = run(essay, "--show", "colour")
    assert wrong.exit_code == 2
    assert "evidence" in wrong.stderr


def test_json_is_one_object_a_line_and_nothing_else(run, essay, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("Too short.")
    result = run("--json", essay, other)
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [r["path"] for r in records] == [str(essay), str(other)]
    assert records[1]["reason"] == "too_short"
    assert result.exit_code == 3


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


@pytest.mark.parametrize(
    ("content", "reason", "sentence"),
    [
        (None, "unreadable", "no such file"),
        ("folder", "unreadable", "is a folder"),
        (b"", "empty", "empty"),
        (b"\x00\x01\x02" * 50, "unreadable", "NUL bytes"),
        (b"%PDF-1.4", "unreadable", "a PDF"),
        (b"word", "too_short", "more"),
        (b"x" * 1_000_000, "not_prose", "prose"),
    ],
)
def test_bad_input_is_one_sentence_and_the_others_are_still_done(run, essay, tmp_path, content, reason, sentence):
    bad = tmp_path / "bad.txt"
    if content == "folder":
        bad.mkdir()
    elif content is not None:
        bad.write_bytes(content)
    result = run("--json", bad, essay)
    assert result.exit_code == 3
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["verdict"], first["reason"]) == ("unscored", reason)
    assert second["verdict"] in ("human", "machine", "inconclusive")
    assert len(result.stderr.strip().splitlines()) == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("content", [b"", b"One word.", b"\x00\x01", None])
def test_bad_input_is_said_once_to_people(run, tmp_path, content):
    bad = tmp_path / "bad.txt"
    if content is not None:
        bad.write_bytes(content)
    result = run(bad)
    assert result.exit_code == 3
    assert (result.stdout + result.stderr).count("bad.txt") == 1


def test_a_guessed_encoding_is_said_on_standard_error(run, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes((LONG + " The café was closed, naïve or not.").encode("cp1252"))
    result = run("--json", path)
    assert result.exit_code == 0
    assert "guess" in result.stderr
    assert "guess" in json.loads(result.stdout)["warnings"][0]
    assert run("--json", "--quiet", path).stderr == ""


def test_a_model_without_calibration_is_refused_with_what_to_do(run, essay):
    result = run(essay, calibrated=False)
    assert result.exit_code == 4
    assert "detect score" in result.stderr
    assert result.stdout == ""


def test_a_broken_model_is_exit_code_4(essay, tmp_path):
    result = CliRunner().invoke(cli.app, [str(essay), "--model", str(tmp_path)])
    assert result.exit_code == 4
    assert "config.json" in result.stderr


@pytest.mark.parametrize("option", [["--target-fpr", "5"], ["--dtype", "int3"], ["--device", "toaster"]])
def test_a_value_that_is_not_allowed_is_exit_code_2(essay, tiny_folder, tiny_calibration, option):
    extra = ["--model", str(tiny_folder), "--dtype", "float32", "--calibration", str(tiny_calibration)]
    result = CliRunner().invoke(cli.app, [str(essay), *extra, *option])
    assert result.exit_code == 2
    assert result.stderr.startswith("detect: ")


def test_an_impossible_target_rate_is_refused(run, essay):
    result = run(essay, "--target-fpr", "0.0001")
    assert result.exit_code == 4
    assert "smallest possible value" in result.stderr


def test_unknown_option_is_exit_code_2(essay):
    assert CliRunner().invoke(cli.app, [str(essay), "--no-such-option"]).exit_code == 2


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_picture(run, essay, tmp_path, suffix):
    out = tmp_path / f"curve{suffix}"
    assert run(essay, "--png", out).exit_code == 0
    assert out.stat().st_size > 5000


def test_tables_of_all_files(run, essay, tmp_path):
    (tmp_path / "short.txt").write_text("Too short.")
    files = [tmp_path / "v.csv", tmp_path / "v.xlsx"]
    done = run(essay, tmp_path / "short.txt", "--csv", files[0], "--xlsx", files[1])
    assert done.exit_code == 3
    rows = list(csv.DictReader(files[0].read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["text"], row["reason"]) for row in rows] == [
        (str(essay), ""),
        (str(tmp_path / "short.txt"), "too_short"),
    ]
    assert float(rows[0]["p_value"]) > 0
    assert openpyxl.load_workbook(files[1]).active.max_row == 3
    refused = run(essay, "--csv", tmp_path / "v.txt")
    assert (refused.exit_code, "--csv writes .csv files" in refused.stderr) == (2, True)


def test_picture_of_nothing_and_of_two_files(run, essay, tmp_path):
    short = tmp_path / "short.txt"
    short.write_text("Too short.")
    result = run(short, "--png", tmp_path / "a.png")
    assert result.exit_code == 3
    assert "no picture" in result.stderr
    assert run(essay, essay, "--png", tmp_path / "a.png").exit_code == 2
    for path, code in ((tmp_path / "no" / "folder.png", 4), (tmp_path / "a.docx", 2), (tmp_path, 2)):
        assert run(essay, "--png", path).exit_code == code


def test_reports_of_one_file(run, essay, tmp_path):
    page, paper = tmp_path / "report.html", tmp_path / "report.pdf"
    assert run(essay, "--html", page).exit_code == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    pytest.importorskip("weasyprint", exc_type=(ImportError, OSError))
    assert run(essay, "--pdf", paper).exit_code == 0
    assert paper.read_bytes().startswith(b"%PDF")


def test_a_closed_pipe_costs_no_report(detect, essay, tiny_folder, tiny_calibration, tmp_path):
    page = tmp_path / "report.html"
    options = f"--model {tiny_folder} --dtype float32 --calibration {tiny_calibration} --device cpu --html {page}"
    assert in_shell(f"{detect} {essay} {options} | true").returncode == 0
    assert page.stat().st_size > 5000


def test_reports_that_cannot_be(run, essay, tmp_path):
    short = tmp_path / "short.txt"
    short.write_text("Too short.")
    assert run(short, "--html", tmp_path / "a.html").exit_code == 3
    assert "2 words and about" in (tmp_path / "a.html").read_text(), "the page of an unscored text says why"
    two = run(essay, essay, "--html", tmp_path / "b.html")
    assert two.exit_code == 2
    assert "detect report" in two.stderr
    assert run(essay, "--pdf", tmp_path / "b.html").exit_code == 2
    assert run(essay, "--html", tmp_path / "no" / "folder.html").exit_code == 4


def test_score_gives_every_token_of_the_text_as_it_stands(run, tmp_path):
    path = tmp_path / "text.txt"
    text = "The old man\r\n\r\nwalked\u2026 🚢"
    path.write_bytes(text.encode())
    result = run("score", path, "--json", "--top", "3", calibrated=False)
    record = json.loads(result.stdout)
    assert record["schema_version"] == 1
    assert record["tokens"][0]["start_char"] == 0
    assert record["tokens"][-1]["end_char"] == len(text)
    for token in record["tokens"]:
        assert token["text"] == text[token["start_char"] : token["end_char"]]
        assert token["rank"] >= 1
        assert token["log_prob_nats"] < 0
        assert len(token["top"]) == 3
        assert token["top"][0][1] >= token["top"][2][1]
    table = run("score", path, calibrated=False).stdout
    assert len(table.splitlines()) == len(record["tokens"]) + 1


def test_score_undoes_disguises_and_says_so(run, tmp_path):
    path = tmp_path / "text.txt"
    text = "The \u043eld man\u200b walked."
    path.write_text(text, encoding="utf-8")
    result = run("score", path, "--json", calibrated=False)
    record = json.loads(result.stdout)
    path.write_text("The old man walked.")
    plain = json.loads(run("score", path, "--json", calibrated=False).stdout)
    path.write_text(text, encoding="utf-8")
    assert "".join(token["text"] for token in record["tokens"]) == text
    assert [token["id"] for token in record["tokens"]] == [token["id"] for token in plain["tokens"]]
    assert record["disguises_undone"] == {"invisible_character": 1, "lookalike_letter": 1}
    assert "text.txt is disguised (1 invisible character and 1 look-alike letter)" in result.stderr
    kept = run("score", path, "--json", "--as-given", calibrated=False)
    assert len(json.loads(kept.stdout)["tokens"]) > len(record["tokens"])
    assert "it is taken as it stands" in kept.stderr
    path.write_text("\u200b\u200b", encoding="utf-8")
    nothing = run("score", path, calibrated=False)
    assert nothing.exit_code == 3
    assert "leave no mark" in nothing.stderr


def test_score_of_a_missing_file(run):
    result = run("score", "none.txt", calibrated=False)
    assert result.exit_code == 3
    assert "no such file" in result.stderr


def test_a_file_that_bears_the_name_of_a_command(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("score").write_text(LONG)
    Path("essay.txt").write_text(LONG)
    assert "./score: " in run("./score").stdout
    assert run("essay.txt", "score").exit_code == 0, "only the first word can be a command"
    missing = run("essay.txt", "doctor")
    assert missing.exit_code == 3
    assert "doctor is also a command" in missing.stderr


def test_doctor(run, tiny_folder):
    findings = json.loads(CliRunner().invoke(cli.app, ["doctor", "--json", "--model", str(tiny_folder)]).stdout)
    assert findings["model"]["ready"]
    assert not findings["model"]["calibrated"]
    assert not findings["model"]["network_needed"]
    assert "torch" in findings["packages"]
    assert findings["dtype_auto"] == resolve_dtype("auto", torch.device(findings["device_auto"]))
    assert findings["packaged_model"]["wanted"] == "0.1.2"
    assert findings["packaged_model"]["remove"] == "detect models remove smollm2"
    assert "detect-text/models/smollm2-b179c9523d0e" in findings["packaged_model"]["cache_folder"]
    missing = CliRunner().invoke(cli.app, ["doctor", "--model", "nobody/none"])
    assert missing.exit_code == 4
    assert "network_needed" in missing.stdout


def test_no_argument_shows_help():
    result = CliRunner().invoke(cli.app, [])
    assert "Usage" in result.stdout + result.stderr


@pytest.mark.parametrize("form", ["--json", ""])
def test_a_closed_pipe_ends_quietly(detect, tiny_folder, tiny_calibration, essay, form):
    options = f"--model {tiny_folder} --dtype float32 --calibration {tiny_calibration} {form}"
    command = f"{detect} {' '.join([str(essay)] * 40)} {options}"
    result = in_shell(f"{command} | head -1; echo status ${{PIPESTATUS[0]}}")
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert lines[1] == "status 0"
    assert result.stderr == ""


@pytest.mark.parametrize("option", ["--html", "--pdf", "--png"])
def test_a_file_in_no_folder_is_refused_before_the_work(run, essay, tmp_path, option):
    path = tmp_path / "nowhere" / f"x.{option[2:]}"
    result = run(essay, option, path)
    assert result.exit_code == 4
    assert result.stdout == ""
    assert f"{path} cannot be written: there is no folder {path.parent}." in result.stderr


UNWRITABLE = [
    (["verdict", "ESSAY", "--png", "OUT.png"]),
    (["verdict", "ESSAY", "--html", "OUT.html"]),
    (["verdict", "ESSAY", "--pdf", "OUT.pdf"]),
    (["verdict", "ESSAY", "--csv", "OUT.csv"]),
    (["verdict", "ESSAY", "--xlsx", "OUT.xlsx"]),
    (["compare", "ESSAY", "ESSAY", "--png", "OUT.svg"]),
    (["next", "The old", "--png", "OUT.png"]),
    (["report", "ESSAY", "--out", "OUT"]),
    (["report", "ESSAY", "--out", "GOOD", "--anonymous", "--key", "OUT.csv"]),
    (["tokens", "--out", "OUT.json"]),
    (["tokens", "--html", "OUT.html"]),
    (["tokens", "--induction", "5:8", "--png", "OUT.png"]),
    (["tokens", "--verify", "--ledger", "OUT.ledger"]),
    (["evaluate", "--shipped", "--png", "OUT.png"]),
    (["train", "DATA", "--out", "OUT.json"]),
    (["train", "DATA", "--out", "GOOD.json", "--cache", "OUT.cache"]),
    (["calibrate", "DATA", "--out", "OUT.json"]),
    (["batch", "ESSAY", "--out", "OUT"]),
]


@pytest.mark.parametrize("words", UNWRITABLE, ids=" ".join)
def test_what_cannot_be_written_is_refused_before_the_work(words, essay, tmp_path, monkeypatch):
    def work(*_, **__):
        raise AssertionError("the work has begun")

    monkeypatch.setattr("detector.models.LanguageModel.load", work)
    monkeypatch.setattr("detector.evaluation.feature_table.shipped_dev_rows", work)
    monkeypatch.setattr("detector.vocabulary.analysis.analyse_vocabulary", work)
    blocked = tmp_path / "file"
    blocked.write_text("a file is no folder")
    data = tmp_path / "data.jsonl"
    data.write_text("")
    places = {"ESSAY": essay, "DATA": data}
    given = [
        str(places.get(word, word.replace("OUT", str(blocked / "out")).replace("GOOD", str(tmp_path / "good"))))
        for word in words
    ]
    result = CliRunner().invoke(cli.app, given, catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (4, "")
    assert len(result.stderr.splitlines()) == 1
    assert str(blocked) in result.stderr


def test_a_pdf_without_its_library_is_refused_before_the_work(essay, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    monkeypatch.setattr("detector.models.LanguageModel.load", lambda *_, **__: pytest.fail("the work has begun"))
    words = [str(essay), "--pdf", str(tmp_path / "x.pdf")]
    result = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "pip install 'detect-text[pdf]'" in result.stderr
    assert not (tmp_path / "x.pdf").exists()


def test_a_link_that_leads_nowhere_is_said(run, essay, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text(LONG)
    (folder / "lost.txt").symlink_to(tmp_path / "gone.txt")
    (folder / "self.txt").symlink_to(folder / "self.txt")
    result = run("report", folder, "--out", tmp_path / "pages")
    assert result.exit_code == 3
    assert f"{folder / 'lost.txt'}: the file that this link leads to is not there." in result.stderr
    assert f"{folder / 'self.txt'} cannot be read" in result.stderr
    assert "lost" in (tmp_path / "pages" / "index.html").read_text()
    compared = run(essay, "--baseline", folder)
    assert "the file that this link leads to is not there" in compared.stderr


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


def test_tokens_that_a_model_masks_are_null_and_said(run, essay, monkeypatch):
    from detector import score_texts

    def masked(*arguments, **options):
        for scores in score_texts(*arguments, **options):
            scores.log_prob_nats[0] = -np.inf
            yield scores

    monkeypatch.setattr("detector.scoring.score_texts", masked)
    result = run("score", essay, "--json", calibrated=False)
    assert json.loads(result.stdout, parse_constant=pytest.fail)["tokens"][0]["log_prob_nats"] is None
    assert "gives some tokens of this text no probability at all" in result.stderr


def test_scoring_an_empty_file_is_a_sentence(run, tmp_path):
    path = tmp_path / "empty.txt"
    path.write_text("")
    result = run("score", path, calibrated=False)
    assert result.exit_code == 3
    assert "is empty" in result.stderr


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


def test_generate_streams_the_text_it_draws(run):
    arguments = ("generate", "--prompt", "The old man", "--max-tokens", 12, "--seed", 3)
    plain = run(*arguments, calibrated=False)
    (record,) = map(json.loads, run(*arguments, "--json", calibrated=False).stdout.splitlines())
    assert plain.exit_code == 0
    assert plain.stdout == "The old man" + record["text"] + "\n"
    assert len(record["token_ids"]) == 12
    assert run(*arguments, "--no-cache", calibrated=False).stdout == plain.stdout
    several = run(*arguments, "--n", 3, "--json", calibrated=False).stdout.splitlines()
    assert json.loads(several[0])["token_ids"] == record["token_ids"]
    assert len({tuple(json.loads(line)["token_ids"]) for line in several}) == 3
    full = run("generate", "--max-tokens", 99, "--seed", 4, "--top-k", 5, calibrated=False)
    assert "The text fills the 32 tokens" in full.stderr


def test_next_shows_the_sorted_distribution_and_what_the_cuts_keep(run, tmp_path):
    plain = run("next", "The old man", "--top", 5, "--top-k", 3, calibrated=False)
    assert plain.exit_code == 0
    assert "top-k keeps 3 of 400 tokens" in plain.stdout
    record = json.loads(run("next", "The old man", "--top", 400, "--top-k", 3, "--json", calibrated=False).stdout)
    own = [token["probability"] for token in record["tokens"]]
    after = [token["probability_after_settings"] for token in record["tokens"]]
    assert own == sorted(own, reverse=True)
    assert sum(own) == pytest.approx(1)
    assert [p > 0 for p in after] == [True] * 3 + [False] * 397
    assert after[0] == pytest.approx(own[0] / sum(own[:3]))
    picture = tmp_path / "next.png"
    assert run("next", "The old man", "--top-p", 0.5, "--png", picture, calibrated=False).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("generate", "--temperature", 0), "temperature is 0"),
        (("generate", "--top-k", 0), "top-k is 0"),
        (("generate", "--top-p", 2), "top-p is 2"),
        (("generate", "--max-tokens", 0), "tokens to draw is 0"),
        (("next", "a", "--png", "x.gif"), "is neither"),
        (("next", "a", "--penalty-form", "x"), "Unknown penalty form 'x'"),
        (("generate", "--prompt", "a", "--seed", -1), "seed is -1"),
        (("generate", "--prompt", "a", "--stop", ""), "stop string is empty"),
        (("generate", "--prompt", "a", "--temperature", "inf"), "finite number above 0"),
        (("generate", "--prompt", "a", "--presence-penalty", "nan"), "presence penalty is nan; it must be a finite"),
        (("generate", "--prompt", "a", "--frequency-penalty", "inf"), "frequency penalty is inf; it must be a finite"),
        (("generate", "--prompt", "a", "--watermark-key", -3), "watermark key is -3"),
        (("generate", "--prompt", "a", "--watermark-key", 10**23), "from 1 to 9223372036854775807"),
        (("generate", "--prompt", "a", "--watermark-key", 3, "--watermark-bias", "nan"), "bias is nan; it must be"),
        (("generate", "--prompt", "a", "--watermark-key", 3, "--watermark-bias", "inf"), "finite number from 0"),
        (("generate", "--prompt", "a", "--watermark-key", 3, "--watermark-bias", -1), "bias is -1"),
    ],
)
def test_impossible_sampling_is_a_sentence_and_nothing_is_shown_before_it(run, arguments, message):
    result = run(*arguments, calibrated=False)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_greedy_is_recommended_only_where_there_is_such_an_option(run):
    assert "give --greedy" in run("generate", "--temperature", 0, calibrated=False).stderr
    assert "greedy" not in run("next", "a", "--temperature", 0, calibrated=False).stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("generate", "--greedy", "--temperature", 1), "so --temperature would have no effect"),
        (("generate", "--greedy", "--top-k", 5, "--top-p", 1), "so --top-k and --top-p would have no effect"),
        (("generate", "--watermark-scheme", "selfhash"), "no --watermark-key and the text is not marked, so"),
        (("generate", "--watermark-gamma", 0.25, "--watermark-bias", 2), "--watermark-gamma and --watermark-bias"),
    ],
)
def test_options_that_would_be_ignored_are_refused(run, arguments, message):
    result = run(*arguments, calibrated=False)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_a_prompt_longer_than_the_context_is_a_sentence(run):
    result = run("generate", "--prompt", LONG, calibrated=False)
    assert result.exit_code == 3
    assert "reads 32 at once" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("command", [("generate", "--max-tokens", "2", "--prompt", "-"), ("next", "-", "-q")])
def test_a_prompt_on_standard_input_is_read_as_a_file_is(tiny_folder, command):
    def fed(data):
        arguments = [*command, "--json", "--model", str(tiny_folder), "--device", "cpu", "--dtype", "float32"]
        return CliRunner().invoke(cli.app, arguments, input=data, catch_exceptions=False)

    for end in (b"", b"\n", b"\r\n"):
        assert json.loads(fed(b"The old man" + end).stdout)["prompt"] == "The old man"
    assert json.loads(fed(b"The old man\n\n").stdout)["prompt"] == "The old man\n"
    for data, sentence in ((b"\x89PNG\r\n", "is a PNG picture"), (b"a\x00b", "holds NUL bytes")):
        refused = fed(data)
        assert refused.exit_code == 3
        assert f"standard input {sentence}" in refused.stderr
        assert refused.stdout == ""


def test_methods_lists_every_statistic():
    records = [json.loads(line) for line in CliRunner().invoke(cli.app, ["methods", "--json"]).stdout.splitlines()]
    assert {"binoculars", "fast_detect_gpt", "lastde_plus_plus", "uid_variance"} <= {r["name"] for r in records}
    plain = CliRunner().invoke(cli.app, ["methods"]).stdout
    assert "lrr  (higher = machine; ratio; one pass)" in plain
    assert "diveye.surprisal_std  (lower = machine; nats; one pass (diveye_features))" in plain
    assert "diveye.surprisal_skewness  (direction left to a classifier; ratio; one pass" in plain
    assert "green_list_z  (higher = machine; standard deviations; the mark's key (detect watermark --key))" in plain
    assert "synthid_weighted_mean  (higher = machine; share of bits; the mark's keys" in plain
    by_name = {r["name"]: r for r in records}
    assert [r["name"] for r in records] == sorted(by_name)
    assert sum(name.startswith("diveye.") for name in by_name) == 10
    assert (by_name["synthid_mean"]["higher_is_machine"], by_name["synthid_mean"]["unit"]) == (True, "share of bits")
    assert by_name["green_list_window_p_value"]["higher_is_machine"] is False
    assert by_name["diveye.second_difference_autocorrelation"]["higher_is_machine"] is None
    assert all({"name", "higher_is_machine", "unit", "needs", "summary"} == r.keys() for r in records)
    assert "`" not in plain + "".join(r["summary"] for r in records)


@pytest.mark.parametrize("command", ["generate", "next", "compare", "watermark", "methods"])
def test_the_list_of_commands_has_whole_sentences(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    lines = CliRunner().invoke(cli.app, ["--help"]).stdout.splitlines()
    (line,) = [line for line in lines if line.split()[:1] == [command]]
    assert line.endswith(".")
    assert not line.endswith("...")


def test_the_help_lists_the_schemes_that_the_message_does(run, essay):
    from detector.watermark import SCHEMES

    listed = ", ".join(SCHEMES)
    for command in ("generate", "watermark"):
        assert listed in " ".join(CliRunner().invoke(cli.app, [command, "--help"]).stdout.split())
    refused = CliRunner().invoke(cli.app, ["watermark", str(essay), "--key", "3", "--scheme", "righthash"])
    assert refused.exit_code == 2
    assert f"Allowed: {listed}." in refused.stderr


def test_a_generated_mark_is_found_by_its_key(tmp_path):
    """With the embedded model: a tiny random one writes bytes that are no text, and are read back otherwise."""
    scheme = ["--watermark-scheme", "lefthash", "--watermark-gamma", "0.5", "--watermark-bias", "6"]
    marking = [
        "generate",
        "--model",
        "small",
        "--prompt",
        "The old man",
        "--max-tokens",
        "80",
        "--watermark-key",
        "77",
        *scheme,
    ]
    path = tmp_path / "marked.txt"
    path.write_text(CliRunner().invoke(cli.app, marking, catch_exceptions=False).stdout.strip())

    def tested(*arguments):
        command = ["watermark", str(path), "--model", "small", "--scheme", "lefthash", "--gamma", "0.5", *arguments]
        return CliRunner().invoke(cli.app, command, catch_exceptions=False)

    record, other = (json.loads(tested("--key", key, "--json").stdout) for key in ("77", "78"))
    assert record["p_value"] < 1e-4 < 1e-2 < other["p_value"]
    assert 0 <= record["window"]["start_char"] < record["window"]["end_char"] <= len(path.read_text())
    assert "of unmarked texts" in tested("--key", "77").stdout
    path.write_text("\u200b".join(path.read_text()), encoding="utf-8")
    disguised = tested("--key", "77", "--json")
    assert json.loads(disguised.stdout)["z"] == record["z"]
    assert "marked.txt is disguised" in disguised.stderr
    assert json.loads(tested("--key", "77", "--as-given", "--json").stdout)["z"] < record["z"] / 2
    missing = tested()
    assert missing.exit_code == 2
    assert "give it as --key" in missing.stderr
    assert (record["sign"], other["sign"], record["reason"]) == ("strong", "none", None)
    assert tested("--key", "77").stdout.splitlines()[-1] == record["explanation"]


@pytest.fixture
def tested(tiny_folder, essay):
    """``tested("--key", 3)`` on the essay or on standard input, with the tiny model."""

    def invoke(*arguments, path=essay, data=None):
        command = ["watermark", *map(str, [path, *arguments]), "--model", str(tiny_folder)]
        return CliRunner().invoke(cli.app, command, input=data, catch_exceptions=False)

    return invoke


def test_synthid_keys_are_tested_for(tested):
    synthid = json.loads(tested("--synthid-keys", "3,4,5", "--json").stdout)
    assert 0.01 < synthid["mean_p_value"] <= 1
    assert (synthid["sign"], synthid["reason"]) == ("none", None)
    plain = tested("--synthid-keys", "3,4,5").stdout
    assert "weighted mean" in plain
    assert plain.splitlines()[-1].startswith("No sign of this mark: ")


@pytest.mark.parametrize("mark", [("--key", 77), ("--synthid-keys", "3,4,5")])
@pytest.mark.parametrize(
    ("text", "reason", "sentence"),
    [
        ("", "empty", "The text is empty."),
        (" \n\t", "empty", "The text is empty."),
        ("The old", "too_short", "Too few"),
    ],
)
def test_too_little_text_is_not_tested(tested, mark, text, reason, sentence):
    result = tested(*mark, "--json", path="-", data=text)
    record = json.loads(result.stdout)
    assert result.exit_code == 3
    assert record["reason"] == reason
    assert record["sign"] is None
    assert record["explanation"].startswith(sentence)
    assert result.stderr == f"detect: standard input was not tested: {record['explanation']}\n"
    plain = tested(*mark, "--quiet", path="-", data=text)
    assert (plain.exit_code, plain.stdout, plain.stderr) == (3, "", result.stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--key", 10**23), "it must be a whole number from 1 to 9223372036854775807"),
        (("--key", -1), "watermark key is -1"),
        (("--synthid-keys", f"3,{10**23}"), "it must be a whole number from 1 to 9223372036854775807"),
        (("--synthid-keys", "3,-4"), "is -4"),
        (("--synthid-keys", "3"), "only one was given"),
        (("--synthid-keys", "3,3"), "key 3 was given twice"),
        (("--synthid-keys", "3,x"), "no list of whole numbers"),
        (("--synthid-keys", "3,4", "--key", 5), "one of the two"),
        (("--synthid-keys", "3,4", "--scheme", "selfhash", "--gamma", 0.25), "so --gamma and --scheme would"),
        (("--key", 5, "--ngram-length", 5), "so --ngram-length would"),
        ((), "give it as --key"),
    ],
)
def test_impossible_watermark_tests_are_a_sentence(tested, arguments, message):
    result = tested(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_compare_shows_both_texts_and_draws_them(run, essay, tmp_path):
    other, picture = tmp_path / "other.txt", tmp_path / "both.png"
    other.write_text("The boats were gone, and the boats were gone, and the boats were gone.")
    result = run("compare", essay, other, "--png", picture, calibrated=False)
    assert result.exit_code == 0
    assert "essay.txt" in result.stdout
    assert "other.txt" in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    record = json.loads(run("compare", essay, other, "--json", calibrated=False).stdout)
    left, right = record["texts"]
    assert left["n_tokens"] > right["n_tokens"] > 0
    assert "other.txt has" in result.stderr
    assert "essay.txt has" not in result.stderr
    assert "no verdicts, only statistics" in result.stderr
    assert left["verdict"] is None
    assert run("compare", essay, other, "-q", calibrated=False).stderr == ""
    assert left["methods"]["log_likelihood"] != right["methods"]["log_likelihood"]
    other.write_text(essay.read_text().replace("e", "\u0435"), encoding="utf-8")
    same = run("compare", essay, other, "--json", calibrated=False)
    left, right = json.loads(same.stdout)["texts"]
    assert left["methods"] == right["methods"]
    assert "other.txt is disguised" in same.stderr
    other.write_text(" \n")
    empty = run("compare", essay, other, calibrated=False)
    assert empty.exit_code == 3
    assert "other.txt is empty" in empty.stderr


def test_compare_gives_the_verdicts_and_the_numbers_of_detect(run, essay, tmp_path):
    other = tmp_path / "folder" / "essay.txt"
    other.parent.mkdir()
    other.write_text(LONG.replace(" ", "\u00a0\n", 9).replace("'", "\u2019"))  # folding undoes it
    record = json.loads(run("compare", essay, other, "--json").stdout)
    for path, compared in zip((essay, other), record["texts"], strict=True):
        judged = json.loads(run(path, "--json").stdout)
        assert compared.pop("disguises_undone") == {}
        assert {name: judged[name] for name in compared} == compared
    shown = run("compare", essay, other).stdout
    assert f"{essay}: " in shown
    assert f"{other}: " in shown
    assert "how sure  Of 1,000" in shown
    assert "folder/essay.txt" in shown.split("statistic")[1]


def test_compare_reads_standard_input_once(run):
    result = run("compare", "-", "-", calibrated=False)
    assert result.exit_code == 2
    assert "standard input can be only one of the two" in result.stderr


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of Unix")
def test_what_has_no_end_is_refused_and_the_next_is_judged(run, essay, tmp_path, monkeypatch):
    monkeypatch.setattr("detector.documents.opening._SECONDS_FOR_A_WRITER", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(300_000_000)
    result = run("/dev/zero", tmp_path / "pipe", tmp_path / "large.txt", essay, "--json")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["reason"] for record in records] == ["too_long", "unreadable", "too_long", None]
    assert result.exit_code == 3
    for said in ("/dev/zero has more than 80 MB", "nobody wrote to it", "large.txt has 300 MB"):
        assert said in result.stderr


def test_the_longest_text_can_be_named(run, essay):
    n = len(LONG)
    refused = run(essay, "--max-chars", n - 1)
    assert refused.exit_code == 3
    assert f"essay.txt has {n:,} characters and at most {n - 1:,}" in refused.stderr
    assert "raise --max-chars" in refused.stderr
    assert run(essay, "--max-chars", n).exit_code == 0
    assert run("score", essay, "--max-chars", n - 1, calibrated=False).exit_code == 3


@pytest.mark.skipif(os.name != "posix", reason="rights of Unix")
@pytest.mark.parametrize(("option", "rights"), [([], (0o600, 0o700)), (["--shared"], (0o644, 0o755))])
def test_reports_are_their_owners_alone_unless_shared(run, essay, tmp_path, option, rights):
    old = os.umask(0o022)
    try:
        assert run(essay, "--html", tmp_path / "a.html", *option).exit_code == 0
        assert run("report", essay, "--out", tmp_path / "set", *option).exit_code == 0
        assert os.umask(0o022) == 0o022  # what the command changed is as it was
    finally:
        os.umask(old)
    for path in (tmp_path / "a.html", tmp_path / "set" / "index.html"):
        assert path.stat().st_mode & 0o777 == rights[0]
    assert (tmp_path / "set").stat().st_mode & 0o777 == rights[1]
