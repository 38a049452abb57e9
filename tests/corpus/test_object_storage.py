"""Corpora and results at URLs, on fsspec's local and memory file systems."""

import gzip
import json
import random
import socket
import sys
import time

import pyarrow.parquet as pq
import pytest

from detector.corpus import new_rows, object_storage
from detector.corpus.object_storage import Place, RemoteSource, is_url, place_of, source_at
from detector.corpus.progress import Progress
from detector.corpus.sources import Folder, OneFile
from detector.corpus.tables import Layout, Reading
from detector.errors import InputError, OutputError, UsageError
from tests.corpus.conftest import read_all, rows_of, write_csv, write_jsonl
from tests.corpus.made_up import MadeUp

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'detect-text[scale]'")


@pytest.fixture(params=["memory", "file"])
def url(request, tmp_path):
    """An empty place of its own."""
    if request.param == "file":
        yield f"file://{tmp_path}/bucket"
        return
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    yield "memory://bucket"
    memory.store.clear()


def put(path, url):
    """A local file or folder, to a URL."""
    system, root = fsspec.core.url_to_fs(url)
    system.makedirs(root.rpartition("/")[0], exist_ok=True)
    system.put(str(path), root, recursive=True)


def files_at(url):
    system, root = fsspec.core.url_to_fs(url)
    return sorted(path.removeprefix(root).lstrip("/") for path in system.find(root))


def fetched(url, folder):
    """A local copy of what is at a URL."""
    system, root = fsspec.core.url_to_fs(url)
    for name in files_at(url):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        system.get_file(f"{root}/{name}", str(folder / name))
    return folder


@pytest.fixture
def folder(tmp_path):
    """Of everything that a corpus may hold, some of it damaged."""
    top = tmp_path / "docs"
    (top / "deep" / "er").mkdir(parents=True)
    (top / "one.txt").write_text("One text.")
    (top / "deep" / "two.txt").write_text("Another text, à la mode.", encoding="utf-8")
    (top / "deep" / "er" / "weird [1]*?.txt").write_text("A name with signs in it.")
    (top / "empty.txt").write_text("")
    (top / ".hidden").write_text("Not for us.")
    write_jsonl(top / "rows.jsonl", [{"id": "a", "text": "In a row."}, {"text": "No id.", "year": 1999}, {"text": 3}])
    (top / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"text": "Whole."}\n' * 50)[:-12])
    write_csv(top / "no_text.csv", [["a", "b"], ["1", "2"]])
    return top


def test_a_folder_reads_as_if_it_were_here(folder, url):
    put(folder, f"{url}/docs")
    here = {(d.id, d.path): d for d in read_all(Folder(folder, Layout(), folder / "out"))}
    there = {(d.id, d.path): d for d in read_all(RemoteSource(f"{url}/docs/", Layout()))}
    assert len(there) >= 8
    assert {(name, path.replace(str(folder), f"{url}/docs")) for name, path in here} == set(there)
    for (name, path), document in here.items():
        moved = json.loads(json.dumps(repr(document)).replace(str(folder), f"{url}/docs"))
        assert repr(there[name, path.replace(str(folder), f"{url}/docs")]) == moved


def test_one_file_reads_as_if_it_were_here(folder, url):
    put(folder / "rows.jsonl", f"{url}/rows.jsonl")
    here = read_all(OneFile(folder / "rows.jsonl", Layout()))
    there = read_all(RemoteSource(f"{url}/rows.jsonl", Layout()))
    assert [d.id for d in there] == ["a", f"{url}/rows.jsonl:2", f"{url}/rows.jsonl:3"]
    assert [(d.text, d.fields) for d in there] == [(d.text, d.fields) for d in here]
    assert {d.path for d in there} == {f"{url}/rows.jsonl"}


def test_a_column_that_one_file_lacks_is_an_error(folder, url):
    put(folder / "no_text.csv", f"{url}/no_text.csv")
    with pytest.raises(UsageError, match="no column 'text'"):
        read_all(RemoteSource(f"{url}/no_text.csv", Layout()))


def test_reading_again_gives_the_same_and_counts_bytes(folder, url):
    put(folder, f"{url}/docs")
    source = RemoteSource(f"{url}/docs", Layout())
    next(iter(source.documents()))  # as a look at the first documents does
    reading = Reading()
    first = list(source.documents(reading))
    assert reading.done == reading.total > 100
    assert list(source.documents()) == first


def test_files_are_fetched_in_groups_and_removed(folder, url, monkeypatch):
    put(folder, f"{url}/docs")
    everything = read_all(RemoteSource(f"{url}/docs", Layout()))
    monkeypatch.setattr(object_storage, "_FILES_AT_ONCE", 2)
    source = RemoteSource(f"{url}/docs", Layout())
    found = []
    for document in source.documents():
        found.append(document)
        assert sum(path.is_file() for path in source._folder.rglob("*")) <= 2
    assert found == everything
    copies = source._folder
    del source
    assert not copies.exists()


