"""Results at URLs, on fsspec's local and memory file systems."""

import json
import random
import socket
import sys
import time

import pyarrow.parquet as pq
import pytest

from detector.corpus import object_storage
from detector.corpus.object_storage import Place, place_of, source_at
from detector.corpus.progress import Progress
from detector.corpus.tables import Layout
from detector.errors import OutputError, UsageError
from tests.corpus.conftest import rows_of, write_jsonl
from tests.corpus.files_at_urls import fetched, files_at, fsspec, put
from tests.corpus.made_up import MadeUp


@pytest.fixture
def source(tmp_path):
    records = [{"id": f"d{i:03}", "text": f"Text number {i - (i % 5 == 4)}.", "topic": i % 3} for i in range(40)]
    return write_jsonl(tmp_path / "in.jsonl", records)


@pytest.fixture
def small_parts(small_parts, monkeypatch):
    """Each of them published at once."""
    monkeypatch.setattr(object_storage, "_SECONDS_BETWEEN", -1.0)


def run_at(run, source, url, **options):
    with place_of(url) as place:
        return run(source, out=place.folder, on_progress=place.watched(lambda progress: None), **options)


def test_a_path_passes_through(run, source, tmp_path):
    told = []
    with place_of(str(tmp_path / "out")) as place:
        run(source, out=place.folder, on_progress=place.watched(told.append))
    assert isinstance(told[0], Progress)
    assert len(rows_of(tmp_path / "out")) == 40


def test_results_at_a_url_are_those_of_a_folder(run, source, tmp_path, url, small_parts):
    summary = run(source, out=tmp_path / "here", keep_tokens=True)
    assert run_at(run, source, url, keep_tokens=True) == summary
    there = fetched(url, tmp_path / "there")
    assert rows_of(there) == rows_of(tmp_path / "here")
    names = [name for name in files_at(url) if "/" in name]
    assert names == sorted(
        str(path.relative_to(tmp_path / "here")) for path in (tmp_path / "here").rglob("*.parquet") if path.is_file()
    )
    assert {name for name in files_at(url) if "/" not in name} == {"run.json", "summary.json", "index.html"}
    assert json.loads((there / "summary.json").read_text()) == summary


def test_a_run_goes_from_url_to_url(run, folder, tmp_path, url, small_parts):
    put(folder, f"{url}/docs")
    out = f"{url}/docs/out"
    for _ in range(2):
        summary = run_at(run, source_at(f"{url}/docs", Layout(), out), out)
    here = run(folder, out=tmp_path / "here")
    assert summary["documents"] == here["documents"] > 30
    keys = ("id", "verdict", "reason", "p_value", "text_sha256")
    there = rows_of(fetched(out, tmp_path / "there"))
    assert [[row[key] for key in keys] for row in there] == [
        [row[key] for key in keys] for row in rows_of(tmp_path / "here")
    ]
    assert {row["path"].startswith(f"{url}/docs/") for row in there} == {True}


def test_the_same_command_again_judges_and_sends_nothing(run, source, url, small_parts, monkeypatch):
    summary = run_at(run, source, url)
    sent = []
    original = Place._put
    monkeypatch.setattr(Place, "_put", lambda place, name: (sent.append(name), original(place, name)))
    engine = MadeUp()
    assert run_at(run, source, url, engine=engine) == summary
    assert engine.judged_texts == []
    assert not [name for name in sent if name.endswith(".parquet")]


def test_a_machine_that_is_lost_takes_only_what_was_not_published(run, source, tmp_path, url, small_parts, monkeypatch):
    """Whatever else is gone, the run goes on from the URL."""

    class Interrupted(MadeUp):
        def judged(self, batches, carried, keep_tokens):
            for number, judged in enumerate(super().judged(batches, carried, keep_tokens)):
                if number == 5:
                    raise KeyboardInterrupt
                yield judged

    with monkeypatch.context() as patch:
        patch.setattr(Place, "publish", publish_unless_ending())
        with pytest.raises(KeyboardInterrupt):
            run_at(run, source, url, engine=Interrupted())
    published = len(rows_of(fetched(url, tmp_path / "first")))
    assert 8 <= published <= 20
    engine = MadeUp()
    run_at(run, source, url, engine=engine)
    run(source, out=tmp_path / "whole")
    assert rows_of(fetched(url, tmp_path / "second")) == rows_of(tmp_path / "whole")
    assert len(engine.judged_texts) == len(set(engine.judged_texts)) < 32


def publish_unless_ending():
    """Nothing is sent once the run has ended, as when the machine has."""
    original = Place.publish

    def publish(place):
        if sys.exc_info()[0] is None:
            original(place)

    return publish


