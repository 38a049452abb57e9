from dataclasses import replace

import numpy as np
import pytest
import torch

from detector import InputError, score_texts
from detector.evaluation.labelled_texts import LabelledText
from detector.evaluation.metrics import auroc
from detector.scoring.probe import EveryState, LinearProbe
from detector.training.pooled_states import PooledStates, piece_ends, pool
from detector.training.probe_fit import (
    ProbeTexts,
    balanced_weights,
    compare_probes,
    fit_evidence_direction,
    fit_probe,
    probe_texts_of,
)
from detector.training.roles import REFERENCE_WORDS, within_budget
from detector.training.score_cache import cached_scores, cached_states
from detector.verdict.features import REGISTER_SIZE
from detector.verdict.probe_model import ProbeModel
from tests.conftest import TRAINING_TEXT

LAYERS = (1, 2)
DOMAIN = slice(5, 15)


def made_up(n: int = 600, seed: int = 0) -> ProbeTexts:
    """States in 2 layers x 20 numbers: number 3 of the first tells the author, ten of the second the domain. Domains
    differ in how many of their texts are a machine's, so that a careless fit leans on them; c has no machine texts."""
    rng = np.random.default_rng(seed)
    domain = rng.choice(["a", "b", "c"], size=n)
    share = {"a": 0.8, "b": 0.2, "c": 0.0}
    is_machine = np.array([rng.random() < share[name] for name in domain])
    states = rng.normal(size=(n, 2, 20))
    states[:, 0, 3] += 2.0 * is_machine
    states[:, 1, DOMAIN] += np.array([{"a": 3.0, "b": 0.0, "c": -3.0}[name] for name in domain])[:, None]
    return ProbeTexts(LAYERS, states.astype(np.float32), is_machine, domain, domain)


def test_the_direction_is_the_authors_and_not_the_domains():
    texts = made_up()
    direction, _ = fit_evidence_direction(texts, LAYERS, 1.0)
    size = np.abs(direction.reshape(2, 20))
    assert size.argmax() == 3
    of_domain = abs(direction.reshape(2, 20)[1, DOMAIN].sum())
    assert of_domain < 0.2 * size[0, 3]
    careless = ProbeTexts(LAYERS, texts.states, texts.is_machine, np.full(len(texts.domain), "all"), texts.dataset)
    leaning, _ = fit_evidence_direction(careless, LAYERS, 1.0)
    assert abs(leaning.reshape(2, 20)[1, DOMAIN].sum()) > 2 * of_domain


def test_registers_find_the_domain_and_are_free_of_the_author():
    texts = made_up(2000)
    probe = fit_probe(texts, LAYERS, 1.0).probe
    values = probe.read(torch.from_numpy(texts.states)).numpy()
    human = ~texts.is_machine
    assert values.shape == (2000, 1 + REGISTER_SIZE)
    assert auroc(values[human, 0], values[~human, 0]) > 0.9
    of_a, of_c = (human & (texts.domain == name) for name in "ac")
    assert abs(auroc(values[of_a, 1], values[of_c, 1]) - 0.5) > 0.45  # the first coordinate is the domain
    assert values[human, 1:].mean(axis=0) == pytest.approx(np.zeros(REGISTER_SIZE), abs=1e-3)
    assert values[human, 1:].std(axis=0) == pytest.approx(np.ones(REGISTER_SIZE), abs=0.05)
    # Within one domain, none of them tells human from machine.
    inside = texts.domain == "b"
    for i in range(1, 1 + REGISTER_SIZE):
        found = auroc(values[inside & human, i], values[inside & ~human, i])
        assert found == pytest.approx(0.5, abs=0.12)


def test_weights_by_hand():
    domain = np.array(["a", "a", "a", "a", "b"])
    is_machine = np.array([True, False, False, False, False])
    weights = balanced_weights(domain, is_machine)
    assert weights[4] == 0
    assert weights[0] == pytest.approx(weights[1:4].sum())
    assert weights.sum() == pytest.approx(5)


def test_without_a_domain_that_has_both_there_is_no_probe():
    texts = made_up()
    alone = replace(texts, domain=texts.is_machine.astype(str))
    with pytest.raises(InputError, match="a domain with human and machine texts"):
        fit_probe(alone, LAYERS)