@pytest.mark.parametrize(
    ("files", "size", "groups"),
    [
        (10, 100, [["a", "b", "c", "d"]]),
        (2, 100, [["a", "b"], ["c", "d"]]),
        (10, 10, [["a"], ["b"], ["c", "d"]]),  # 9, 20 and 1 + 2 bytes: the large one goes alone
    ],
)
def test_groups_end_at_a_number_of_files_or_bytes(monkeypatch, files, size, groups):
    monkeypatch.setattr(object_storage, "_FILES_AT_ONCE", files)
    monkeypatch.setattr(object_storage, "_BYTES_AT_ONCE", size)
    assert list(object_storage._groups({"a": 9, "b": 20, "c": 1, "d": 2})) == groups


def test_a_file_that_cannot_be_fetched_is_counted_and_the_rest_read(folder, url, monkeypatch):
    put(folder, f"{url}/docs")
    source = RemoteSource(f"{url}/docs", Layout())
    original = type(source._system).get_file

    def get_file(system, remote, *rest, **options):
        if remote.endswith("one.txt"):
            raise PermissionError("Forbidden for you.")
        return original(system, remote, *rest, **options)

    monkeypatch.setattr(type(source._system), "get_file", get_file)
    found = {d.id: d for d in source.documents()}
    assert found["one.txt"].problem.reason == "unreadable"
    assert found["one.txt"].problem.explanation == f"{url}/docs/one.txt cannot be fetched (Forbidden for you)."
    assert found["deep/two.txt"].text == "Another text, à la mode."


def test_keys_that_point_elsewhere_stay_in_their_folder():
    source = RemoteSource("memory://bucket", Layout())
    keys = {"/bucket/a/../../../escape.txt": b"Out.", "/bucket/..": b"Up.", "/bucket/n\0l\\..\\x.txt": b"Odd."}
    source._system = Hostile(keys)
    assert [document.text for document in read_all(source)] == ["Odd."]
    assert not (source._folder.parent / "escape.txt").exists()
    assert [path.name for path in source._folder.rglob("*.txt")] == ["n_l_.._x.txt"]


class Hostile:
    """A store whose keys are no paths."""

    def __init__(self, files):
        self.files = files

    def find(self, root, detail):
        return {path: {"size": len(data)} for path, data in self.files.items()}

    def get(self, remote, local):
        for one, other in zip(remote, local, strict=True):
            self.get_file(one, other)

    def get_file(self, remote, local):
        with open(local, "wb") as file:
            file.write(self.files[remote])


def test_the_results_are_not_read_as_documents(folder, url):
    put(folder, f"{url}/docs")
    put(folder / "one.txt", f"{url}/docs/out/results.txt")
    put(folder / "one.txt", f"{url}/docs/outer/results.txt")
    ids = {d.id for d in RemoteSource(f"{url}/docs", Layout(), f"{url}/docs/out").documents()}
    assert "outer/results.txt" in ids
    assert not any(name.startswith("out/") for name in ids)


def test_nothing_there_is_said(url):
    with pytest.raises(InputError, match="there is no file here"):
        read_all(RemoteSource(f"{url}/missing", Layout()))


@pytest.mark.parametrize(
    ("url", "words"),
    [("nonsense://bucket", "no URL of a known kind"), ("s3://bucket", "another library.*s3fs")],
)
def test_what_fsspec_cannot_reach_is_said(url, words):
    if url.startswith("s3") and fsspec.utils.get_protocol(url) == "s3":
        try:
            import s3fs  # noqa: F401
        except ImportError:
            pass
        else:
            pytest.skip("s3fs is installed")
    with pytest.raises(UsageError, match=words):
        RemoteSource(url, Layout())


@pytest.mark.parametrize(
    ("given", "is_one"),
    [
        ("s3://bucket/a", True),
        ("gs://x", True),
        ("file:///a", True),
        ("C:\\a", False),
        ("a/b://c", False),
        ("-", False),
    ],
)
def test_urls_are_told_from_paths(given, is_one):
    assert is_url(given) is is_one
    if not is_one:
        assert source_at(given, Layout()) == given


# Results.


@pytest.fixture
def source(tmp_path):
    records = [{"id": f"d{i:03}", "text": f"Text number {i - (i % 5 == 4)}.", "topic": i % 3} for i in range(40)]
    return write_jsonl(tmp_path / "in.jsonl", records)


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr("detector.corpus.index_page.index_page", lambda *_: "page")
    monkeypatch.setattr(new_rows, "_SECONDS_A_PART", -1.0)
    monkeypatch.setattr(new_rows, "BATCH_DOCUMENTS", {"cpu": 4})
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


def test_a_file_at_a_url_without_the_text_field_ends_before_it_begins(run, tmp_path, url):
    put(write_jsonl(tmp_path / "in.jsonl", [{"body": "A text.", "n": 1}] * 3), f"{url}/in.jsonl")
    with pytest.raises(UsageError, match=r"other fields are body, n; name that of the text with --text-field"):
        run(source_at(f"{url}/in.jsonl", Layout()))


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
