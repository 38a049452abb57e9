from collections import Counter

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from detector.corpus.multiple_testing import benjamini_hochberg, fewest_flaggable
from detector.corpus.summary import MIXED_FACTOR
from detector.verdict.rules import MIXED_SHARE_OF_TARGET


def test_worked_by_hand():
    # Ranks 1..5 at q = 0.1 allow 0.02, 0.04, 0.06, 0.08, 0.1: the fourth value passes and takes the third with it.
    assert benjamini_hochberg(Counter([0.01, 0.03, 0.07, 0.08, 0.9]), 0.1) == 0.08


def test_ties_stand_or_fall_together():
    # Two values of 0.04: the second is at most 2 * 0.05 / 2, though the first alone would not be.
    assert benjamini_hochberg(Counter([0.04, 0.04]), 0.05) == 0.04


@pytest.mark.parametrize("values", [[], [0.5], [1.0, 1.0]])
def test_nothing_to_flag(values):
    assert benjamini_hochberg(Counter(values), 0.05) is None


def test_it_agrees_with_scipy():
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = np.ceil(np.concatenate([rng.random(200), rng.random(20) * 0.01]) * 1000) / 1000
        threshold = benjamini_hochberg(Counter(p.tolist()), 0.05)
        expected = p[false_discovery_control(p) <= 0.05]
        assert threshold == (None if not len(expected) else expected.max())


def test_few_of_the_flagged_are_false():
    """Conformal p-values against the same references, a tenth of them of machine texts: the mean share holds."""
    rng = np.random.default_rng(1)
    shares = []
    for _ in range(200):
        references = np.sort(rng.normal(size=1000))
        scores = np.concatenate([rng.normal(size=450), rng.normal(4, 1, size=50)])
        p = (1 + 1000 - np.searchsorted(references, scores)) / 1001
        threshold = benjamini_hochberg(Counter(p.tolist()), 0.1)
        flagged = p <= (threshold or 0)
        shares.append(flagged[:450].sum() / max(1, flagged.sum()))
    assert np.mean(shares) < 0.1 * 0.9 + 3 * np.std(shares) / np.sqrt(200)
    assert np.mean(shares) > 0.03  # it is not held by flagging nothing


def test_how_many_extreme_texts_a_flag_takes():
    # With 999 references the least p-value is 0.001; 100 tests at 0.05 allow k * 0.0005, so two are needed.
    assert fewest_flaggable(0.001, 100, 0.05) == 2
    assert benjamini_hochberg(Counter([0.001] * 1 + [1.0] * 99), 0.05) is None
    assert benjamini_hochberg(Counter([0.001] * 2 + [1.0] * 98), 0.05) == 0.001


def test_the_expected_false_alarms_are_those_of_the_rules():
    """Told twice, since the rules come with torch, and a run that has nothing left to do needs none of it."""
    assert MIXED_FACTOR == 1 + MIXED_SHARE_OF_TARGET
