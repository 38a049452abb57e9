"""A run makes one row of every document, and a summary of them all."""

import json

import pyarrow.parquet as pq
import pytest

from detector.errors import UsageError
from tests.corpus import made_up
from tests.corpus.conftest import rows_of, write_csv, write_jsonl
from tests.corpus.made_up import MadeUp


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
