from dataclasses import replace

import numpy as np
import pytest

from detector.verdict.features import FEATURE_NAMES
from detector.verdict.neighbours import PRIOR, Neighbours, places
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
        known = Neighbours(points.tolist(), [0.0] * 20, nth, 1.0, [3])
        found = [known.distance(place) for place in places([REGISTER], features(asked))]
        slow = [sorted(np.linalg.norm(points - place, axis=1))[nth - 1] for place in asked]
        assert found == pytest.approx(slow)


def test_coordinates_of_two_registers_stand_side_by_side():
    second = replace(REGISTER, scales=[4.0] * N, is_second=True)
    rows = features([np.arange(float(N))])
    rows[:, SECOND_REGISTER_COLUMNS] = 1.0 + np.arange(N)
    assert places([REGISTER, second], rows)[0] == pytest.approx([*range(N), *np.arange(N) / 4])


def test_a_standing_by_hand():
    points = [[float(i)] + [0.0] * (N - 1) for i in range(6)]
    known = Neighbours(points, [0.0, 2.0, 1.0, 3.0, 9.0, 9.0], 1, 1.0, sizes=[2, 4])
    place = np.zeros(N)
    # The two nearest score 0 and 2: mean 1, variance 1; all score 4 on average, with variance 80 / 6.
    two = (3.0 - 1.0) / np.sqrt((2 * 1.0 + PRIOR * 80 / 6) / (2 + PRIOR))
    # The four nearest score 0, 2, 1 and 3: mean 1.5, variance 1.25.
    four = (3.0 - 1.5) / np.sqrt((4 * 1.25 + PRIOR * 80 / 6) / (4 + PRIOR))
    assert known.standings(place, 3.0) == pytest.approx([two, four])


def test_standings_are_those_of_a_plain_sort():
    rng = np.random.default_rng(2)
    points, scores, place = rng.normal(size=(60, N)).round(1), rng.normal(size=60), rng.normal(size=N)
    known = Neighbours(points.tolist(), scores.tolist(), 1, 1.0, sizes=[1, 7, 60, 500])
    order = sorted(range(60), key=lambda i: (sum((a - b) ** 2 for a, b in zip(points[i], place, strict=True)), i))
    for size, found in zip((1, 7, 60, 60), known.standings(place, 0.7), strict=True):
        near = scores[order[:size]]
        spread = np.sqrt((size * near.var() + PRIOR * scores.var()) / (size + PRIOR))
        assert found == pytest.approx((0.7 - near.mean()) / spread)


def test_a_standing_does_not_change_where_all_scores_move_or_stretch():
    rng = np.random.default_rng(3)
    points, scores, place = rng.normal(size=(40, N)).tolist(), rng.normal(size=40), np.zeros(N)
    plain = Neighbours(points, scores.tolist(), 1, 1.0, [5, 15]).standings(place, 1.0)
    moved = Neighbours(points, (scores * 3 + 7).tolist(), 1, 1.0, [5, 15]).standings(place, 1.0 * 3 + 7)
    assert moved == pytest.approx(plain)


def test_references_that_all_score_alike_give_no_infinite_standing():
    known = Neighbours([[0.0] * N] * 5, [2.0] * 5, 1, 1.0, [3])
    assert np.isfinite(known.standings(np.zeros(N), 5.0)).all()
    assert known.standings(np.zeros(N), 2.0).tolist() == [0.0]
