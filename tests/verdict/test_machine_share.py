"""How much of a text a machine wrote, against every division written out."""

from itertools import pairwise, product

import numpy as np
import pytest

from detector.verdict.levels import LEVEL_GRID, Levels
from detector.verdict.machine_share import LEVEL_SPREAD, machine_share

LEVELS = Levels(human=-0.5, machine=0.4, sentence_spread=0.4, token_spread=1.1, text_spread=0.4)


def written_out(means, counts, penalty):
    """Sum over every level and every way to put the sentences down to two authors: mean share and its distribution."""
    shares, weights = [], []
    stays = 1 / (1 + np.exp(-penalty))
    for level in LEVEL_GRID:
        for authors in product((0, 1), repeat=len(means)):
            weight = np.exp(-((level / LEVEL_SPREAD) ** 2) / 2)
            for before, after in pairwise(authors):
                weight *= stays if before == after else 1 - stays
            for mean, count, author in zip(means, counts, authors, strict=True):
                variance = LEVELS.sentence_spread**2 + LEVELS.token_spread**2 / count
                expected = level + (LEVELS.machine if author else LEVELS.human)
                weight *= np.exp(-((mean - expected) ** 2) / (2 * variance))
            shares.append(np.dot(authors, counts) / np.sum(counts))
            weights.append(weight)
    order = np.argsort(shares)
    shares, weights = np.array(shares)[order], np.array(weights)[order] / np.sum(weights)
    return float(shares @ weights), shares, np.cumsum(weights)


@pytest.mark.parametrize("penalty", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("means", [[-0.6, 0.7, 0.6], [-0.5, -0.5, -0.5], [0.9, -0.8, 0.9, -0.8, 0.2], [0.3]])
def test_the_share_is_that_of_all_divisions_written_out(means, penalty):
    counts = np.array([20, 35, 11, 18, 25][: len(means)])
    sentence = np.repeat(np.arange(len(means)), counts)
    found = machine_share(np.repeat(means, counts), sentence, LEVELS, penalty)
    mean, shares, cumulated = written_out(means, counts, penalty)
    assert found.value == pytest.approx(mean, abs=1e-9)
    for bound, tail in ((found.low, 0.05), (found.high, 0.95)):
        # Drawn, so near the quantile: at most 4 % of the probability lie between.
        low, high = np.interp([tail - 0.04, tail + 0.04], cumulated, shares)
        assert low - 1e-9 <= bound <= high + 1e-9 or np.isclose(bound, found.value)


def test_gaps_in_the_numbers_of_sentences_and_the_level_of_a_text_do_not_matter():
    means, counts = [-0.7, 0.6, 0.5, -0.6], np.array([30, 30, 30, 30])
    values = np.repeat(means, counts)
    found = machine_share(values, np.repeat([0, 1, 2, 3], counts), LEVELS, 1.0)
    assert machine_share(values, np.repeat([2, 5, 6, 9], counts), LEVELS, 1.0) == found
    assert found.low <= found.value <= found.high
    # Half of it a machine's, and a level higher throughout is still two authors.
    assert found.value == pytest.approx(0.5, abs=0.1)
    assert machine_share(values + 0.25, np.repeat([0, 1, 2, 3], counts), LEVELS, 1.0).value == pytest.approx(
        0.5, abs=0.15
    )


def test_a_person_and_a_machine_alone_lie_at_the_ends():
    sentence = np.repeat(np.arange(12), 25)
    human = machine_share(np.full(300, -1.2), sentence, LEVELS, 1.0)
    machine = machine_share(np.full(300, 1.2), sentence, LEVELS, 1.0)
    assert human.value < 0.2 < 0.8 < machine.value
    assert human.value == pytest.approx(1 - machine.value, abs=0.1)
