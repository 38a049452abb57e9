import numpy as np
import pytest
import torch

from detector.errors import CalibrationError, InputError
from detector.evaluation.metrics import auroc
from detector.scoring.probe import LinearProbe
from detector.training.hidden_layer import Recipe
from detector.training.probe_fit import ProbeTexts, fit_evidence_direction, fit_probe
from detector.training.roles import NEGATIVES
from detector.training.units_fit import compare_units, fit_units, score_of
from detector.verdict.features import N_UNITS, PART_COLUMN, REGISTER_SIZE, SECOND_REGISTER
from detector.verdict.probe_model import ProbeModel

LAYERS = (1,)


def opposite_corners(n: int = 1200, seed: int = 0) -> ProbeTexts:
    """A machine wrote a text where its first two numbers have one sign: no direction tells that, a few units do."""
    rng = np.random.default_rng(seed)
    states = rng.normal(loc=3.0, scale=[2.0, 0.5, *[1.0] * 18], size=(n, 20))
    is_machine = (states[:, 0] > 3) == (states[:, 1] > 3)
    domain = np.where(np.arange(n) % 2, "a", "b")
    return ProbeTexts(LAYERS, states[:, None].astype(np.float32), is_machine, domain, domain)


def test_units_find_what_no_direction_holds():
    texts, new = opposite_corners(), opposite_corners(seed=1)
    weights, bias = fit_units(texts, LAYERS, Recipe(epochs=150, rate=1e-2))
    assert weights.shape == (N_UNITS, 20)
    states = new.of(LAYERS)
    direction, _ = fit_evidence_direction(texts, LAYERS, 3e-3)
    by_units, by_direction = score_of(weights, bias, states), states @ direction
    assert auroc(by_direction[~new.is_machine], by_direction[new.is_machine]) < 0.6
    assert auroc(by_units[~new.is_machine], by_units[new.is_machine]) > 0.9


def test_a_domain_is_judged_by_units_fitted_without_it():
    label, kind, *areas = compare_units(opposite_corners(400), LAYERS).split()
    assert (label, kind, len(areas)) == ("1", "units", 3)  # two domains and the mean
    assert float(areas[2]) == pytest.approx((float(areas[0]) + float(areas[1])) / 2, abs=1e-3)


def test_the_same_texts_give_the_same_units_and_chance_elsewhere_is_left_alone():
    recipe = Recipe(epochs=1)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = fit_units(opposite_corners(), LAYERS, recipe), fit_units(opposite_corners(), LAYERS, recipe)
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert torch.equal(before, torch.get_rng_state())
    other = fit_units(opposite_corners(), LAYERS, Recipe(epochs=1, seed=1))
    assert not np.array_equal(first[0], other[0])


def test_a_probe_keeps_its_units_beside_its_evidence(tmp_path):
    texts = opposite_corners()
    weights, bias = fit_units(texts, LAYERS, Recipe(epochs=1))
    plain = fit_probe(texts, LAYERS)
    model = plain.with_units(torch.from_numpy(weights.reshape(N_UNITS, 1, 20)), torch.from_numpy(bias))
    assert model.probe.width == PART_COLUMN + N_UNITS
    assert not model.knows_parts
    assert model.parts_fingerprint is None
    assert model.fingerprint != plain.fingerprint
    model.save(tmp_path / "probe.safetensors")
    again = ProbeModel.load(tmp_path / "probe.safetensors")
    assert again.fingerprint == model.fingerprint
    read = again.probe.read(torch.from_numpy(texts.states[:3])).numpy()
    assert read[:, PART_COLUMN:] == pytest.approx(texts.of(LAYERS)[:3] @ weights.T + bias, abs=1e-3)
    assert read[:, :PART_COLUMN] == pytest.approx(
        plain.probe.read(torch.from_numpy(texts.states[:3])).numpy(), abs=1e-4
    )
    changed = LinearProbe(
        LAYERS, again.probe.weights * torch.cat([torch.ones(44), torch.tensor([2.0])])[:, None, None], again.probe.bias
    )
    assert ProbeModel(changed).fingerprint != model.fingerprint


def test_a_hidden_layer_goes_along_with_parts_and_into_a_probe_of_more_layers():
    texts = opposite_corners()
    weights, bias = fit_units(texts, LAYERS, Recipe(epochs=1))
    units = torch.from_numpy(weights.reshape(N_UNITS, 1, 20)), torch.from_numpy(bias)
    small = fit_probe(texts, LAYERS).with_units(*units)
    wide = ProbeTexts((0, 1), np.repeat(texts.states, 2, axis=1), texts.is_machine, texts.domain, texts.dataset)
    plain = fit_probe(wide, (0, 1))
    part, edits = (torch.ones(2, 20), 0.5), (torch.ones(35, 2, 20), torch.zeros(35))
    joined = plain.with_units_of(small).with_parts(part, edits)
    other = plain.with_parts(part, edits).with_units_of(small)
    assert joined.fingerprint == other.fingerprint == plain.with_units_of(small).fingerprint != plain.fingerprint
    assert joined.parts_fingerprint == plain.with_parts(part, edits).parts_fingerprint
    assert torch.equal(joined.probe.weights, other.probe.weights)
    assert joined.knows_parts
    assert joined.has_units
    states = torch.from_numpy(wide.states[:5])
    assert torch.allclose(
        joined.probe.read(states)[:, -N_UNITS:], small.probe.read(states[:, 1:])[:, -N_UNITS:], atol=1e-4
    )
    assert torch.allclose(joined.probe.read(states)[:, PART_COLUMN], states.sum(dim=(1, 2)) + 0.5, atol=1e-3)
    again = joined.with_units(torch.zeros_like(joined.probe.weights[-N_UNITS:]), torch.zeros(N_UNITS))
    assert again.probe.width == joined.probe.width - REGISTER_SIZE
    # What the smaller probe reads of a text's kind is the second register of the other.
    assert torch.allclose(
        joined.probe.read(states)[:, SECOND_REGISTER], small.probe.read(states[:, 1:])[:, 1:PART_COLUMN], atol=1e-4
    )
    with pytest.raises(CalibrationError, match="no hidden layer"):
        plain.with_units_of(fit_probe(texts, LAYERS))
    with pytest.raises(CalibrationError, match="reads layer 1"):
        fit_probe(ProbeTexts((0,), texts.states, texts.is_machine, texts.domain, texts.dataset), (0,)).with_units_of(
            small
        )


def test_human_texts_of_the_corpus_take_part_though_nothing_is_compared_with_them():
    """Here they look like a machine's texts of one corner, which the others alone make one of."""
    texts = opposite_corners()
    corner = texts.is_machine & (texts.states[:, 0, 0] > 3)
    added = texts.rows(corner)
    shown = ProbeTexts(
        LAYERS,
        np.concatenate([texts.states, added.states]),
        np.append(texts.is_machine, np.zeros(corner.sum(), bool)),
        np.append(texts.domain, np.full(corner.sum(), "news")),
        np.append(texts.dataset, np.full(corner.sum(), NEGATIVES)),
    )
    recipe = Recipe(epochs=30, rate=1e-2)
    before, after = (score_of(*fit_units(found, LAYERS, recipe), added.of(LAYERS)) for found in (texts, shown))
    assert after.mean() < before.mean() - 0.5


def test_domains_with_one_label_teach_nothing():
    texts = opposite_corners(100)
    alone = ProbeTexts(LAYERS, texts.states, np.ones(100, bool), texts.domain, texts.dataset)
    with pytest.raises(InputError, match="domain with human and machine"):
        fit_units(alone, LAYERS)
