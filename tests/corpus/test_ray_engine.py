"""Workers on a cluster: first with a made-up Ray, whose actors die when a test says so, then with a real one.

The tests of a real cluster start one of two nodes on this machine: pytest -m scale.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from detector import ModelError, UsageError, __version__
from detector.corpus import new_rows, ray_actors, ray_cluster
from detector.corpus.documents import Document
from detector.corpus.ray_actors import AHEAD, Actors, Worker, files_of, on_a_node
from detector.corpus.ray_cluster import count_places
from detector.corpus.ray_engine import RayEngine
from detector.corpus.recipe import Recipe
from detector.corpus.run import score_corpus
from detector.errors import DetectorWarning
from tests.conftest import TRAINING_TEXT, make_classifier
from tests.corpus.conftest import rows_of, write_jsonl
from tests.corpus.made_up import MadeUp

RECIPE = Recipe(device="cpu")


def corpus(n_batches, size=4):
    return [
        [Document(f"{i}-{j}", None, f"Text {i} {j}.", key=f"{i}-{j}") for j in range(size)] for i in range(n_batches)
    ]


class MadeUpWorker(Worker):
    """The actor with a judge that needs no model."""

    def load(self, recipe, files, threads, carried, keep_tokens):
        self._detector, self._carried, self._keep_tokens = None, carried, keep_tokens


@pytest.fixture(autouse=True)
def made_up_judge(request, monkeypatch):
    if "scale" not in request.keywords:
        judge = lambda detector, documents, carried, tokens: next(MadeUp().judged(iter([documents]), carried, tokens))  # noqa: E731
        monkeypatch.setattr(ray_actors, "judge", judge)
        monkeypatch.setattr(ray_actors, "Worker", MadeUpWorker)


@pytest.fixture
def head(monkeypatch):
    """The head of the made-up cluster, which listens unless it is gone."""
    head = SimpleNamespace(is_gone=False)

    def connect(address):
        assert address == MadeUpRay.HEAD
        if head.is_gone:
            raise ConnectionRefusedError("nobody is there")

    monkeypatch.setattr(ray_actors, "check_listening", connect)
    return head


class RayError(Exception):
    """An answer that never came."""


class RayTaskError(RayError):
    """What an actor raised."""

    def __init__(self, cause):
        self.cause = cause


class MadeUpRay:
    """Actors in this process. ``dies(actor number, documents)`` says where one is lost; the order is by chance."""

    HEAD = "127.0.0.1:6379"
    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self, dies=lambda actor, documents: False, seed=0, room=10**9):
        self.dies, self.room = dies, room
        self.chance = random.Random(seed)
        self.dead, self.killed, self.calls, self.asked, self.started = set(), [], {}, [], 0
        self.fetched, self.outcomes = set(), {}

    def remote(self, worker):
        self.worker = worker
        return self

    def options(self, **options):
        self.asked_for = options
        return SimpleNamespace(remote=self._start)

    def _start(self):
        self.started += 1
        number, actor = self.started, self.worker()
        handle = SimpleNamespace(number=number)
        for name in ("version", "load", "judge"):
            call = lambda *given, name=name: self._call(number, getattr(actor, name), given)  # noqa: E731
            setattr(handle, name, SimpleNamespace(remote=call))
        return handle

    def _call(self, number, method, given):
        reference = f"call {len(self.calls)}"
        self.calls[reference] = number, method, given
        return reference

    def wait(self, references, timeout):
        assert len(set(references)) == len(references)
        can = [r for r in references if self.calls[r][0] <= self.room]
        return [self.chance.choice(can)] if can else [], []

    def get(self, reference):
        assert reference not in self.fetched
        self.fetched.add(reference)
        number = self.calls[reference][0]
        for other in [other for other in self.calls if self.calls[other][0] == number]:  # an actor goes by the order
            if other not in self.outcomes:
                self.outcomes[other] = self._outcome(*self.calls[other])
            if other == reference:
                break
        if isinstance(self.outcomes[reference], Exception):
            raise self.outcomes[reference]
        return self.outcomes[reference]

    def _outcome(self, number, method, given):
        if number in self.dead:
            return RayError()
        documents = given[0].to_pylist() if method.__name__ == "judge" else []
        self.asked.append([d["id"] for d in documents])
        if self.dies(number, documents):
            self.dead.add(number)
            return RayError()
        try:
            return method(*given)
        except Exception as error:
            return RayTaskError(error)

    def kill(self, handle):
        self.killed.append(handle.number)

    def cluster_resources(self):
        return {"CPU": 2.0}

    def get_runtime_context(self):
        return SimpleNamespace(gcs_address=self.HEAD)


def actors(ray, workers=2):
    return Actors(ray, RECIPE, workers, 1, 0, [], False)


def judged_by(ray, batches, workers=2):
    rows = [row for judged in actors(ray, workers).judged(iter(batches)) for row in judged.rows.to_pylist()]
    return {row["id"]: row["reason"] for row in rows}, [row["id"] for row in rows]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_document_is_judged_once(workers):
    ray = MadeUpRay()
    reasons, ids = judged_by(ray, corpus(9), workers)
    assert sorted(ids) == sorted(d.id for batch in corpus(9) for d in batch)
    assert set(reasons.values()) == {None}
    assert ray.started == workers


def test_no_batches_need_no_cluster():
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'detect-text[scale]'")
    assert list(RayEngine(RECIPE, "nowhere:1").judged(iter([]), [], False)) == []


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_lost_or_doubled_however_often_actors_die(seed):
    chance = random.Random(seed)
    ray = MadeUpRay(lambda actor, documents: chance.random() < 0.2, seed + 1)
    _, ids = judged_by(ray, corpus(30), workers=3)
    assert sorted(ids) == sorted(d.id for batch in corpus(30) for d in batch)
    assert ray.dead


@pytest.mark.parametrize("seed", range(10))
def test_a_lost_node_costs_no_document(seed):
    """Actors go, each over another batch; the batches come again whole, and no document is blamed."""
    hit = set()

    def dies(actor, documents):
        if not documents or actor > 3 or documents[0]["id"] in hit:
            return False
        hit.add(documents[0]["id"])
        return True

    ray = MadeUpRay(dies, seed)
    reasons, ids = judged_by(ray, corpus(10), workers=4)
    assert len(ids) == len(set(ids)) == 40
    assert set(reasons.values()) == {None}
    judged = [asked for asked in ray.asked if asked]
    assert {len(asked) for asked in judged} == {4}
    assert len(judged) <= 10 + 3 * AHEAD
    assert ray.started == 4 + len(hit)
    assert hit


@pytest.mark.parametrize("seed", range(10))
def test_the_document_that_kills_is_found_and_stands_alone(seed):
    """Whichever loss is heard of first, that of the batch at work or that of the one behind it."""
    ray = MadeUpRay(lambda actor, documents: any(d["id"] == "1-2" for d in documents), seed)
    reasons, ids = judged_by(ray, corpus(3), workers=1)
    assert len(ids) == len(set(ids)) == 12
    assert [name for name, reason in reasons.items() if reason] == ["1-2"]
    assert reasons["1-2"] == "failed"
    # The whole batch twice, then the half with it, then it alone.
    assert [asked for asked in ray.asked if "1-2" in asked] == [
        ["1-0", "1-1", "1-2", "1-3"], ["1-0", "1-1", "1-2", "1-3"], ["1-2", "1-3"], ["1-2"],
    ]  # fmt: skip
    assert ray.started == 5


def test_no_more_is_read_than_the_actors_can_take():
    given = []

    def batches():
        for batch in corpus(20):
            given.append(batch)
            yield batch

    stream = actors(MadeUpRay(), workers=3).judged(batches())
    for done, _ in enumerate(stream, start=1):
        assert len(given) <= done + AHEAD * 3
    assert len(given) == 20


def test_actors_that_all_die_end_the_run():
    with pytest.raises(ModelError, match=r"one after the other.*memory"):
        judged_by(MadeUpRay(lambda actor, documents: True), corpus(2))


def test_a_cluster_without_room_is_waited_for_but_not_for_ever(monkeypatch, head):
    monkeypatch.setattr(ray_actors, "_PATIENCE_SECONDS", -1.0)
    with pytest.raises(UsageError, match=r"no worker \(1 CPU, 0 GPU\) has come up.*has 2 CPU, 0 GPU"):
        judged_by(MadeUpRay(room=0), corpus(2))


class GrowingRay(MadeUpRay):
    """Has no room at first."""

    def wait(self, references, timeout):
        found = super().wait(references, timeout)
        self.room = self.room + 1 if self.room < 3 else 10**9
        return found


def test_workers_without_a_place_are_said_once(monkeypatch, head):
    monkeypatch.setattr(ray_actors, "WORD_SECONDS", -1.0)
    ray = GrowingRay(room=-2)
    words = r"^0 of 3 workers \(1 CPU, 0 GPU each\) .* has 2 CPU, 0 GPU in all.*after 10 minutes without any"
    with pytest.warns(DetectorWarning, match=words) as said:
        reasons, _ = judged_by(ray, corpus(3), workers=3)
    assert (len(reasons), len(said)) == (12, 1)
    group = actors(MadeUpRay(), workers=3)
    with pytest.warns(DetectorWarning, match=r"^1 of 3 .* The others join when there is room\.$"):
        group._wait_with_patience(1, group._begun)


def test_a_head_that_is_gone_ends_the_run_and_nobody_is_called_any_more(monkeypatch, head):
    monkeypatch.setattr(ray_actors, "_HEAD_SECONDS", -1.0)
    head.is_gone = True
    ray = MadeUpRay(room=0)
    group = actors(ray)
    with pytest.raises(ModelError, match=r"head .* 127\.0\.0\.1:6379, is gone .*give the same command again"):
        list(group.judged(iter(corpus(2))))
    group.stop()
    assert ray.killed == []


def test_a_head_may_be_gone_for_a_moment(head):
    head.is_gone = True
    reasons, _ = judged_by(GrowingRay(room=-2), corpus(2))
    assert len(reasons) == 8


def test_a_node_without_the_program_is_said(monkeypatch):
    class InitFailedError(RayError):
        actor_init_failed = True

    def fails(reference):
        raise InitFailedError("The actor died.\n  in its creation:\nModuleNotFoundError: No module named 'detector'")

    ray = MadeUpRay()
    ray.get = fails
    with pytest.raises(UsageError, match=r"cannot run detect-text \(ModuleNotFoundError: .*pip install"):
        judged_by(ray, corpus(1))


def test_fewer_places_than_workers_do_all_the_work():
    ray = MadeUpRay(room=1)
    reasons, _ = judged_by(ray, corpus(6), workers=4)
    assert len(reasons) == 24
    assert ray.started == 4


def test_closing_ends_the_actors_wherever_they_are():
    ray = MadeUpRay(room=1)
    group = actors(ray, workers=3)
    stream = group.judged(iter(corpus(5)))
    next(stream)
    stream.close()
    group.stop()
    assert sorted(ray.killed) == [1, 2, 3]


@pytest.mark.parametrize(
    ("raised", "kind", "words"),
    [
        (ModelError("There is no model here."), ModelError, r"^There is no model here\.$"),
        (ZeroDivisionError("by zero"), ModelError, r"ZeroDivisionError: by zero.*what was finished is safe"),
    ],
)
@pytest.mark.parametrize("method", ["load", "judge"])
def test_errors_of_an_actor_end_the_run_as_what_they_are(monkeypatch, method, raised, kind, words):
    def fails(*_):
        raise raised

    fails.__name__ = method
    monkeypatch.setattr(MadeUpWorker, method, fails)
    with pytest.raises(kind, match=words):
        judged_by(MadeUpRay(), corpus(2))


def test_another_version_on_a_node_is_refused_before_it_loads_anything(monkeypatch):
    def another(worker):
        return "another"

    another.__name__ = "version"
    monkeypatch.setattr(MadeUpWorker, "version", another)
    ray = MadeUpRay()
    with pytest.raises(UsageError, match=f"has detect-text another and this machine {__version__}"):
        judged_by(ray, corpus(1))
    assert {method.__name__ for _, method, _ in ray.calls.values()} == {"version"}


def test_actors_ask_for_what_they_need():
    ray = MadeUpRay()
    Actors(ray, Recipe(device="cuda"), 1, 3, 0.25, [], False)
    assert (ray.asked_for["num_cpus"], ray.asked_for["num_gpus"]) == (3, 0.25)
    assert on_a_node(Recipe(device="cuda:1"), 0.25).device == "cuda"  # the one it is given
    assert on_a_node(Recipe(device="auto"), 0).device == "cpu"


def nodes(*resources):
    listed = [{"Alive": True, "Resources": r} for r in resources]
    listed.append({"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}})
    return SimpleNamespace(nodes=lambda: listed, cluster_resources=lambda: {"CPU": 6.0})


@pytest.mark.parametrize(
    ("threads", "gpus", "places"),
    [
        (1, 0, 6),
        (2, 0, 3),
        (3, 0, 1),  # places are counted node by node
        (1, 1, 2),
        (1, 0.5, 4),
        (1, 0.25, 4),  # eight by the GPUs, but their node has four CPUs
    ],
)
def test_places_are_counted_on_the_nodes_that_live(threads, gpus, places):
    assert count_places(nodes({"CPU": 2.0}, {"CPU": 4.0, "GPU": 2.0}, {}), threads, gpus) == places


def test_a_cluster_where_nothing_fits_is_said():
    with pytest.raises(UsageError, match=r"8 CPU, 1 GPU.*6 CPU, 0 GPU in all.*--threads or --gpus.*--workers"):
        count_places(nodes({"CPU": 6.0}), 8, 1)


@pytest.mark.parametrize(
    ("device", "options", "words"),
    [
        ("cpu", {"workers": 0}, "--workers is 0"),
        ("cpu", {"threads": -1}, "--threads is -1"),
        ("auto", {"gpus": 2}, "a share of one"),
        ("auto", {"gpus": -0.5}, "a share of one"),
        ("cpu", {"gpus": 0.5}, "contradict"),
        ("cuda", {"gpus": 0}, "contradict"),
        ("mps", {}, "allowed are: auto, cpu, cuda"),
    ],
)
def test_impossible_options_are_refused(device, options, words):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'detect-text[scale]'")
    with pytest.raises(UsageError, match=words):
        RayEngine(Recipe(device=device), **options)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense", "ray://127.0.0.1:1", "host:port", ":6379"])
def test_an_address_where_nobody_listens_is_said_at_once(address):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'detect-text[scale]'")
    with pytest.raises(UsageError, match=rf"no Ray cluster at '{address}'.*ray start --head"):
        list(RayEngine(RECIPE, address).judged(iter(corpus(1)), [], False))


def test_the_cluster_found_by_itself_may_be_gone(monkeypatch):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'detect-text[scale]'")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(UsageError, match=r"no Ray cluster at 'auto' \(Connection refused\)"):
        list(RayEngine(RECIPE).judged(iter(corpus(1)), [], False))


def test_a_cluster_of_another_version_is_said(monkeypatch):
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'detect-text[scale]'")

    def init(**options):
        raise RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 3.0.0\n")

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray_cluster, "check_listening", lambda head: None)
    with pytest.raises(UsageError, match=r"cannot be joined \(Version mismatch: .* Ray: 3\.0\.0\).*Ray and Python"):
        list(RayEngine(RECIPE, "head:6379").judged(iter(corpus(1)), [], False))


def test_a_listener_that_is_no_cluster_is_said_in_time(monkeypatch):
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'detect-text[scale]'")
    is_said = threading.Event()

    def init(**options):
        assert is_said.wait(30)
        raise ConnectionError("It speaks another language.")

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray_cluster, "check_listening", lambda head: None)
    monkeypatch.setattr(ray_cluster, "WORD_SECONDS", 0.01)
    said = []
    monkeypatch.setattr(ray_cluster.warnings, "warn", lambda *words, **_: (said.append(words), is_said.set()))
    with pytest.raises(UsageError, match="It speaks another language"):
        list(RayEngine(RECIPE, "head:6379").judged(iter(corpus(1)), [], False))
    assert "'head:6379' yet and goes on trying" in said[0][0]


def test_without_ray_the_command_to_install_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'detect-text\[scale\]'"):
        RayEngine(RECIPE)


# A real cluster.


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


def test_an_actor_gets_the_files_that_the_recipe_names(tmp_path, monkeypatch):
    """A probe stands beside its calibration there too; the machine of the actor has none of them."""
    torch = pytest.importorskip("torch")
    contents = {"mine.json": b"calibration", "mine.safetensors": b"probe", "tokens.json": b"analysis"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    recipe = Recipe(calibration=str(tmp_path / "mine.json"), token_analysis=str(tmp_path / "tokens.json"))
    files = files_of(recipe)
    for name in contents:
        (tmp_path / name).unlink()
    read = []

    def load(here):
        calibration = Path(here.calibration)
        places = (calibration, calibration.with_suffix(".safetensors"), Path(here.token_analysis))
        read.extend(place.read_bytes() for place in places)

    monkeypatch.setattr(Recipe, "load", load)
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    Worker().load(recipe, files, torch.get_num_threads(), [], False)
    assert read == [b"calibration", b"probe", b"analysis"]
    assert files_of(Recipe()) == {}
