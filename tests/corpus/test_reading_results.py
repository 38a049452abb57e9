"""The results as an analyst meets them: pandas, Polars, DuckDB, the summary and the page."""

import base64
import hashlib
import html
import re

import pandas as pd
import pytest

from detector.corpus.query import is_finished, query
from detector.errors import InputError, UsageError
from tests.corpus.conftest import rows_of, write_jsonl


@pytest.fixture
def out(run, tmp_path):
    """Three parts with columns of the input, some of them empty."""
    hostile = "</script><script>alert(1)</script>\u202e"
    records = [{"id": f"{i}", "text": f"Text {i}.", "topic": None if i < 5 else "t", "n": i} for i in range(10)]
    records += [{"id": hostile, "text": f"A robot {i}.", "topic": "r", "n": i} for i in range(10, 12)]
    records += [{"id": "twin", "text": "Text 1."}, {"id": "none", "text": None}]
    source = write_jsonl(tmp_path / "in.jsonl", records)
    run(source, keep_tokens=True, fdr=0.2)
    return tmp_path / "out"


def test_pandas_and_polars_read_one_data_set(out):
    frame = pd.read_parquet(out / "results")
    assert len(frame) == 14
    assert frame["n"].sum() == sum(range(12))
    polars = pytest.importorskip("polars")
    assert polars.read_parquet(out / "results" / "*.parquet").sort("id")["id"].to_list() == [
        row["id"] for row in rows_of(out)
    ]


def test_duckdb_answers(out):
    pytest.importorskip("duckdb")
    found = query(out, "SELECT topic, count(*) AS n FROM results WHERE topic IS NOT NULL GROUP BY topic ORDER BY topic")
    assert found.to_pylist() == [{"topic": "r", "n": 2}, {"topic": "t", "n": 5}]
    joined = "SELECT count(*) AS n FROM results JOIN tokens USING (text_sha256)"
    assert query(out, joined).to_pylist() == [{"n": 13}]


@pytest.mark.parametrize(
    "sql",
    ["SELEKT 1", "SELECT nothing FROM results", "SELECT * FROM read_csv('/etc/passwd')", "COPY results TO 'x.csv'"],
)
def test_a_query_that_cannot_be_answered_is_said(out, sql, tmp_path, monkeypatch):
    pytest.importorskip("duckdb")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"cannot be answered: [^\n]+\. What can be asked: results and tokens\.$"):
        query(out, sql)
    assert not (tmp_path / "x.csv").exists()


def test_a_run_that_is_not_finished_is_known(out):
    assert is_finished(out)
    (out / "summary.json").unlink()
    assert not is_finished(out)


def test_a_folder_without_results_is_said(tmp_path):
    pytest.importorskip("duckdb")
    with pytest.raises(InputError, match="holds no results; make some with: detect batch"):
        query(tmp_path, "SELECT 1")
    with pytest.raises(UsageError, match=r"copy s3://bucket/out here first"):
        query("s3://bucket/out", "SELECT 1")


def test_the_page_shows_names_as_text_and_ranks_nobody(out):
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page
    assert "default-src 'none'" in html.unescape(page)
    assert page.count("<script>") == 1
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "The same text as 1." in page
    order = re.findall(r'<tr data-verdict="(\w+)"', page)
    assert order == ["machine", "machine", *["inconclusive"] * 11, "unscored"]
    for word in ("cheat", "guilty", "suspect"):
        assert word not in page.lower()


def test_the_policy_allows_this_style_and_script_alone(out):
    page = (out / "index.html").read_text(encoding="utf-8")
    for tag in ("style", "script"):
        content = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL).group(1)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in html.unescape(page)


def test_a_class_is_cut_and_says_so(run, tmp_path, monkeypatch):
    monkeypatch.setattr("detector.corpus.index_page.MOST_ROWS_A_CLASS", 3)
    run(write_jsonl(tmp_path / "in.jsonl", [{"text": f"Text {i}."} for i in range(9)]))
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert page.count('<tr data-verdict="inconclusive"') == 3
    assert "At most 3 of a class are listed" in page
