"""Runs with a real, tiny model: in this process, in worker processes, and from the command line."""

import csv
import hashlib
import html
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

from detector import Detector, ModelError, UsageError
from detector.commands.batch import batch
from detector.commands.query import query
from detector.corpus import crew, local_engine
from detector.corpus.documents import Document
from detector.corpus.judging import Judged
from detector.corpus.local_engine import LocalEngine
from detector.corpus.progress import Forecast, Progress, describe
from detector.corpus.recipe import Recipe, calibration_sha256
from detector.corpus.run import score_corpus
from detector.corpus.schema import results_schema, unscored_row
from detector.verdict.classifier import Classifier
from detector.verdict.shipped import calibration_for
from detector.vocabulary.text_findings import TokenHistory
from tests.conftest import TRAINING_TEXT, make_classifier
from tests.corpus.conftest import record_of, rows_of, write_jsonl

ROOT = Path(__file__).parents[2]
LONG = TRAINING_TEXT + " " + TRAINING_TEXT.replace("boats", "ships")


def texts(n):
    return [{"id": f"d{i}", "text": LONG[i:], "topic": i % 2} for i in range(n)]


@pytest.fixture
def recipe(tiny_folder, tiny_calibration):
    return Recipe(str(tiny_folder), "cpu", "float32", calibration=str(tiny_calibration))


@pytest.fixture
def app():
    app = typer.Typer()
    app.command()(batch)
    app.command()(query)
    return app


def test_a_corpus_of_an_older_version_knows_its_classifier_again():
    """The hash of the file's own JSON, as version 2 took it, is that of the classifier read from it."""
    path = calibration_for("small")  # made by that version
    of_the_file = json.dumps(json.loads(path.read_text(encoding="utf-8")), sort_keys=True).encode()
    assert calibration_sha256(Classifier.load(path)) == hashlib.sha256(of_the_file).hexdigest()


def test_a_field_that_says_nothing_makes_no_other_classifier(tiny_calibration):
    classifier = Classifier.load(tiny_calibration)
    record = json.loads(tiny_calibration.read_text(encoding="utf-8"))
    del record["number_formats"], record["probe_fingerprint"], record["evidence"]["probe"]
    tiny_calibration.write_text(json.dumps(record), encoding="utf-8")
    assert calibration_sha256(Classifier.load(tiny_calibration)) == calibration_sha256(classifier)
    for change in ({"number_formats": {"float32": "a"}}, {"intercept": 9.0}, {"schema_version": 3}):
        assert calibration_sha256(replace(classifier, **change)) != calibration_sha256(classifier)


def judged_by(engine, batches):
    rows = [row for judged in engine.judged(iter(batches), [], False) for row in judged.rows.to_pylist()]
    return sorted((row["id"], row["reason"]) for row in rows)


def documents(*texts):
    return [Document(name, None, text, key=name * 32) for name, text in zip("abcdef", texts, strict=False)]


@pytest.mark.slow
def test_a_worker_that_is_killed_takes_one_document_with_it(recipe, monkeypatch):
    """The text that kills is found by halving, and stands in a row of its own."""
    engine = LocalEngine(recipe, workers=1)
    original = local_engine._Feeder._ask

    def ask(feeder, batch):
        if any(d.text == "deadly" for d in batch):
            os.kill(feeder._process.pid, signal.SIGKILL)
        return original(feeder, batch)

    monkeypatch.setattr(local_engine._Feeder, "_ask", ask)
    found = judged_by(engine, [documents("Fine.", "deadly", "Good.")])
    assert found == [("a", "too_short"), ("b", "failed"), ("c", "too_short")]