@pytest.mark.parametrize("seed", range(3))
def test_a_store_that_fails_at_any_moment_stays_valid(run, source, tmp_path, url, small_parts, monkeypatch, seed):
    chance = random.Random(seed)
    with monkeypatch.context() as patch:
        system = type(fsspec.core.url_to_fs(url)[0])
        for name in ("put_file", "mv", "rm_file"):
            original = getattr(system, name)

            def fails(*given, original=original, **options):
                if chance.random() < 0.1:
                    raise TimeoutError("The store does not answer.")
                return original(*given, **options)

            patch.setattr(system, name, fails)
        said = r"cannot be reached or written \(The store does not answer\).*published"
        with pytest.raises(OutputError, match=said):
            run_at(run, source, url)
    if any(name == "run.json" for name in files_at(url)):
        rows_of(fetched(url, tmp_path / "broken"))  # whatever has its name is whole
    run_at(run, source, url)
    run(source, out=tmp_path / "whole")
    without = lambda rows: [{k: v for k, v in row.items() if k != "duplicate_of"} for row in rows]  # noqa: E731
    assert without(rows_of(fetched(url, tmp_path / "mended"))) == without(rows_of(tmp_path / "whole"))
    assert not [name for name in files_at(url) if name.endswith(".tmp")]


def test_what_left_the_input_leaves_the_url(run, source, tmp_path, url, small_parts):
    run_at(run, source, url)
    lines = source.read_text()
    source.write_text("".join(lines.splitlines(keepends=True)[20:]))
    run_at(run, source, url)
    assert [row["id"] for row in rows_of(fetched(url, tmp_path / "there"))] == [f"d{i:03}" for i in range(20, 40)]
    source.write_text(lines)
    engine = MadeUp()
    assert run_at(run, source, url, engine=engine)["absent_documents"] == 0
    assert engine.judged_texts == []
    assert len(rows_of(fetched(url, tmp_path / "again"))) == 40


def test_at_every_moment_each_row_that_moves_is_at_the_url(run, source, tmp_path, url, small_parts, monkeypatch):
    lines = source.read_text()
    run_at(run, source, url)
    put_before = Place._put
    moments = []

    def watched(place, name):
        put_before(place, name)
        there = fetched(url, tmp_path / f"moment-{len(moments)}")
        folders = (there / "results", there / "absent")
        moments.append(
            {row["id"] for f in folders for p in f.glob("*.parquet") for row in pq.read_table(p).to_pylist()}
        )

    monkeypatch.setattr(Place, "_put", watched)
    for first in (3, 1, 0):  # three leave, two of them return, then all are there again
        source.write_text("".join(lines.splitlines(keepends=True)[first:]))
        run_at(run, source, url)
    assert len(moments) > 4
    assert all(len(ids) == 40 for ids in moments)


def mark(url, **changes):
    system, root = fsspec.core.url_to_fs(url)
    said = {"run": "r", "host": "elsewhere", "process": 1, "time": time.time()} | changes
    system.makedirs(root, exist_ok=True)
    system.pipe_file(f"{root}/.writing.json", json.dumps(said).encode())


def test_two_runs_do_not_write_to_one_url(run, source, url, small_parts):
    mark(url)
    with pytest.raises(OutputError, match=r"Another run on elsewhere wrote to .* seconds ago"):
        run_at(run, source, url)
    assert files_at(url) == [".writing.json"]
    mark(url, host=socket.gethostname(), process=2**22 + 1)  # there is no such process, so it was killed
    assert run_at(run, source, url)["documents"] == 40
    mark(url, time=time.time() - 1000)
    assert run_at(run, source, url)["documents"] == 40
    assert ".writing.json" not in files_at(url)


def test_a_run_that_finds_another_in_its_place_publishes_nothing_more(run, source, url, small_parts):
    class Overtaken(MadeUp):
        def judged(self, batches, carried, keep_tokens):
            for number, judged in enumerate(super().judged(batches, carried, keep_tokens)):
                if number == 3:
                    mark(url)
                yield judged

    with pytest.raises(OutputError, match=r"has begun to write to .* so this one ends"):
        run_at(run, source, url, engine=Overtaken())
    assert len([name for name in files_at(url) if name.startswith("results/")]) == 3
    assert "summary.json" not in files_at(url)
    assert ".writing.json" in files_at(url)


def test_another_run_is_refused_and_a_stranger_too(run, source, tmp_path, url, small_parts):
    run_at(run, source, url)
    before = files_at(url)
    with pytest.raises(UsageError, match="another run"):
        run_at(run, source, url, target_fpr=0.05)
    assert files_at(url) == before
    put(source, f"{url}-other/in.jsonl")
    with pytest.raises(UsageError, match="holds no results of detect batch"):
        run_at(run, source, f"{url}-other")
    assert files_at(f"{url}-other") == ["in.jsonl"]


def test_only_files_of_ours_are_taken(run, source, tmp_path, url, small_parts):
    run_at(run, source, url)
    put(source, f"{url}/results/notes.txt")
    put(source, f"{url}/results/deep/part-{'0' * 20}.parquet")
    run_at(run, source, url)
    assert f"results/deep/part-{'0' * 20}.parquet" in files_at(url)
    assert "results/notes.txt" in files_at(url)
