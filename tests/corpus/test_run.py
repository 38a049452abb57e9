"""What a run promises: every document once, whatever happens on the way."""

import errno
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detector.corpus import new_rows
from detector.corpus import run as run_module
from detector.corpus.ledger import Ledger
from detector.corpus.query import query
from detector.corpus.recipe import Recipe
from detector.corpus.run import score_corpus
from detector.corpus.store import Store
from detector.errors import InputError, OutputError, UsageError
from tests.corpus import made_up
from tests.corpus.conftest import rows_of, write_csv, write_jsonl
from tests.corpus.made_up import MadeUp

ROOT = Path(__file__).parents[2]


def corpus(path, n=40):
    """Texts of which every fifth is the one before it again, and every seventh is no text."""
    records = [
        {"id": f"d{i:03}", "text": f"Text number {i - (i % 5 == 4)}." if i % 7 else None, "topic": f"t{i % 3}"}
        for i in range(n)
    ]
    return write_jsonl(path, records)


@pytest.fixture
def source(tmp_path):
    return corpus(tmp_path / "in.jsonl")


@pytest.fixture
def small_parts(monkeypatch):
    """Much to break, and a page that takes no time."""
    monkeypatch.setattr("detector.corpus.index_page.index_page", lambda *_: "page")
    monkeypatch.setattr(new_rows, "_SECONDS_A_PART", -1.0)
    monkeypatch.setattr(new_rows, "BATCH_DOCUMENTS", {"cpu": 4})


def comparable(rows):
    return [{k: v for k, v in row.items() if k != "duplicate_of"} for row in rows]


def test_every_document_becomes_a_row(run, source, tmp_path):
    summary = run(source)
    rows = rows_of(tmp_path / "out")
    assert [row["id"] for row in rows] == [f"d{i:03}" for i in range(40)]
    assert [row["topic"] for row in rows] == [f"t{i % 3}" for i in range(40)]
    assert summary["documents"] == 40
    assert summary["verdicts"]["unscored"] == summary["unscored_reasons"]["unreadable"] == 6
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == summary


