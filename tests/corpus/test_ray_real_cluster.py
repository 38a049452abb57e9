"""Workers on a real cluster of two nodes on this machine, some of which are killed: pytest -m scale."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from detector.corpus import new_rows, ray_actors
from detector.corpus.ray_actors import Actors, Worker
from detector.corpus.ray_engine import RayEngine
from detector.corpus.recipe import Recipe
from detector.corpus.run import score_corpus
from tests.conftest import TRAINING_TEXT, make_classifier
from tests.corpus.conftest import rows_of, write_jsonl
from tests.corpus.made_up_ray import RECIPE, corpus


@pytest.fixture(scope="module")
def cluster():
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'detect-text[scale]'")
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
    cluster.small = small
    cluster.workers = [cluster.add_node(num_cpus=1, **small) for _ in range(2)]
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def real(test):
    """Marks a test that needs a cluster; Ray's own warnings are not ours."""
    return pytest.mark.scale(pytest.mark.filterwarnings("ignore")(test))


@pytest.fixture
def recipe(tiny, tiny_folder, tmp_path):
    """A tiny model with a judge that needs one feature, so that little time goes into numbers."""
    short = {"feature_names": ["mean_surprisal"], "means": [0.0], "scales": [1.0], "coefficients": [-0.01]}
    replace(make_classifier(tiny), **short).save(tmp_path / "classifier.json")
    return Recipe(str(tiny_folder), "cpu", "float32", calibration=str(tmp_path / "classifier.json"))


@real
def test_a_document_that_kills_its_process_takes_no_other_with_it(cluster, monkeypatch):
    class Deadly(Worker):
        def load(self, *order):
            self.carried = order[3]

        def judge(self, documents):
            from detector.corpus.worker import packed
            from tests.corpus.made_up import MadeUp

            found = documents.to_pylist()
            if any(document["text"] == "Text 1 2." for document in found):
                os._exit(1)
            from detector.corpus.documents import documents_of

            judged = next(MadeUp().judged(iter([documents_of(documents)]), self.carried, False))
            return packed(judged.rows), b"", 0

    monkeypatch.setattr(ray_actors, "Worker", Deadly)
    engine = RayEngine(RECIPE, cluster.address)
    rows = [row for judged in engine.judged(iter(corpus(5)), [], False) for row in judged.rows.to_pylist()]
    assert sorted((row["id"], row["reason"]) for row in rows) == sorted(
        (d.id, "failed" if d.id == "1-2" else None) for batch in corpus(5) for d in batch
    )


@real
def test_actors_share_a_gpu(cluster, monkeypatch):
    class Sees(Worker):
        def load(self, *order):
            self.carried = order[3]

        def judge(self, documents):
            from detector.corpus.documents import documents_of
            from detector.corpus.worker import packed
            from tests.corpus.made_up import MadeUp

            rows = next(MadeUp().judged(iter([documents_of(documents)]), self.carried, False)).rows
            seen = f"{os.getpid()} {os.environ['CUDA_VISIBLE_DEVICES']}"
            at = rows.column_names.index("explanation")
            return packed(rows.set_column(at, rows.schema.field(at), [[seen] * len(rows)])), b"", 0

    monkeypatch.setattr(ray_actors, "Worker", Sees)
    node = cluster.add_node(num_cpus=2, num_gpus=1, **cluster.small)
    try:
        engine = RayEngine(Recipe(device="auto"), cluster.address, gpus=0.5)
        rows = [row for judged in engine.judged(iter(corpus(40)), [], False) for row in judged.rows.to_pylist()]
    finally:
        cluster.remove_node(node)
    assert len(rows) == 160
    seen = Counter(row["explanation"] for row in rows)
    assert len(seen) == 2  # processes
    assert {word.split()[1] for word in seen} == {"0"}


