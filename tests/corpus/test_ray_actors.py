"""Workers on a made-up Ray: every document once, however many of them die."""

import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from detector import ModelError, UsageError, __version__
from detector.corpus import ray_actors
from detector.corpus.ray_actors import AHEAD, Actors, Worker, files_of, on_a_node
from detector.corpus.recipe import Recipe
from detector.errors import DetectorWarning
from tests.corpus.made_up import MadeUp
from tests.corpus.made_up_ray import RECIPE, MadeUpRay, MadeUpWorker, RayError, corpus


@pytest.fixture(autouse=True)
def made_up_judge(monkeypatch):
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