def test_equal_texts_are_judged_once_and_said(run, tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", [{"id": i, "text": "Same.", "n": int(i)} for i in "123"])
    engine = MadeUp()
    summary = run(source, engine=engine)
    assert engine.judged_texts == ["Same."]
    rows = rows_of(tmp_path / "out")
    assert [(r["id"], r["duplicate_of"], r["n"], r["p_value"]) for r in rows] == [
        ("1", None, 1, rows[0]["p_value"]),
        ("2", "1", 2, rows[0]["p_value"]),
        ("3", "1", 3, rows[0]["p_value"]),
    ]
    assert (summary["duplicates"], summary["distinct_texts_judged"]) == (2, 1)


def test_ids_that_repeat_are_kept_apart(run, tmp_path):
    records = [{"id": "same", "text": "Equal."}] * 3 + [{"id": "same", "text": "Other."}]
    summary = run(write_jsonl(tmp_path / "in.jsonl", records))
    assert summary["repeated_ids"] == 3
    assert "3 documents have the id of another" in " ".join(summary["notes"])
    rows = rows_of(tmp_path / "out")
    assert [r["id"] for r in rows] == ["same"] * 4
    assert len({r["document_key"] for r in rows}) == 4
    again = MadeUp()
    run(tmp_path / "in.jsonl", engine=again)
    assert again.judged_texts == []
    assert len(rows_of(tmp_path / "out")) == 4


def test_the_same_command_again_judges_nothing(run, source, tmp_path):
    first = run(source)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.parquet")}
    engine = MadeUp()
    assert run(source, engine=engine) == first
    assert engine.judged_texts == []
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.parquet")} == before


def test_what_is_new_is_added_and_what_is_gone_is_set_apart(run, source, tmp_path):
    run(source)
    records = [json.loads(line) for line in source.read_text().splitlines()]
    write_jsonl(source, [*records[5:], {"id": "new", "text": "A new text."}])
    engine = MadeUp()
    summary = run(source, engine=engine)
    assert engine.judged_texts == ["A new text."]
    assert [r["id"] for r in rows_of(tmp_path / "out")] == [*(f"d{i:03}" for i in range(5, 40)), "new"]
    assert (summary["documents"], summary["absent_documents"]) == (36, 5)
    assert (
        "5 documents of an earlier run are no longer in the input. What was found stands in the folder absent, counts "
        "nowhere here, and comes back with them, without being judged again."
    ) in summary["notes"]
    assert sorted(r["id"] for r in absent_rows(tmp_path / "out")) == [f"d{i:03}" for i in range(5)]


def absent_rows(out):
    return [row for path in sorted((out / "absent").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_what_comes_back_is_not_judged_again(run, tmp_path, small_parts):
    source = corpus(tmp_path / "in.jsonl", 16)
    first = run(source, keep_tokens=True)
    expected = rows_of(tmp_path / "out")
    lines = source.read_text().splitlines(keepends=True)
    for kept in (lines[2:9], lines[::2], lines):
        source.write_text("".join(kept))
        engine = MadeUp()
        summary = run(source, engine=engine, keep_tokens=True)
        assert engine.judged_texts == []
        assert (summary["documents"], summary["absent_documents"]) == (len(kept), 16 - len(kept))
        here, away = rows_of(tmp_path / "out"), absent_rows(tmp_path / "out")
        assert len(here) == len(kept)
        assert sorted([r["document_key"] for r in [*here, *away]]) == sorted(r["document_key"] for r in expected)
    assert summary == first
    assert rows_of(tmp_path / "out") == expected


def test_an_input_that_is_gone_takes_nothing_with_it(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.txt").write_text(f"Text {i}.")
    first = run(folder)
    for path in folder.iterdir():
        path.rename(tmp_path / path.name)
    with pytest.raises(InputError, match=r"holds no document now, and .* has rows of 3"):
        run(folder)
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == first
    assert len(rows_of(tmp_path / "out")) == 3
    (tmp_path / "1.txt").rename(folder / "1.txt")
    engine = MadeUp()
    assert run(folder, engine=engine)["absent_documents"] == 2
    assert engine.judged_texts == []
    (tmp_path / "out" / "ledger.sqlite").unlink()
    (tmp_path / "0.txt").rename(folder / "0.txt")
    assert run(folder, engine=engine)["absent_documents"] == 1
    assert engine.judged_texts == []
    assert [r["id"] for r in rows_of(tmp_path / "out")] == ["0.txt", "1.txt"]


def test_a_new_document_with_an_absent_text_is_not_judged(run, tmp_path):
    """As when a file gets another name."""
    source = write_jsonl(tmp_path / "in.jsonl", [{"id": "old", "text": "Same."}, {"id": "x", "text": "Other."}])
    run(source)
    write_jsonl(source, [{"id": "new", "text": "Same."}, {"id": "x", "text": "Other."}])
    engine = MadeUp()
    summary = run(source, engine=engine)
    assert engine.judged_texts == []
    assert (summary["documents"], summary["distinct_texts_judged"], summary["duplicates"]) == (2, 2, 0)


def test_a_copy_outlives_its_original(run, tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", [{"id": "a", "text": "Same."}, {"id": "b", "text": "Same."}])
    run(source)
    write_jsonl(source, [{"id": "b", "text": "Same."}, {"id": "c", "text": "Same."}])
    engine = MadeUp()
    summary = run(source, engine=engine)
    assert engine.judged_texts == []
    assert [(r["id"], r["duplicate_of"]) for r in rows_of(tmp_path / "out")] == [("b", "a"), ("c", "a")]
    assert (summary["distinct_texts_judged"], summary["duplicates"]) == (1, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target_fpr": 0.05}, "target fpr was 0.01 and is 0.05"),
        ({"keep_tokens": True}, "keep tokens was False and is True"),
    ],
)
def test_another_setting_is_another_run(run, source, tmp_path, change, words):
    run(source)
    before = rows_of(tmp_path / "out")
    with pytest.raises(UsageError, match=words) as caught:
        run(source, **change)
    assert "--out" in str(caught.value)
    assert "--force" in str(caught.value)
    assert rows_of(tmp_path / "out") == before


def test_a_run_without_results_gives_way(run, source, tmp_path):
    class Refuses(MadeUp):
        def judged(self, batches, carried, keep_tokens):
            raise UsageError("no such model")

    with pytest.raises(UsageError, match="no such model"):
        run(source, engine=Refuses(), target_fpr=0.05)
    assert run(source)["false_flags"]["target_fpr"] == 0.01


def test_a_summary_speaks_of_rows_that_are_there(run, source, tmp_path):
    """One that is out of date is removed before the first new row."""
    run(source)
    source.write_text(source.read_text() + '{"id": "new", "text": "A new text."}\n')

    class Interrupted(MadeUp):
        def judged(self, batches, carried, keep_tokens):
            yield from super().judged(batches, carried, keep_tokens)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(source, engine=Interrupted())
    assert len(rows_of(tmp_path / "out")) > 34
    assert not (tmp_path / "out" / "summary.json").exists()
    assert run(source)["documents"] == 41


def test_another_input_is_another_run(run, source, tmp_path):
    run(source)
    with pytest.raises(UsageError, match="source was"):
        run(corpus(tmp_path / "other.jsonl"))


def test_another_version_of_the_program_goes_on_with_a_run(run, source, tmp_path, monkeypatch):
    before = run(source)
    parts = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "results").iterdir()}
    source.write_text(source.read_text() + '{"id": "new", "text": "A new text."}\n')
    monkeypatch.setattr(run_module, "__version__", "99")
    after = run(source)
    assert after["documents"] == 41
    assert after["run"] == before["run"]
    assert after["settings"]["detect_version"] == before["settings"]["detect_version"] != "99"  # that began it
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "results").iterdir()}
    assert parts.items() <= kept.items()