class Workers:
    """Stands in for worker processes; dies at some texts."""

    def __init__(self, monkeypatch, dies):
        self.starts, self.asked, self.dies = 0, [], dies
        monkeypatch.setattr(local_engine._Feeder, "_start", lambda feeder: self._start(feeder))
        monkeypatch.setattr(local_engine._Feeder, "_ask", lambda feeder, batch: self._ask(batch))

    def _start(self, feeder):
        self.starts += 1
        feeder._process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _ask(self, batch):
        self.asked.append([document.id for document in batch])
        if any(self.dies(document.text) for document in batch):
            raise EOFError
        rows = [unscored_row(document, "fine", "", {"name": "", "fingerprint": ""}, []) for document in batch]
        return Judged(pa.Table.from_pylist(rows, schema=results_schema([])))


def test_a_batch_over_which_a_worker_dies_is_halved(recipe, monkeypatch):
    workers = Workers(monkeypatch, lambda text: text == "deadly")
    found = judged_by(LocalEngine(recipe, workers=1), [documents("A.", "B.", "deadly", "D.", "E.")])
    assert found == [("a", "fine"), ("b", "fine"), ("c", "failed"), ("d", "fine"), ("e", "fine")]
    assert workers.starts == 4  # one at first, and one after each of three deaths


def test_workers_that_all_die_end_the_run(recipe, monkeypatch):
    Workers(monkeypatch, lambda text: True)
    with pytest.raises(ModelError, match=r"memory.*--workers 1"):
        judged_by(LocalEngine(recipe, workers=1), [documents("A.", "B.", "C.", "D.", "E.")])


def test_many_workers_share_the_batches(recipe, monkeypatch):
    workers = Workers(monkeypatch, lambda text: False)
    batches = [[Document(f"{i}-{j}", None, "T.", key=f"{i}{j}") for j in range(3)] for i in range(7)]
    found = judged_by(LocalEngine(recipe, workers=3), batches)
    assert len(found) == 21
    # A worker of the test before may still be at its last batch.
    assert sorted(batch for batch in workers.asked if "-" in batch[0]) == [[d.id for d in batch] for batch in batches]
    assert 1 <= workers.starts <= 3


def test_nothing_is_lost_while_workers_are_dismissed(recipe, monkeypatch):
    monkeypatch.setattr(local_engine, "default_workers", lambda recipe: 4)
    monkeypatch.setattr(crew, "_NO_SLOWER", 0.0)  # fewer are always kept, down to one
    workers = Workers(monkeypatch, lambda text: False)
    batches = [[Document(f"{i}-0", None, "T.", key=f"{i}")] for i in range(60)]
    found = judged_by(LocalEngine(recipe), batches)
    assert sorted(found) == sorted((f"{i}-0", "fine") for i in range(60))
    assert workers.starts <= 4


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_ends_the_run(tmp_path, tiny_calibration):
    source = write_jsonl(tmp_path / "in.jsonl", texts(1))
    with pytest.raises(ModelError, match="missing-model"):
        score_corpus(
            source,
            tmp_path / "out",
            recipe=Recipe(str(tmp_path / "missing-model"), "cpu", calibration=str(tiny_calibration)),
        )


@pytest.mark.parametrize("options", [{"workers": 0}, {"threads": -1}])
def test_impossible_numbers_of_workers_are_refused(recipe, options):
    with pytest.raises(UsageError, match="at least 1"):
        LocalEngine(recipe, **options)


def test_reports_are_written_for_the_flagged_and_taken_away(tmp_path, tiny):
    source = write_jsonl(
        tmp_path / "in.jsonl", [*texts(2), {"id": "twin", "text": LONG}, {"id": "s", "text": "Short."}]
    )
    out = tmp_path / "out"
    machine = Detector(tiny, make_classifier(tiny, lean=10.0))
    score_corpus(source, out, detector=machine)
    reports = sorted(p.name for p in (out / "reports").iterdir())
    assert len(reports) == 2
    index = (out / "index.html").read_text(encoding="utf-8")
    assert index.count(f'href="reports/{reports[0]}"') + index.count(f'href="reports/{reports[1]}"') == 3
    assert "harbour" in (out / "reports" / reports[0]).read_text(encoding="utf-8")
    score_corpus(source, out, detector=machine, reports="none")
    assert list((out / "reports").iterdir()) == []
    human = Detector(tiny, make_classifier(tiny, lean=-100.0))
    score_corpus(source, tmp_path / "human", detector=human)
    assert list((tmp_path / "human" / "reports").iterdir()) == []
    score_corpus(source, tmp_path / "human", detector=human, reports="all")
    assert len(list((tmp_path / "human" / "reports").iterdir())) == 2


