"""Methods by name: what each says of itself, what it needs, and those of third parties."""

import pytest

from detector import methods
from detector.methods import METHODS, compute, compute_all, plain_methods
from tests.conftest import make_scores


@pytest.mark.parametrize("name", sorted(plain_methods()))
def test_every_method_states_direction_unit_and_source(name):
    chosen = METHODS[name]
    assert isinstance(chosen().higher_is_machine, bool)
    assert chosen().unit
    module = __import__(chosen.__module__, fromlist=["x"])
    assert "Definition" in module.__doc__
    assert "Source" in module.__doc__


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"registered: .*fast_detect_gpt.*log_rank"):
        compute("fast-detect-gpt", make_scores([-1.0]))


def test_compute_all_names_every_method():
    assert set(compute_all(make_scores([-1.0, -2.0]))) == set(plain_methods())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("binoculars", "needs the scores of two models: score_pairs"),
        ("lastde_plus_plus", r"score_texts\(..., samples=100\)"),
        ("gltr_top10_entropy", r"score_texts\(..., top_k=10\)"),
    ],
)
def test_a_method_says_what_its_scores_lack(name, message):
    with pytest.raises(ValueError, match=message):
        compute(name, make_scores([-1.0]))


class _EntryPoint:
    name, value = "mine", "mine:module"

    def __init__(self, load):
        self.load = load


def test_a_third_party_registers_a_method_by_entry_point(monkeypatch):
    def load():
        @methods.method("mine_longest")
        class Longest:
            """Tokens in the text."""

            higher_is_machine, unit = True, "tokens"

            def __call__(self, scores):
                return float(len(scores))

    monkeypatch.setattr(methods, "entry_points", lambda group: [_EntryPoint(load)])
    try:
        methods._load_plugins()
        assert compute("mine_longest", make_scores([-1, -2])) == 2
        assert compute_all(make_scores([-1, -2]))["mine_longest"] == 2
    finally:
        METHODS.pop("mine_longest", None)
        methods.REQUIREMENTS.pop("mine_longest", None)


def test_a_broken_third_party_method_is_named_and_harms_nothing(monkeypatch):
    def load():
        raise ImportError("no module")

    monkeypatch.setattr(methods, "entry_points", lambda group: [_EntryPoint(load)])
    with pytest.warns(UserWarning, match="The method mine from mine:module cannot be loaded: no module"):
        methods._load_plugins()