def test_another_format_is_refused(run, source, tmp_path):
    run(source)
    path = tmp_path / "out" / "run.json"
    record = json.loads(path.read_text())
    record["run"]["store_version"] = 99
    path.write_text(json.dumps(record))
    with pytest.raises(UsageError, match="version 99 of the format"):
        run(source)
    assert run(source, force=True)["documents"] == 40
    path.write_text("{")
    with pytest.raises(UsageError, match="damaged"):
        run(source)
    assert run(source, force=True)["documents"] == 40


def test_rows_of_an_older_format_are_read_and_never_mixed_with_new_ones(run, source, tmp_path):
    """Version 2 knew no shares: what it found can be asked for, and is not gone on with."""
    pytest.importorskip("duckdb")
    run(source)
    out = tmp_path / "out"
    record = json.loads((out / "run.json").read_text())
    record["run"]["store_version"] = 2
    del record["run"]["token_analysis_sha256"]
    (out / "run.json").write_text(json.dumps(record))
    assert query(out, "SELECT count(*) AS n FROM results").to_pylist() == [{"n": 40}]
    with pytest.raises(UsageError, match="store version was 2 and is 4 now"):
        run(source)
    assert len(rows_of(out)) == 40
    assert run(source, force=True)["documents"] == 40


def test_another_token_analysis_is_another_run(source, tmp_path):
    """Findings of tokens stand in the rows, so rows with and without are never mixed."""
    analysis = tmp_path / "analysis.json"
    analysis.write_text("{}")
    recipe = Recipe(device="cpu")
    score_corpus(source, tmp_path / "out", recipe=recipe, engine=MadeUp(), reports="none")
    with pytest.raises(UsageError, match="token analysis sha256 was None and is"):
        score_corpus(
            source,
            tmp_path / "out",
            recipe=replace(recipe, token_analysis=str(analysis)),
            engine=MadeUp(),
            reports="none",
        )


