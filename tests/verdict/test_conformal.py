import math

import numpy as np
import pytest

from detector.verdict.conformal import share_at_least, share_at_most, share_of_kind


def test_shares_by_hand():
    references = [0.0, 1.0, 1.0, 4.0]
    assert [share_at_least(references, v) for v in (-1.0, 1.0, 2.0, 5.0)] == [1.0, 4 / 5, 2 / 5, 1 / 5]
    assert [share_at_most(references, v) for v in (-1.0, 1.0, 2.0, 5.0)] == [1 / 5, 4 / 5, 4 / 5, 1.0]
    assert share_at_least([], 3.0) == share_at_most([], 3.0) == 1.0


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_accuses_nobody(value):
    assert share_at_least([0.0, 1.0], value) == 1.0
    assert share_at_most([0.0, 1.0], value) == share_at_most([0.0, 1.0], -value) == 1.0


def test_a_kind_that_is_exceeded_whole_does_not_say_how_far():
    assert share_of_kind([0.0, 5.0], [0.0, 1.0, 2.0, 3.0], 4.0) == pytest.approx(2 / 3)
    assert share_of_kind([0.0, 1.0], [0.0, 1.0, 2.0, 3.0], 4.0) == pytest.approx(1 / 5)


def test_the_share_is_at_most_the_target_as_often_as_promised():
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(2000):
        *references, new = rng.exponential(size=200)
        alarms += share_at_least(sorted(references), new) <= 0.05
    assert alarms / 2000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)
