import csv
import gzip
import json

import pyarrow.parquet as pq
import pytest

from detector.corpus import new_rows
from detector.corpus.documents import Document
from detector.corpus.recipe import Recipe
from detector.corpus.run import score_corpus
from detector.corpus.schema import AS_JSON, results_schema
from detector.corpus.tables import Layout
from tests.corpus.made_up import MadeUp


def rows_of(out) -> list[dict]:
    """Every row of a run, by id."""
    rows = [row for path in sorted((out / "results").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    return sorted(rows, key=lambda row: (row["id"], row["document_key"]))


def record_of(row) -> dict:
    """The JSON record in a row of the results."""
    names = results_schema([]).names[: results_schema([]).names.index("document_key")]
    record = {name: json.loads(row[name]) if name in AS_JSON and row[name] is not None else row[name] for name in names}
    return record | {"methods": record["methods"] or {}}


def write_jsonl(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def write_csv(path, rows, **options):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, **options).writerows(rows)
    return path


def corpus(path, n=40):
    """Texts of which every fifth is the one before it again, and every seventh is no text."""
    records = [
        {"id": f"d{i:03}", "text": f"Text number {i - (i % 5 == 4)}." if i % 7 else None, "topic": f"t{i % 3}"}
        for i in range(n)
    ]
    return write_jsonl(path, records)


def read_all(source) -> list[Document]:
    return list(source.documents())


@pytest.fixture
def run(tmp_path):
    """Judge a corpus with the made-up judge; later calls go on in the same folder."""

    def call(source, out=None, engine=None, layout=None, **options):
        options = {"reports": "none"} | options
        return score_corpus(
            source,
            out or tmp_path / "out",
            recipe=Recipe(device="cpu", target_fpr=options.pop("target_fpr", 0.01)),
            engine=engine or MadeUp(),
            layout=layout or Layout(),
            **options,
        )

    return call


@pytest.fixture
def source(tmp_path):
    return corpus(tmp_path / "in.jsonl")


@pytest.fixture
def small_parts(monkeypatch):
    """Much to break, and a page that takes no time."""
    monkeypatch.setattr("detector.corpus.index_page.index_page", lambda *_: "page")
    monkeypatch.setattr(new_rows, "_SECONDS_A_PART", -1.0)
    monkeypatch.setattr(new_rows, "BATCH_DOCUMENTS", {"cpu": 4})


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


@pytest.fixture(params=["memory", "file"])
def url(request, tmp_path):
    """An empty place of its own."""
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'detect-text[scale]'")
    if request.param == "file":
        yield f"file://{tmp_path}/bucket"
        return
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    yield "memory://bucket"
    memory.store.clear()