def test_force_starts_over(run, source, tmp_path):
    run(source, keep_tokens=True)
    engine = MadeUp()
    assert run(source, engine=engine, force=True, target_fpr=0.05)["documents"] == 40
    assert len(engine.judged_texts) == len(set(engine.judged_texts)) > 20
    assert len(rows_of(tmp_path / "out")) == 40
    assert list((tmp_path / "out" / "tokens").iterdir()) == []


def test_the_false_discovery_rate_may_change(run, tmp_path):
    texts = [f"Text number {i}." for i in range(100)] + [f"A robot wrote {i}." for i in range(20)]
    source = write_jsonl(tmp_path / "in.jsonl", [{"id": f"{i:03}", "text": text} for i, text in enumerate(texts)])
    summary = run(source)
    flagged = [r["id"] for r in rows_of(tmp_path / "out") if r["flagged_fdr"]]
    assert set(flagged) >= {f"{i:03}" for i in range(100, 120)}
    assert summary["false_discovery_rate"]["texts_flagged"] == len(flagged)
    engine = MadeUp()
    strict = run(source, engine=engine, fdr=0.0001)
    assert engine.judged_texts == []
    assert strict["false_discovery_rate"]["texts_flagged"] == 0
    assert [r["flagged_fdr"] for r in rows_of(tmp_path / "out")] == [False] * 120


def test_flags_are_null_where_there_is_no_p_value(run, source, tmp_path):
    run(source)
    assert {r["flagged_fdr"] is None for r in rows_of(tmp_path / "out") if r["verdict"] == "unscored"} == {True}