def test_a_report_carries_the_token_findings_that_its_row_has(tmp_path, tiny):
    source = write_jsonl(tmp_path / "in.jsonl", texts(1))
    counts = np.full(len(tiny.tokenizer), 100)
    counts[tiny.encoder.encode(" harbour")[0][-1]] = 3
    detector = Detector(tiny, make_classifier(tiny), token_history=TokenHistory.from_counts(counts))
    score_corpus(source, tmp_path / "out", detector=detector, reports="all")
    (row,) = rows_of(tmp_path / "out")
    details = [f["detail"] for f in json.loads(row["findings"]) if f["kind"] == "rare_token"]
    (page,) = (tmp_path / "out" / "reports").iterdir()
    assert details
    again = detector.with_alternatives(10).detect(texts(1)[0]["text"])
    assert [f.detail for f in again.findings if f.kind == "rare_token"] == details
    assert all(detail in html.unescape(page.read_text(encoding="utf-8")) for detail in details)


def test_the_command_judges_a_corpus_and_answers_questions(tmp_path, app, recipe):
    """In worker processes, with the rows that a detector in this process gives."""
    records = [*texts(3), {"id": "short", "text": "Short."}, {"id": "no", "text": 1}]
    source = write_jsonl(tmp_path / "in.jsonl", records)
    arguments = [
        "batch", str(source), "--out", str(tmp_path / "out"), "--model", recipe.model, "--device", "cpu",
        "--dtype", "float32", "--calibration", recipe.calibration, "--workers", "1", "--keep-tokens",
    ]  # fmt: skip
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 3, done.output  # one text is too short
    assert "5 documents" in done.stdout
    assert "1 too short" in done.stdout
    again = CliRunner().invoke(app, [*arguments, "--json"])
    assert json.loads(again.stdout)["documents"] == 5

    detector = recipe.load()
    score_corpus(source, tmp_path / "here", detector=detector, reports="none", keep_tokens=True)
    for there, here in zip(rows_of(tmp_path / "out"), rows_of(tmp_path / "here"), strict=True):
        assert there["score"] == pytest.approx(here["score"], abs=1e-5)
        assert (there["id"], there["verdict"], there["document_key"]) == (
            here["id"],
            here["verdict"],
            here["document_key"],
        )
    found = record_of(rows_of(tmp_path / "out")[0])
    expected = detector.detect(LONG, id="d0", path=str(source)).to_dict()
    assert found["methods"] == pytest.approx(expected["methods"], abs=1e-4)
    assert found["segments"] == expected["segments"]
    assert found.keys() == expected.keys()

    pytest.importorskip("duckdb")
    sql = "SELECT topic, count(*) AS n FROM results GROUP BY topic ORDER BY topic NULLS LAST"
    asked = CliRunner().invoke(app, ["query", str(tmp_path / "out"), sql, "--json"])
    assert [json.loads(line) for line in asked.stdout.splitlines()] == [
        {"topic": 0, "n": 2},
        {"topic": 1, "n": 1},
        {"topic": None, "n": 2},
    ]
    shown = CliRunner().invoke(app, ["query", str(tmp_path / "out"), sql])
    assert shown.stdout.split() == ["topic", "n", "0", "2", "1", "1", "2"]
    everything = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["query", str(tmp_path / "out")])
    assert max(map(len, everything.stdout.splitlines())) <= 80
    assert everything.stdout.split()[:2] == ["id", "verdict"]
    assert "more columns: schema_version" in everything.stderr
    lists = CliRunner().invoke(app, ["query", str(tmp_path / "out"), "--all"])
    assert "log_likelihood" in lists.stdout
    inside = "SELECT id, methods.rank AS rank, segments[1].end_char AS end FROM results WHERE id = 'd0'"
    table = tmp_path / "answer.csv"
    written = CliRunner().invoke(app, ["query", str(tmp_path / "out"), inside, "--csv", str(table)])
    assert (written.exit_code, written.stdout) == (0, "")
    (row,) = csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines())
    assert float(row["rank"]) == pytest.approx(expected["methods"]["rank"], abs=1e-4)
    assert int(row["end"]) == expected["segments"][0]["end_char"]


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--engine", "spark"], 2, "allowed: local, ray"),
        (["--reports", "some"], 2, "allowed: flagged, all, none"),
        (["--fdr", "2"], 2, "between 0 and 1"),
        (["--workers", "0"], 2, "at least 1"),
        (["--calibration", "missing.json"], 4, "cannot be read"),
    ],
)
def test_wrong_options_are_sentences(tmp_path, app, more, code, words):
    source = write_jsonl(tmp_path / "in.jsonl", texts(1))
    done = CliRunner().invoke(app, ["batch", str(source), "--out", str(tmp_path / "out"), *more])
    assert done.exit_code == code
    assert words in done.stderr


