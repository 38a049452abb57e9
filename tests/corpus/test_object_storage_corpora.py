"""Corpora at URLs, on fsspec's local and memory file systems."""

import json

import pytest

from detector.corpus import object_storage
from detector.corpus.object_storage import RemoteSource, is_url, source_at
from detector.corpus.sources import Folder, OneFile
from detector.corpus.tables import Layout, Reading
from detector.errors import InputError, UsageError
from tests.corpus.conftest import read_all, write_jsonl
from tests.corpus.files_at_urls import fsspec, put


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


def test_a_file_at_a_url_without_the_text_field_ends_before_it_begins(run, tmp_path, url):
    put(write_jsonl(tmp_path / "in.jsonl", [{"body": "A text.", "n": 1}] * 3), f"{url}/in.jsonl")
    with pytest.raises(UsageError, match=r"other fields are body, n; name that of the text with --text-field"):
        run(source_at(f"{url}/in.jsonl", Layout()))