def test_failed_documents_are_tried_again_when_asked(run, tmp_path):
    texts = ["Fine.", "A broken text.", "A broken text."]
    source = write_jsonl(tmp_path / "in.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(texts)])
    assert run(source)["unscored_reasons"] == {"failed": 2}
    still = MadeUp(is_broken=False)
    assert run(source, engine=still)["unscored_reasons"] == {"failed": 2}
    assert still.judged_texts == []
    mended = MadeUp(is_broken=False)
    assert run(source, engine=mended, retry_failed=True)["unscored_reasons"] == {}
    assert mended.judged_texts == ["A broken text."]
    assert [(r["id"], r["reason"]) for r in rows_of(tmp_path / "out")] == [("0", None), ("1", None), ("2", None)]


def test_tokens_are_kept_when_asked(run, source, tmp_path):
    run(source, keep_tokens=True)
    tokens = {t["text_sha256"] for p in (tmp_path / "out" / "tokens").iterdir() for t in pq.read_table(p).to_pylist()}
    assert tokens == {r["text_sha256"] for r in rows_of(tmp_path / "out") if r["text_sha256"]}


def test_a_lost_or_damaged_ledger_is_made_again(run, source, tmp_path):
    expected = rows_of(tmp_path / "out") if run(source) else None
    ledger = tmp_path / "out" / "ledger.sqlite"
    for damage in (lambda: ledger.unlink(), lambda: ledger.write_bytes(b"not a database" * 1000)):
        damage()
        engine = MadeUp()
        run(source, engine=engine)
        assert engine.judged_texts == []
        assert rows_of(tmp_path / "out") == expected


def test_a_lost_part_is_judged_again(run, source, tmp_path, small_parts):
    run(source)
    expected = comparable(rows_of(tmp_path / "out"))
    part = sorted((tmp_path / "out" / "results").glob("part-*"))[0]
    part.unlink()
    run(source)
    assert comparable(rows_of(tmp_path / "out")) == expected


def test_a_damaged_part_is_named(run, source, tmp_path):
    run(source)
    part = sorted((tmp_path / "out" / "results").glob("part-*"))[0]
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(UsageError, match=f"{part.name} is damaged.*Delete it"):
        run(source)


def test_a_folder_of_other_things_is_left_alone(run, source, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("years of work")
    for force in (False, True):
        with pytest.raises(UsageError, match="not empty"):
            run(source, force=force)
    run(source, out=tmp_path / "two")
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "two" / "results" / "mine.parquet")
    with pytest.raises(UsageError, match=r"mine.parquet is no file of a run"):
        run(source, out=tmp_path / "two", force=True)


def test_two_runs_cannot_share_a_folder(run, source, tmp_path):
    with Store(tmp_path / "out").held(), pytest.raises(OutputError, match="Another run is writing"):
        run(source)


def test_a_wrong_text_field_ends_before_it_begins(run, source, tmp_path):
    from detector.corpus.tables import Layout

    with pytest.raises(UsageError, match=r"other fields are text, topic; name that of the text with --text-field"):
        run(source, layout=Layout("body"))


@pytest.mark.parametrize("value", [0, 1, -0.1, 7])
def test_impossible_rates_are_refused(run, source, value):
    with pytest.raises(UsageError, match="must lie between 0 and 1"):
        run(source, fdr=value)


def test_an_empty_input_gives_an_empty_result(run, tmp_path):
    (tmp_path / "in").mkdir()
    summary = run(tmp_path / "in")
    assert (summary["documents"], summary["prevalence"]) == (0, None)
    assert summary["notes"] == ["The input holds no document."]


# What happens when it breaks.


class Death(BaseException):
    """The machine goes off: nothing after it happens."""


class Mortal:
    """Dies at the n-th durable step, and at every one after it."""

    def __init__(self, monkeypatch, steps):
        self.left, self._patch = steps, monkeypatch
        self._wrap(os, "fsync")
        self._wrap(Path, "replace")
        self._wrap(Path, "unlink")
        for name in ("record", "move", "refresh", "admit", "set_fact"):
            self._wrap(Ledger, name)

    def _wrap(self, owner, name):
        original = getattr(owner, name)

        def step(*args, **kwargs):
            self.left -= 1
            if self.left < 0:
                raise Death
            return original(*args, **kwargs)

        self._patch.setattr(owner, name, step)


EVERY_STEP = pytest.mark.parametrize("stride", [13, pytest.param(1, marks=pytest.mark.slow)])


@EVERY_STEP
def test_a_crash_at_any_step_loses_and_doubles_nothing(run, tmp_path, small_parts, monkeypatch, stride):
    """Steps at which the disk changes are the last ones in turn; then the same command is given again."""
    source = corpus(tmp_path / "in.jsonl", 16)
    run(source, out=tmp_path / "whole", keep_tokens=True)
    expected = rows_of(tmp_path / "whole")
    crashes = 0
    for steps in range(0, 400, stride):
        out = tmp_path / f"out{steps}"
        with monkeypatch.context() as patch:
            mortal = Mortal(patch, steps)
            try:
                run(source, out=out, keep_tokens=True)
            except Death:
                crashes += 1
        if mortal.left >= 0:
            break
        run(source, out=out, keep_tokens=True)
        assert rows_of(out) == expected, steps
        assert not list(out.rglob("*.tmp"))
        assert {p.name for p in (out / "tokens").iterdir()} <= {p.name for p in (out / "results").iterdir()}
    assert crashes >= 80 // stride


@pytest.mark.parametrize("stride", [29, pytest.param(1, marks=pytest.mark.slow)])
def test_a_crash_while_rows_are_set_apart_loses_and_doubles_nothing(run, tmp_path, small_parts, monkeypatch, stride):
    for steps in range(0, 200, stride):
        source = corpus(tmp_path / "in.jsonl", 16)
        out = tmp_path / f"out{steps}"
        run(source, out=out)
        lines = source.read_text().splitlines(keepends=True)
        source.write_text("".join(lines[2:9]))
        with monkeypatch.context() as patch:
            mortal = Mortal(patch, steps)
            with suppress(Death):
                run(source, out=out)
        if mortal.left >= 0:
            break
        source.write_text("".join(lines[1:9]))  # one of the removed comes back
        run(source, out=out)
        assert [r["id"] for r in rows_of(out)] == [f"d{i:03}" for i in range(1, 9)], steps
        source.write_text("".join(lines))  # and so do all the others
        engine = MadeUp()
        run(source, out=out, engine=engine)
        assert [r["id"] for r in rows_of(out)] == [f"d{i:03}" for i in range(16)], steps
        assert engine.judged_texts == [], steps
    assert steps > 15


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_kill_9_at_random_points(run, tmp_path, kills):
    """Processes are killed at random points while they judge; then the same command is left to finish."""
    source, out = corpus(tmp_path / "in.jsonl", 600), tmp_path / "out"
    run(source, out=tmp_path / "whole", keep_tokens=True)
    chance = random.Random(1)
    seen = []
    for _ in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.corpus.made_up", source, out], cwd=ROOT, stdout=subprocess.PIPE
        )
        for _ in range(chance.randrange(1, 10)):
            process.stdout.readline()  # a batch is done
        time.sleep(chance.uniform(0.0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        seen.append(len(rows_of(out)) if (out / "results").exists() else 0)  # whatever is there is whole
    assert seen == sorted(seen)
    assert len(set(seen)) > kills / 4, seen
    run(source, out=out, keep_tokens=True)
    assert rows_of(out) == rows_of(tmp_path / "whole")
    assert not list(out.rglob("*.tmp"))


def test_ctrl_c_keeps_what_was_finished(run, source, tmp_path, monkeypatch):
    monkeypatch.setattr(new_rows, "BATCH_DOCUMENTS", {"cpu": 4})

    class Interrupted(MadeUp):
        def judged(self, batches, carried, keep_tokens):
            for number, judged in enumerate(super().judged(batches, carried, keep_tokens)):
                if number == 3:
                    raise KeyboardInterrupt
                yield judged

    with pytest.raises(KeyboardInterrupt):
        run(source, engine=Interrupted())
    assert len(rows_of(tmp_path / "out")) == 12
    run(source)
    assert len(rows_of(tmp_path / "out")) == 40


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk of .* is full.*make room"), (errno.EROFS, "cannot be written to"), (errno.EIO, "failed")],
)
def test_a_disk_that_fails_is_said_and_the_store_stays_valid(
    run, source, tmp_path, small_parts, monkeypatch, number, words
):
    with monkeypatch.context() as patch:
        original, calls = os.fsync, []

        def fsync(handle):
            calls.append(handle)
            if len(calls) > 6:
                raise OSError(number, os.strerror(number))
            original(handle)

        patch.setattr(os, "fsync", fsync)
        with pytest.raises(OutputError, match=words):
            run(source)
    assert 0 < len(rows_of(tmp_path / "out")) < 40
    assert not list((tmp_path / "out").rglob("*.tmp"))
    run(source)
    assert len(rows_of(tmp_path / "out")) == 40


def test_a_full_disk_under_the_ledger_is_said(run, source, tmp_path, small_parts, monkeypatch):
    with monkeypatch.context() as patch:

        def full(*_):
            raise sqlite3.OperationalError("database or disk is full")

        patch.setattr(Ledger, "_add_part", full)
        with pytest.raises(OutputError, match=r"ledger .* cannot be written .*make room"):
            run(source)
    run(source)
    assert len(rows_of(tmp_path / "out")) == 40


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_read_only_folder_is_said(run, source, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(OutputError, match="cannot be written to"):
        run(source, out=tmp_path / "locked" / "out")


def test_a_file_in_place_of_the_folder_is_said(run, source, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="out is a file"):
        run(source)


def test_empty_names_are_not_the_folder_one_is_in(run, source):
    with pytest.raises(InputError, match="input is empty"):
        run("")
    with pytest.raises(UsageError, match="results is empty"):
        run_module.score_corpus(source, "")


def test_a_table_of_csv_goes_through(run, tmp_path):
    source = write_csv(tmp_path / "in.csv", [["id", "text", "year"], ["a", "One.", "1999"], ["b", "Two.", ""], ["c"]])
    summary = run(source)
    assert summary["unscored_reasons"] == {"unreadable": 1}
    assert [(r["id"], r["year"]) for r in rows_of(tmp_path / "out")] == [
        (f"{source}:3", None),
        ("a", "1999"),
        ("b", ""),
    ]


def test_the_helper_is_what_the_tests_take_it_for():
    assert 0 < made_up.p_value_of("x") <= 1