def test_a_missing_input_is_said(tmp_path, app):
    done = CliRunner().invoke(app, ["batch", str(tmp_path / "missing"), "--out", str(tmp_path / "out")])
    assert (done.exit_code, "no such file or folder" in done.stderr) == (3, True)


def test_the_progress_line():
    progress = Progress("scoring", 200, done_before=100, judged=50, tokens=5000, share_read=0.5, seconds=25.0)
    # Half of the source holds 100 new documents of which 50 are judged, so a quarter is done.
    assert progress.seconds_left == pytest.approx(75)
    assert progress.tokens_a_second == 200
    assert describe(progress) == "150 of about 400 · 2.0 documents/s · 0:01:15 left"
    assert describe(replace(progress, is_read=True)).startswith("150 of 200 · ")
    assert describe(replace(progress, stage="loading")) == "150 of about 400 documents"
    assert describe(replace(progress, stage="reports", reports=1, reports_wanted=3)) == "1 of 3"


def test_the_time_of_loading_is_no_rate():
    """40 of the 50 were judged in the 20 s after the model was there; of the source, 50 of 200 documents are done."""
    progress = Progress("scoring", 100, judged=50, share_read=0.5, seconds=80.0)
    progress.seconds_before_scoring, progress.judged_first = 60.0, 10
    assert progress.documents_a_second == 2
    assert progress.seconds_left == pytest.approx(75)  # 150 to come


def test_the_time_left_runs_down_between_forecasts_and_does_not_jump():
    now = 0.0
    forecast = Forecast(lambda: now)
    assert forecast.seconds_left is None
    forecast.update(100.0)
    now = 10.0
    assert forecast.seconds_left == 90
    forecast.update(140.0)  # ends at 150 rather than 100: a fifth of the way there
    assert forecast.seconds_left == pytest.approx(100)
    now = 1000.0
    assert forecast.seconds_left == 0
    assert Progress().seconds_left is None


def test_reading_and_writing_need_no_torch():
    """A run that has nothing to judge begins and ends in a moment."""
    code = "import sys, detector.corpus.run, detector.corpus.local_engine; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.slow
def test_ctrl_c_reaches_the_command_and_no_worker_stays(tmp_path, recipe):
    source = write_jsonl(tmp_path / "in.jsonl", texts(400))
    code = "import typer; from detector.commands.batch import batch; app = typer.Typer(); app.command()(batch); app()"
    arguments = [str(source), "--out", str(tmp_path / "out"), "--model", recipe.model, "--device", "cpu"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments, "--calibration", recipe.calibration, "--workers", "1"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    while not children_of(process.pid):
        assert process.poll() is None
    workers = children_of(process.pid)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130
    assert "give the same command again" in said
    assert not any(is_alive(worker) for worker in workers)


def is_alive(pid):
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def children_of(pid):
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]
