"""Parts, levels, edits and neighbours fitted on made-up numbers, where the right answer is known."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from detector.evaluation.labelled_texts import LabelledText
from detector.evaluation.splicing import SplicedText, mixed_text
from detector.scoring.probe import LinearProbe
from detector.training.edited_texts import EditedText
from detector.training.extent_fit import edited_states, fit_edits, macro_f1, read_extents
from detector.training.more_references import by_turns
from detector.training.neighbours_fit import SIZES, fit_neighbours
from detector.training.parts_fit import TEXT_SPREAD_FACTOR, fit_levels, fit_part_probe
from detector.training.pooled_states import PooledStates
from detector.verdict.features import PART_COLUMN, PARTS_WIDTH, REGISTER_SIZE, Series
from detector.verdict.neighbours import PRIOR, places
from detector.verdict.probe_model import ProbeModel
from detector.verdict.register import REGISTER_COLUMNS, Register
from tests.training.test_classifier_fit import make_table

LAYERS = (1, 2)
D = 6


def pooled(means: np.ndarray) -> PooledStates:
    """One piece of 10 tokens for each row, (pieces, layers, d)."""
    return PooledStates(LAYERS, np.arange(10, 10 * len(means) + 1, 10, dtype=np.int32), means.astype(np.float16))


def test_the_probe_of_parts_sees_the_sentence_and_not_its_company():
    rng = np.random.default_rng(0)
    texts, pieces, truth = [], [], []
    for _ in range(200):
        authors = rng.random(6) < 0.5
        means = rng.normal(size=(6, 2, D)) * 0.3
        means[:, 0, 2] += authors  # the sentence's own
        means[:, 1, 4] += 3 * authors.mean()  # how much of the text is a machine's
        spliced = SplicedText("x" * 60, tuple((10 * i, 10 * i + 10, bool(a)) for i, a in enumerate(authors)))
        texts.append((spliced, pooled(means), np.arange(1, 61, dtype=np.int32)))
        pieces.append(means)
        truth.append(authors)
    weights, bias = fit_part_probe(texts, LAYERS, inverse_penalty=1.0)
    assert weights.shape == (2, D)
    assert np.unravel_index(int(weights.argmax()), weights.shape) == (0, 2)
    assert abs(float(weights[1, 4])) < 0.3 * float(weights[0, 2])
    said = np.concatenate(pieces).reshape(-1, 2 * D) @ weights.flatten().numpy() + bias
    assert ((said > 0) == np.concatenate(truth)).mean() > 0.9


def series(values: np.ndarray, sentence: np.ndarray) -> Series:
    n = len(values)
    probe = np.zeros((n, PARTS_WIDTH))
    probe[:, PART_COLUMN] = values
    nothing = np.zeros(n)
    return Series(nothing, nothing, nothing, nothing, np.ones(n), sentence, lexical=nothing, probe=probe)


def test_levels_are_those_that_the_texts_were_made_with():
    rng = np.random.default_rng(1)
    texts = []
    for _ in range(300):
        authors = rng.random(8) < 0.5
        level = rng.normal() * 0.3
        sentence = np.repeat(np.arange(8), rng.choice([4, 16, 64], size=8))
        values = np.where(authors, 0.4, -0.6)[sentence] + level + (rng.normal(size=8) * 0.2)[sentence]
        values += rng.normal(size=len(values)) * 0.8
        texts.append((series(values, sentence), authors[sentence]))
    found = fit_levels(texts)
    assert found.levels is not None
    scale = found.probe  # values are weighed before they are modelled
    levels = found.levels
    assert (levels.machine - levels.human) / scale == pytest.approx(1.0, rel=0.1)
    assert levels.sentence_spread / scale == pytest.approx(0.2, rel=0.25)
    assert levels.token_spread / scale == pytest.approx(0.8, rel=0.15)
    assert levels.text_spread / scale == pytest.approx(0.3 * TEXT_SPREAD_FACTOR, rel=0.2)


def edits(n: int, seed: int, shift: float = 0.0):
    """Texts whose extent stands in one number, and whose kind in another: below 0, about 0, or above."""
    rng = np.random.default_rng(seed)
    texts, states = [], []
    for i in range(n):
        kind = i % 3
        extent = (0.0, float(rng.uniform(0.2, 0.7)), 1.0)[kind]
        means = rng.normal(size=(4, 2, D)) * 0.05
        means[:, 1, 3] += extent
        means[:, 0, 2] += kind - 1 + shift
        name = "apt_eval.polish" if i % 2 else "l2r.domains"
        role = "voice" if rng.random() < 0.6 else "fit"
        generator = "human" if kind == 0 else "g"
        texts.append(EditedText("words", extent, name, generator, role, str(i), kind == 2))
        states.append(pooled(means))
    return edited_states(texts, states)


def one_layer(texts):
    return replace(texts, layers=LAYERS[:1], states=texts.states[:, :1])


def test_the_extent_is_read_off_the_states_of_other_writers(monkeypatch):
    monkeypatch.setattr("detector.training.extent_fit.RIDGE", 1.0)
    monkeypatch.setattr("detector.training.extent_fit.INVERSE_PENALTY", 1.0)
    fitted = fit_edits(edits(600, seed=2), one_layer(edits(600, seed=3)))
    bare = ProbeModel(LinearProbe(LAYERS, torch.zeros(1 + REGISTER_SIZE, 2, D), torch.zeros(1 + REGISTER_SIZE)))
    model = bare.with_parts((torch.ones(2, D), 0.5), (fitted.weights, fitted.bias))
    assert model.probe.width == PARTS_WIDTH
    assert not model.has_units
    assert model.fingerprint == bare.fingerprint  # scores do not rest on what was added
    assert bare.parts_fingerprint is None
    assert model.parts_fingerprint not in (None, model.fingerprint)
    assert torch.equal(model.probe.weights[PART_COLUMN], torch.ones(2, D))
    assert model.probe.bias[PART_COLUMN] == 0.5
    new = edits(300, seed=4)
    found = read_extents(new, model, fitted.scale)
    assert np.allclose(found.values, fitted.readings(new).values, atol=1e-5)
    assert found.probabilities.sum(axis=1) == pytest.approx(1.0)
    assert macro_f1(new.kinds, found.probabilities.argmax(axis=1)) > 0.95
    assert np.corrcoef(found.values, new.extents)[0, 1] > 0.95
    assert 0 < fitted.scale.half_width < 0.3


def test_the_interval_is_that_of_the_set_that_was_left_out_whole_and_read_worst(monkeypatch):
    monkeypatch.setattr("detector.training.extent_fit.RIDGE", 1.0)
    usual = edits(300, seed=5)
    strange = np.array([text.dataset == "l2r.domains" for text in usual.texts])
    states = usual.states.copy()
    states[strange, 1, 3] = 1.0 - states[strange, 1, 3]  # what tells the extent of one set misleads about the other
    half = fit_edits(usual, one_layer(usual)).scale.half_width
    assert fit_edits(replace(usual, states=states), one_layer(usual)).scale.half_width > half + 0.05


def test_what_only_judges_and_other_roles_fit_nothing():
    texts = edits(12, seed=6)
    named = [replace(text, generator="deepseek-chat") if i == 1 else text for i, text in enumerate(texts.texts)]
    kept = replace(texts, texts=named).of("voice")
    assert all(text.role == "voice" and text.generator != "deepseek-chat" for text in kept.texts)
    assert len(kept.states) == len(kept.texts)
    assert {text.dataset for text in kept.without("apt_eval.polish").texts} == {"l2r.domains"}


def test_macro_f1_is_the_mean_over_kinds():
    truth, found = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1])
    assert macro_f1(truth, found) == pytest.approx((2 / 3 + 2 / 4 + 0) / 3)


def test_neighbours_are_of_other_texts_and_all_but_a_few_references_are_near():
    table = make_table(n=1500, role="calibrate")
    humans = table.rows(~table.is_machine)
    # Each text twice, as a beginning of itself: its own rows must not count as its neighbours.
    twice = humans.joined(humans)
    assert len(np.unique(twice.text_number)) == 2 * len(np.unique(humans.text_number))  # a text in two sources
    register = Register([0.0] * REGISTER_SIZE, [1.0] * REGISTER_SIZE, [0.0] * REGISTER_SIZE, 0.0,
                        [0.0] * REGISTER_SIZE, 0.0, [0.0, 0.0])  # fmt: skip
    scores = humans.features[:, 0]
    once, standings = fit_neighbours([register], humans, scores)
    doubled, standings_of_both = fit_neighbours([register], twice, np.tile(scores, 2))
    found = places([register], humans.features)
    assert len(once.points) == len(once.scores) == len(humans.n_tokens)
    distances = [
        np.sort(np.linalg.norm(np.array(once.points) - place, axis=1))[once.nth] for place in found
    ]  # a point is its own nearest, so the next one is asked for
    assert np.mean(np.array(distances) > once.farthest) < 0.03
    assert doubled.farthest > 0.8 * once.farthest
    assert standings.shape == (len(scores), len(SIZES))
    assert standings_of_both[: len(scores)] == pytest.approx(standings_of_both[len(scores) :])
    # By hand: of the first row, among all others.
    others = np.array(once.scores)[1:]
    near = others[np.argsort(np.linalg.norm(np.array(once.points)[1:] - found[0], axis=1))[: SIZES[0]]]
    spread = np.sqrt((SIZES[0] * near.var() + PRIOR * np.var(once.scores)) / (SIZES[0] + PRIOR))
    assert standings[0, 0] == pytest.approx((scores[0] - near.mean()) / spread)
    far = humans.features[:1].copy()
    far[:, REGISTER_COLUMNS] = 9.0
    assert once.distance(places([register], far)[0]) > 2 * once.farthest


def test_of_few_references_no_more_are_asked_for_than_there_are_others():
    table = make_table(n=220, role="calibrate")
    humans = table.rows(~table.is_machine)
    n = len(humans.n_tokens)
    assert SIZES[1] < n - 1 < SIZES[2]
    register = Register([0.0] * REGISTER_SIZE, [1.0] * REGISTER_SIZE, [0.0] * REGISTER_SIZE, 0.0,
                        [0.0] * REGISTER_SIZE, 0.0, [0.0, 0.0])  # fmt: skip
    known, standings = fit_neighbours([register], humans, scores := humans.features[:, 0])
    assert known.sizes == [*SIZES[:2], n - 1]
    others = np.delete(np.array(known.scores), 4)
    spread = np.sqrt(((n - 1) * others.var() + PRIOR * np.var(known.scores)) / (n - 1 + PRIOR))
    assert standings[4, 2] == pytest.approx((scores[4] - others.mean()) / spread)


def test_tables_are_joined_and_parts_are_taken_over_by_text_and_length():
    first, second = make_table(n=30, seed=1), make_table(n=20, seed=2)
    second = replace(
        second, text_key=np.array([f"other{i}" for i in range(20)]), method_names=["new"], methods=second.methods[:, :1]
    )
    both = first.joined(second)
    assert len(both.n_tokens) == 50
    assert both.method_names == [*first.method_names, "new"]
    assert np.isnan(both.methods[30:, 0]).all()
    assert np.isnan(both.methods[:30, -1]).all()
    assert len(np.unique(both.text_number)) == 50
    measured = replace(first.rows(np.arange(30) < 10), contrast=np.arange(10.0), strongest_machine=np.full(10, 7.0))
    updated = both.with_parts_of(measured)
    assert updated.contrast[:10].tolist() == list(range(10))
    assert np.isnan(updated.contrast[10:]).all()
    assert (updated.strongest_machine[:10] == 7).all()
    assert (updated.strongest_machine[10:] == both.strongest_machine[10:]).all()


def test_sources_take_turns():
    texts = [LabelledText(f"{source} {i} end", False, source, str(i)) for source in "aab" for i in range(3)]
    found = by_turns(texts, 5, n_words=2)
    assert [text.text for text in found] == ["a 0", "b 0", "a 1", "b 1", "a 2"]


def test_mixed_texts_hold_both_authors_in_known_parts():
    human = " ".join(f"Person wrote sentence number {i} here." for i in range(40))
    machine = " ".join(f"Engine gave statement number {i} there." for i in range(40))
    counts = set()
    for seed in range(40):
        one = mixed_text(human, machine, 150, random.Random(seed))
        counts.add(len(one.parts))
        for (start, end, is_machine), following in zip(one.parts, [*one.parts[1:], None], strict=True):
            assert ("Engine" in one.text[start:end]) == is_machine
            assert ("Person" in one.text[start:end]) != is_machine
            assert following is None or (following[0] == end + 1 and following[2] != is_machine)
        numbers = [int(word) for word in one.text.split() if word.isdigit()]
        assert len(set(zip(numbers, [w for w in one.text.split() if w in ("Person", "Engine")], strict=True))) == len(
            numbers
        )
    assert counts >= {2, 3, 4, 5}
    assert mixed_text("Too short.", machine, 150, random.Random(0)) is None
