import numpy as np
import pytest

from detector.evaluation.edits import extent_of
from detector.records.result import EXTENT_WORDS
from detector.verdict.edit_extent import HEAVY, LEAST_TOKENS, ExtentScale
from detector.verdict.features import N_EDIT_OUTPUTS, N_EDIT_UNITS

WIDTH = N_EDIT_OUTPUTS + N_EDIT_UNITS
UNREAD = [[0.0] * N_EDIT_UNITS for _ in range(N_EDIT_OUTPUTS)]
SCALE = ExtentScale(weights=UNREAD, half_width=0.3)


def readings(if_edited: float, own: float, free: float, n: int = LEAST_TOKENS) -> np.ndarray:
    """The same of every token; the units are below 0, and so count for nothing."""
    rows = np.full((n, WIDTH), -1.0)
    rows[:, :N_EDIT_OUTPUTS] = if_edited, own, free
    return rows


@pytest.mark.parametrize(
    ("if_edited", "own", "free", "words", "value"),
    [
        (0.5, np.log(18), np.log(1), "untouched", 1 / 20 + 0.5 / 20),
        (0.3, np.log(0.1), np.log(0.1), "lightly edited", (0.3 + 0.1) / 1.2),
        (0.7, np.log(0.1), np.log(0.1), "heavily reworked", (0.7 + 0.1) / 1.2),
        (0.7, np.log(0.5), np.log(8.5), "machine-written", (0.7 + 8.5) / 10),
        (0.7, 0.0, 0.0, "not to be told apart", (0.7 + 1) / 3),
        (-5.0, -50.0, -50.0, "lightly edited", 0.1),  # an edited text has more than a tenth of it
        (5.0, -50.0, -50.0, "heavily reworked", 1.0),
    ],
)
def test_a_word_for_every_reading(if_edited, own, free, words, value):
    extent = SCALE.read(readings(if_edited, own, free))
    assert extent.words == words
    assert extent.words in EXTENT_WORDS
    assert extent.value == pytest.approx(value)
    low, high = extent.interval
    assert (low, high) == pytest.approx((max(0, value - 0.3), min(1, value + 0.3)))


def test_light_ends_where_heavy_begins():
    assert SCALE.read(readings(HEAVY - 1e-6, -50.0, -50.0)).words == "lightly edited"
    assert SCALE.read(readings(HEAVY, -50.0, -50.0)).words == "heavily reworked"


def test_a_short_text_is_not_read():
    assert SCALE.read(readings(0.5, 0.0, 0.0, LEAST_TOKENS - 1)) is None


def test_units_count_by_their_means_over_the_text_where_these_are_above_0():
    weights = [[0.0] * N_EDIT_UNITS for _ in range(N_EDIT_OUTPUTS)]
    weights[2][0], weights[2][1] = 1.0, 1.0
    scale = ExtentScale(weights, 0.3)
    rows = readings(0.5, -50.0, 0.0)
    rows[::2, N_EDIT_OUTPUTS] = 7.0  # mean 3, though every other token is at -1
    rows[::2, N_EDIT_OUTPUTS + 1] = 0.5  # mean below 0
    assert scale.read(rows).value == pytest.approx((np.exp(3) + 0.5) / (np.exp(3) + 1))


def slow_distance(left: list[str], right: list[str]) -> int:
    if not left or not right:
        return len(left) + len(right)
    return min(
        slow_distance(left[:-1], right) + 1,
        slow_distance(left, right[:-1]) + 1,
        slow_distance(left[:-1], right[:-1]) + (left[-1] != right[-1]),
    )


def test_extent_is_the_edit_distance_in_words():
    rng = np.random.default_rng(0)
    for _ in range(30):
        left, right = (list(rng.choice(list("abc"), rng.integers(1, 6))) for _ in range(2))
        assert extent_of(" ".join(left), " ".join(right)) == slow_distance(left, right) / max(len(left), len(right))
    assert extent_of("", "") == 0
    assert extent_of("a b", "") == 1
