"""Runs that are killed, lose a file or find the disk full: the same command goes on, and every row is there once."""

import errno
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from detector.corpus import new_rows
from detector.corpus.ledger import Ledger
from detector.errors import OutputError, UsageError
from tests.corpus.conftest import corpus, rows_of
from tests.corpus.made_up import MadeUp

ROOT = Path(__file__).parents[2]


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


def test_a_lost_or_damaged_ledger_is_made_again(run, source, tmp_path):
    expected = rows_of(tmp_path / "out") if run(source) else None
    ledger = tmp_path / "out" / "ledger.sqlite"
    for damage in (lambda: ledger.unlink(), lambda: ledger.write_bytes(b"not a database" * 1000)):
        damage()
        engine = MadeUp()
        run(source, engine=engine)
        assert engine.judged_texts == []
        assert rows_of(tmp_path / "out") == expected


def comparable(rows):
    return [{k: v for k, v in row.items() if k != "duplicate_of"} for row in rows]


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
