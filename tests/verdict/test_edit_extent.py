import numpy as np
import pytest

from detector.evaluation.edits import extent_of
from detector.verdict.edit_extent import LEAST_TOKENS, UNDECIDED, ExtentScale

SCALE = ExtentScale(borders=[0.25, 0.45, 0.9], half_width=0.3)


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (-0.4, "untouched"),
        (0.1, "untouched"),  # to 0.4: over one border, and the larger part lies before it
        (0.2, UNDECIDED),  # to 0.5, over two
        (0.5, UNDECIDED),
        (0.58, "heavily reworked"),  # from 0.28 to 0.88, over one
        (0.8, "heavily reworked"),
        (1.3, "machine-written"),
    ],
)
def test_a_word_for_every_reading(reading, words):
    extent = SCALE.read(np.full(LEAST_TOKENS, reading))
    assert extent.words == words
    assert extent.value == pytest.approx(min(1, max(0, reading)))
    low, high = extent.interval
    assert 0 <= low <= extent.value <= high <= 1


def test_an_interval_over_all_of_it_is_said_and_a_short_text_is_not_read():
    wide = ExtentScale(borders=[0.25, 0.45, 0.9], half_width=0.4)
    assert wide.read(np.full(LEAST_TOKENS, 0.55)).words == "not to be told apart"
    assert wide.read(np.full(LEAST_TOKENS - 1, 0.55)) is None


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
