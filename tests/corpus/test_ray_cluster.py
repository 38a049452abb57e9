"""The cluster that is joined: how many workers it has room for, and what is said where there is none."""

import threading
from types import SimpleNamespace

import pytest

from detector import UsageError
from detector.corpus import ray_cluster
from detector.corpus.ray_cluster import count_places
from detector.corpus.ray_engine import RayEngine
from tests.corpus.made_up_ray import RECIPE, corpus


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
