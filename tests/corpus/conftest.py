import csv
import json

import pyarrow.parquet as pq
import pytest

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
