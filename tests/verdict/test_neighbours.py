import numpy as np
import pytest

from detector.verdict.features import FEATURE_NAMES
from detector.verdict.neighbours import Neighbours
from detector.verdict.register import REGISTER_COLUMNS, Register

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
        found = Neighbours(points.tolist(), nth, 1.0).distances(REGISTER, features(asked))
        slow = [sorted(np.linalg.norm(points - place, axis=1))[nth - 1] for place in asked]
        assert found == pytest.approx(slow)
