"""The same command again, whether the input is the same or documents came and went: nothing is judged twice."""

import json

import pyarrow.parquet as pq
import pytest

from detector.errors import InputError
from tests.corpus.conftest import corpus, rows_of, write_jsonl
from tests.corpus.made_up import MadeUp


def absent_rows(out):
    return [row for path in sorted((out / "absent").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


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
