import itertools

import numpy as np
import pytest

from detector.verdict.levels import Levels
from detector.verdict.segments import Part, border_intervals, contrast, divide

LEVELS = Levels(human=-0.5, machine=0.5, sentence_spread=0.3, token_spread=1.0, text_spread=0.4)


def slow_level(levels: Levels, values, counts, penalty: float) -> float:
    """Mean level by brute force: every way to put the sentences down to two authors, every level of a fine grid."""
    variances = levels.sentence_spread**2 + levels.token_spread**2 / counts
    grid = np.linspace(-3, 3, 25)
    weights = np.zeros(len(grid))
    for authors in itertools.product((0, 1), repeat=len(values)):
        changes = sum(a != b for a, b in itertools.pairwise(authors))
        means = np.where(np.array(authors) == 1, levels.machine, levels.human)
        chance = np.exp(-penalty * changes - (len(values) - 1) * np.log1p(np.exp(-penalty)))
        for i, level in enumerate(grid):
            density = np.exp(-((values - means - level) ** 2) / (2 * variances)).prod()
            weights[i] += chance * density * np.exp(-((level / levels.text_spread) ** 2) / 2)
    return float((weights * grid).sum() / weights.sum())


def test_the_level_is_that_of_every_division_weighed():
    rng = np.random.default_rng(0)
    for n in (1, 2, 5):
        values, counts = rng.normal(0, 1, n), rng.integers(5, 40, n)
        assert LEVELS.level(values, counts, 1.3) == pytest.approx(slow_level(LEVELS, values, counts, 1.3), abs=1e-9)


def test_evidence_adds_up_to_the_log_odds_of_each_sentence():
    rng = np.random.default_rng(1)
    sentence = np.repeat([0, 2, 3], [10, 20, 7])
    values = rng.normal(0, 1, len(sentence))
    evidence = LEVELS.evidence(values, sentence, 1.0)
    means = np.array([values[sentence == i].mean() for i in (0, 2, 3)])
    counts = np.array([10, 20, 7])
    level = LEVELS.level(means, counts, 1.0)
    variance = 0.09 + 1 / counts
    human, machine = (-((means - m - level) ** 2) / (2 * variance) for m in (-0.5, 0.5))
    sums = [evidence[sentence == i].sum() for i in (0, 2, 3)]
    assert sums == pytest.approx(machine - human)


def test_what_a_whole_text_is_like_moves_its_level_and_not_its_parts():
    sentence = np.repeat(np.arange(8), 20)
    values = np.where(sentence < 4, -0.5, 0.5)
    plain, formal = (LEVELS.evidence(values + shift, sentence, 1.0) for shift in (0.0, 0.4))
    for evidence in (plain, formal):
        sums = np.add.reduceat(evidence, np.arange(0, 160, 20))
        assert [(p.first, p.last, p.is_machine) for p in divide(sums, 1.0)] == [(0, 3, False), (4, 7, True)]
    assert LEVELS.evidence(np.zeros(0), np.zeros(0, dtype=int), 1.0).shape == (0,)


def test_contrast_is_the_difference_of_means_times_the_root_of_the_harmonic_count():
    sentence = np.repeat([0, 1, 4], [4, 6, 2])
    values = np.array([1.0] * 4 + [3.0] * 6 + [0.0] * 2)
    parts = [Part(0, 0, False, -1.0), Part(1, 1, True, 2.0), Part(2, 2, False, -1.0)]
    humans = (4 * 1.0 + 2 * 0.0) / 6
    assert contrast(values, sentence, parts) == pytest.approx((3.0 - humans) * np.sqrt(6 * 6 / 12))
    assert contrast(values + 7, sentence, parts) == pytest.approx(contrast(values, sentence, parts))
    assert contrast(values, sentence, [Part(0, 2, True, 1.0)]) == 0


def slow_changes(evidence, penalty: float):
    """Probability of a change to each author before each sentence, by enumeration."""
    total, found = 0.0, np.zeros((len(evidence), 2))
    for authors in itertools.product((0, 1), repeat=len(evidence)):
        changes = [i for i in range(1, len(authors)) if authors[i] != authors[i - 1]]
        weight = np.exp(np.dot(authors, evidence) - penalty * len(changes))
        total += weight
        for i in changes:
            found[i, authors[i]] += weight
    return found / total


@pytest.mark.parametrize("seed", range(5))
def test_border_intervals_hold_the_probability_they_say(seed):
    evidence = np.random.default_rng(seed).normal(0, 3, 9)
    parts = divide(evidence, 1.0)
    chances = slow_changes(evidence, 1.0)
    for i, (first, last) in enumerate(border_intervals(evidence, 1.0, parts)):
        assert first <= parts[i].first <= last
        if i:
            low = (parts[i - 1].first + parts[i].first) // 2 + 1
            following = parts[i + 1].first if i + 1 < len(parts) else len(evidence)
            high = max(low, (parts[i].first + following - 1) // 2)
            own = chances[:, int(parts[i].is_machine)]
            assert own[first : last + 1].sum() >= 0.9 * own[low : high + 1].sum() - 1e-9
    assert border_intervals([], 1.0, []) == []


def test_a_clear_border_is_one_place_and_a_vague_one_is_several():
    clear = [-9.0, -9.0, 9.0, 9.0]
    vague = [-3.0, -3.0, -0.2, 0.1, 0.1, 3.0, 3.0]
    assert border_intervals(clear, 1.0, divide(clear, 1.0))[1] == (2, 2)
    first, last = border_intervals(vague, 1.0, divide(vague, 1.0))[1]
    assert last - first >= 2
