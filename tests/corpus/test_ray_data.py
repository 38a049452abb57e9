"""The judge as a step of a Ray Data pipeline: first by itself, then in one (pytest -m scale)."""

import json
import os
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detector import UsageError
from detector.corpus.ray_data import OF_A_RUN, JudgeBatch
from detector.corpus.recipe import Recipe
from detector.corpus.run import score_corpus
from detector.corpus.schema import results_schema
from tests.conftest import TRAINING_TEXT, make_classifier
from tests.corpus.conftest import rows_of

LONG = TRAINING_TEXT + " " + TRAINING_TEXT.replace("boats", "ships")


@pytest.fixture
def recipe(tiny, tiny_folder, tmp_path):
    """A tiny model with a judge that needs one feature, so that little time goes into numbers."""
    short = {"feature_names": ["mean_surprisal"], "means": [0.0], "scales": [1.0], "coefficients": [-0.01]}
    replace(make_classifier(tiny), **short).save(tmp_path / "classifier.json")
    return Recipe(str(tiny_folder), "cpu", "float32", calibration=str(tmp_path / "classifier.json"))


def test_rows_keep_their_order_and_all_of_their_columns(recipe):
    batch = pa.table(
        {
            "id": [7, 8, 9],
            "text": ["Short.", None, LONG],
            "verdict": ["a", "b", "c"],
            "path": ["x.txt", None, "z.txt"],
            "bytes": [b"\xff", None, b""],
            "list": [[1], [], None],
        }
    )
    rows = JudgeBatch(recipe)(batch)
    own = [name for name in results_schema([]).names if name not in OF_A_RUN]
    assert rows.column_names == [*own, "text", "input_verdict", "bytes", "list"]
    assert rows["id"].to_pylist() == ["7", "8", "9"]
    assert rows["path"].to_pylist() == ["x.txt", None, "z.txt"]
    assert rows["reason"].to_pylist() == ["too_short", "unreadable", None]
    for name, column in (("text", "text"), ("verdict", "input_verdict"), ("bytes", "bytes"), ("list", "list")):
        assert rows[column].equals(batch[name])
    assert rows["methods"][2].as_py()


def test_what_stands_beside_a_row_changes_nothing_about_its_columns(recipe):
    """Not even that a whole batch has no value: every batch of a pipeline needs the same schema."""
    judge = JudgeBatch(recipe, "body", "name")
    full = pa.table({"name": ["a"], "body": [LONG], "n": pa.array([1], pa.int8())})
    empty = pa.table({"name": ["b"], "body": pa.array([None], pa.string()), "n": pa.array([None], pa.int8())})
    schema = judge(full).schema
    assert judge(empty).schema == schema
    assert judge(full.slice(0, 0)).schema == schema


@pytest.mark.parametrize(("fields", "missing"), [(("body",), "body"), (("text", "name"), "name")])
def test_fields_that_are_no_columns_are_said(recipe, fields, missing):
    with pytest.raises(UsageError, match=f"no column '{missing}'; there are text, url"):
        JudgeBatch(recipe, *fields)(pa.table({"text": ["a"], "url": ["b"]}))


@pytest.mark.parametrize(("share", "device"), [([0], "cuda"), ([], "cpu")])
def test_an_actor_uses_the_gpu_it_was_given(monkeypatch, share, device):
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'detect-text[scale]'")
    monkeypatch.setattr(ray, "get_gpu_ids", lambda: share)
    loaded = []
    monkeypatch.setattr(Recipe, "load", lambda recipe: loaded.append(recipe))
    JudgeBatch(Recipe())
    assert loaded == [Recipe(device=device)]


@pytest.fixture(scope="module")
def ray():
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'detect-text[scale]'")
    ray.init(num_cpus=3, num_gpus=1, include_dashboard=False, log_to_driver=False, object_store_memory=80 << 20)
    data = pytest.importorskip("ray.data")
    data.DataContext.get_current().enable_progress_bars = False
    yield ray
    ray.shutdown()


@pytest.mark.scale
@pytest.mark.filterwarnings("ignore")
def test_a_pipeline_gives_the_rows_of_the_local_engine(ray, recipe, tmp_path):
    """From actors on half a GPU each, which load the model once; two, unless the first leaves nothing to the other."""
    noted = tmp_path / "noted"
    noted.mkdir()

    class Counted(JudgeBatch):
        def __init__(self, *given):
            super().__init__(*given)
            self._note("load", os.environ["CUDA_VISIBLE_DEVICES"])

        def __call__(self, batch):
            self._note("judge", str(len(batch)))
            return super().__call__(batch)

        def _note(self, what, words):
            (noted / f"{what} {os.getpid()} {os.urandom(4).hex()}").write_text(words)

    texts = [*(LONG[i // 2 :] for i in range(60)), "Short.", None]  # every other one is a copy
    table = pa.table({"id": [f"d{i:02}" for i in range(62)], "text": texts, "topic": [i % 3 for i in range(62)]})
    source = tmp_path / "in"
    source.mkdir()
    for part in range(4):
        pq.write_table(table.slice(part * 16, 16), source / f"{part}.parquet")
    judged = ray.data.read_parquet(str(source), include_paths=True).map_batches(
        Counted,
        fn_constructor_args=[recipe],
        batch_format="pyarrow",
        batch_size=4,
        compute=ray.data.ActorPoolStrategy(size=2),
        num_gpus=0.5,
    )
    there = sorted(judged.take_all(), key=lambda row: row["id"])
    loads, judged_sizes = sorted(noted.glob("load *")), [int(file.read_text()) for file in noted.glob("judge *")]
    assert len({file.name.split()[1] for file in loads}) == len(loads) <= 2  # processes
    assert {file.read_text() for file in loads} == {"0"}  # the one GPU
    assert (sum(judged_sizes), max(judged_sizes)) == (62, 4)

    score_corpus(source, tmp_path / "out", recipe=recipe, workers=1, reports="none")
    here = rows_of(tmp_path / "out")
    assert [row["text"] for row in there] == texts
    assert len(here) == len(there) == 62
    for a, b in zip(there, here, strict=True):
        for name in (*results_schema([]).names, "topic"):
            if name in OF_A_RUN or name in ("methods", "features", "explanation"):
                continue
            expected = pytest.approx(b[name], abs=1e-5) if isinstance(b[name], float) else b[name]
            assert a[name] == expected, name
        assert json.loads(a["methods"]) == pytest.approx(json.loads(b["methods"]), abs=1e-4)