def test_the_comparison_has_a_line_for_each_choice(monkeypatch):
    monkeypatch.setattr("detector.training.probe_fit.CHOICES", ((1,), (2,)))
    monkeypatch.setattr("detector.training.probe_fit.PENALTIES", (1.0,))
    head, first, second = compare_probes(made_up())
    assert head.split() == ["layers", "C", "a", "b", "mean"]
    assert float(first.split()[-1]) > 0.85  # the layer that knows the author
    assert float(second.split()[-1]) < 0.65


def test_a_probe_is_read_as_it_was_written(tmp_path):
    fitted = fit_probe(made_up(), LAYERS)
    fitted.save(tmp_path / "p.safetensors")
    found = ProbeModel.load(tmp_path / "p.safetensors")
    assert found.fingerprint == fitted.fingerprint
    assert found.probe.layers == LAYERS
    assert np.array_equal(found.probe.weights.numpy(), fitted.probe.weights.numpy())


def test_pooled_states_give_what_the_engine_gives(tiny):
    text = (TRAINING_TEXT + " ") * 4
    wide = np.random.default_rng(1).normal(size=(1 + REGISTER_SIZE, 2, 32)).astype(np.float32)
    probe = LinearProbe(LAYERS, torch.from_numpy(wide), torch.arange(1.0 + REGISTER_SIZE))
    (read,) = score_texts(tiny, [text], probe=probe)
    (states,) = score_texts(tiny, [text], probe=EveryState(LAYERS, 32))
    pooled = pool(states, text, LAYERS)
    values = pooled.read(probe, len(read))
    assert values.shape == read.probe.shape
    first = 0
    for end in piece_ends(read.end_char, text):
        assert values[first:end].mean(axis=0) == pytest.approx(read.probe[first:end].mean(axis=0), abs=5e-3)
        first = end
    assert pooled.mean_of_beginning(int(pooled.ends[1])) == pytest.approx(
        states.probe[: pooled.ends[1]].mean(axis=0).reshape(2, 32), abs=2e-3
    )
    with pytest.raises(ValueError, match="no piece ends"):
        pooled.mean_of_beginning(1)


def test_the_cache_keeps_states_apart_from_scores_without_them(tiny, tmp_path):
    texts = [TRAINING_TEXT, TRAINING_TEXT[::-1], ""]
    plain = list(cached_scores(tiny, texts, tmp_path / "cache"))
    first = list(cached_scores(tiny, texts, tmp_path / "cache", layers=LAYERS))
    again = list(cached_scores(tiny, texts, tmp_path / "cache", layers=LAYERS))
    assert [one.states for one in plain] == [None] * 3
    for left, right in zip(first, again, strict=True):
        assert left.scores.log_prob_nats == pytest.approx(right.scores.log_prob_nats)
        if left.states is not None:
            assert np.array_equal(left.states.means, right.states.means)
            assert right.states.layers == LAYERS
    quick = list(cached_states(tiny, texts, tmp_path / "cache", LAYERS))
    for one, whole in zip(quick, again, strict=True):
        scores = one.as_scored(tiny).scores
        assert scores.end_char.tolist() == whole.scores.end_char.tolist()
        assert not scores.has_probabilities
        if whole.states is not None:
            np.testing.assert_allclose(one.states.means, whole.states.means, atol=2e-3)
    rows = probe_texts_of([LabelledText(t, False, "d", "1", domain="x") for t in texts], quick)
    assert rows.states.shape == (2, 2, 32)


def test_a_budget_takes_texts_by_hash_and_cuts_references():
    long = " ".join(f"word{i}" for i in range(REFERENCE_WORDS + 50))
    items = [("calibrate", LabelledText(f"{i} {long}", False, "corpus", str(i))) for i in range(30)]
    items += [("fit", LabelledText(f"{i} {long}", False, "d", str(i))) for i in range(30)]
    kept = within_budget(items, {"corpus": 10, "fit": 7}, long_references=4)
    lengths = [len(text.text.split(" ")) for _, text in kept if text.dataset == "corpus"]
    assert sorted(lengths) == [REFERENCE_WORDS] * 6 + [REFERENCE_WORDS + 51] * 4
    assert sum(role == "fit" for role, _ in kept) == 7
    # The order they come in does not matter.
    again = within_budget(items[::-1], {"corpus": 10, "fit": 7}, long_references=4)
    assert {(role, text.text) for role, text in again} == {(role, text.text) for role, text in kept}


def test_states_of_a_text_in_one_piece():
    pooled = PooledStates(LAYERS, np.array([4], np.int32), np.ones((1, 2, 3), np.float16))
    assert pooled.lengths.tolist() == [4]
    assert pooled.mean_of_beginning(4).tolist() == [[1, 1, 1]] * 2
