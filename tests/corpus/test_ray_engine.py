"""What the engine ray is asked for, before it needs a cluster."""

import sys

import pytest

from detector import UsageError
from detector.corpus.ray_engine import RayEngine
from detector.corpus.recipe import Recipe
from tests.corpus.made_up_ray import RECIPE


def test_no_batches_need_no_cluster():
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'detect-text[scale]'")
    assert list(RayEngine(RECIPE, "nowhere:1").judged(iter([]), [], False)) == []


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


def test_without_ray_the_command_to_install_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'detect-text\[scale\]'"):
        RayEngine(RECIPE)
