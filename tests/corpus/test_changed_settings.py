"""Rows of two kinds are never mixed: another setting, input or format is another run."""

import json
from dataclasses import replace

import pytest

from detector.corpus import run as run_module
from detector.corpus.query import query
from detector.corpus.recipe import Recipe
from detector.corpus.run import score_corpus
from detector.errors import UsageError
from tests.corpus.conftest import corpus, rows_of
from tests.corpus.made_up import MadeUp


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
    with pytest.raises(UsageError, match="store version was 2 and is 5 now"):
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