LONG = TRAINING_TEXT + " " + TRAINING_TEXT.replace("boats", "ships")
RECORDS = [
    *({"id": f"d{i}", "text": LONG[i // 2 :], "topic": i % 3} for i in range(120)),  # every other one is a copy
    {"id": "s", "text": "Short."},
    {"id": "n", "text": 1},
]


def assert_rows_are_those_of_one_machine(out, source, recipe):
    score_corpus(source, out.with_name("here"), detector=recipe.load(), reports="none", keep_tokens=True)
    here, there = rows_of(out.with_name("here")), rows_of(out)
    assert [row["document_key"] for row in there] == [row["document_key"] for row in here]
    for a, b in zip(there, here, strict=True):
        assert (a["id"], a["verdict"], a["reason"], a["topic"]) == (b["id"], b["verdict"], b["reason"], b["topic"])
        assert a["duplicate_of"] == b["duplicate_of"]
        assert a["score"] == pytest.approx(b["score"], abs=1e-5)


def workers_on(cluster):
    """Process ids of the actors that the nodes of a cluster hold."""
    raylets = {
        str(process.process.pid)
        for node in cluster.list_all_nodes()
        for process in node.all_processes.get("raylet", [])
    }
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if parent in raylets and (folder / "cmdline").read_bytes().startswith(b"ray::Worker"):
                found.append(int(folder.name))
    return found


def wait_until(condition, process=None):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None, "it ended by itself"
        time.sleep(0.05)


@real
def test_a_command_that_is_killed_again_and_again_loses_and_doubles_nothing(cluster, tmp_path, recipe):
    """While it starts and at work; its actors go with it, and the same command ends with the rows of one machine."""
    source, out = write_jsonl(tmp_path / "in.jsonl", RECORDS), tmp_path / "out"
    # A part a batch, and time between them, so that there is much to break.
    program = (
        "import cli, time\nfrom detector.corpus import new_rows\n"
        "new_rows.BATCH_DOCUMENTS, new_rows._SECONDS_A_PART = {'cpu': 2}, -1.0\n"
        "write = new_rows._UnwrittenRows.write\n"
        "new_rows._UnwrittenRows.write = lambda rows: (time.sleep(0.3), write(rows))[1]\n"
        "cli.main()"
    )
    command = [sys.executable, "-c", program, "batch", str(source), "--out", str(out), "--engine", "ray"]
    command += ["--address", cluster.address, "--device", "cpu", "--model", recipe.model, "--keep-tokens"]
    command += ["--calibration", str(recipe.calibration), "--reports", "none"]
    chance = random.Random(8)
    done_before = 0
    for kill in range(4):
        with (tmp_path / "said.txt").open("wb") as said:
            process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=said, stderr=said)
        if kill == 0:
            wait_until(lambda: workers_on(cluster), process)
        else:
            wanted = done_before + chance.randint(1, 4)
            wait_until(lambda wanted=wanted: len(parts_of(out)) >= wanted, process)
        time.sleep(chance.random() * 0.3)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        wait_until(lambda: not workers_on(cluster))
        done_before = len(parts_of(out))
    assert done_before
    last = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, timeout=300, check=False)
    assert last.returncode == 3, last.stderr  # one text is too short
    assert_rows_are_those_of_one_machine(out, source, recipe)


def parts_of(out):
    return list((out / "results").glob("*.parquet"))


@real
def test_a_node_that_is_lost_loses_and_doubles_nothing(cluster, tmp_path, recipe, monkeypatch):
    """The same rows as without a cluster, though one of two nodes is killed while its actor works."""
    source = write_jsonl(tmp_path / "in.jsonl", RECORDS)
    monkeypatch.setattr(new_rows, "BATCH_DOCUMENTS", {"cpu": 4})
    monkeypatch.setattr(new_rows, "_SECONDS_A_PART", 0.5)
    mourned, blamed = [], []
    mourn, blame = Actors._mourn, Actors._blamed
    monkeypatch.setattr(Actors, "_mourn", lambda actors: (mourned.append(len(actors._ready)), mourn(actors)))
    monkeypatch.setattr(Actors, "_blamed", lambda actors, task: (blamed.append(task), blame(actors, task))[1])
    killed = []

    def kill_one(progress):
        if progress.judged >= 12 and not killed:
            killed.append(cluster.workers[1])
            cluster.remove_node(cluster.workers[1], allow_graceful=False)

    options = {"recipe": recipe, "reports": "none", "keep_tokens": True}
    engine = RayEngine(recipe, cluster.address)
    summary = score_corpus(source, tmp_path / "ray", engine=engine, on_progress=kill_one, **options)
    assert killed
    assert mourned == [1]  # one actor died, one was left
    assert len(blamed) == 1  # and it died at work
    assert summary["documents"] == 122
    assert_rows_are_those_of_one_machine(tmp_path / "ray", source, recipe)
    # The same command again finds nothing to do, so it needs no cluster.
    again = score_corpus(source, tmp_path / "ray", engine=RayEngine(recipe, "nowhere:1"), **options)
    assert again == summary
