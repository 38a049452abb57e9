from dataclasses import replace

import numpy as np
import pytest

from detector.verdict.features import FEATURE_NAMES
from detector.verdict.neighbours import Neighbours, places
from detector.verdict.register import REGISTER_COLUMNS, SECOND_REGISTER_COLUMNS, Register

N = len(REGISTER_COLUMNS)
REGISTER = Register([1.0] * N, [2.0] * N, [0.0] * N, 0.0, [0.0] * N, 0.0, [0.0, 0.0])


def features(places):
    rows = np.full((len(places), len(FEATURE_NAMES)), np.nan)
    rows[:, REGISTER_COLUMNS] = 1.0 + 2.0 * np.asarray(places)
    return rows


def test_distance_is_that_to_the_nth_nearest_point_in_scaled_coordinates():
    points = np.random.default_rng(0).normal(size=(20, N))
    asked = np.random.default_rng(1).normal(size=(3, N)) * 5  # beyond where coordinates are clipped for other ends
    for nth in (1, 5, 20):
        known = Neighbours(points.tolist(), [0.0] * 20, nth, 1.0, 3)
        found = [known.distance(place) for place in places([REGISTER], features(asked))]
        slow = [sorted(np.linalg.norm(points - place, axis=1))[nth - 1] for place in asked]
        assert found == pytest.approx(slow)


def test_coordinates_of_two_registers_stand_side_by_side():
    second = replace(REGISTER, scales=[4.0] * N, is_second=True)
    rows = features([np.arange(float(N))])
    rows[:, SECOND_REGISTER_COLUMNS] = 1.0 + np.arange(N)
    assert places([REGISTER, second], rows)[0] == pytest.approx([*range(N), *np.arange(N) / 4])


def test_a_score_is_compared_with_those_of_the_nearest_points():
    points = [[float(i)] + [0.0] * (N - 1) for i in range(10)]
    known = Neighbours(points, [float(i) for i in range(10)], 1, 1.0, n_nearest=4)
    place = np.zeros(N)  # the nearest are 0, 1, 2 and 3, and score as much
    for score, share in ((3.5, 1 / 5), (3.0, 2 / 5), (1.5, 3 / 5), (-1.0, 1.0)):
        assert known.share_at_least(place, score) == pytest.approx(share)
    few = Neighbours(points[:2], [0.0, 1.0], 1, 1.0, n_nearest=4)
    assert few.share_at_least(place, 0.5) == pytest.approx(2 / 3)
