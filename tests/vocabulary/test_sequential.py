"""How far a list is walked, and what lies beyond its end."""

import math

import numpy as np
import pytest
from scipy.stats import hypergeom

from detector.errors import UsageError
from detector.vocabulary.sequential import RecallEstimate, check_plan, finite_interval, random_sample, walk_end


def test_the_walk_ends_where_the_first_window_has_too_few() -> None:
    # Windows of 4: 1111 (4), 1110 (3), 1101 (3), 1010 (2), 0100 (1): half of 4 is 2, and 1 is below it.
    confirmed = [bool(int(digit)) for digit in "11110100"]
    assert walk_end(confirmed, window=4, least_share=0.5) == 8
    assert walk_end(confirmed[:7], window=4, least_share=0.5) is None


def test_nothing_confirmed_ends_the_walk_with_the_first_window_whatever_comes_later() -> None:
    assert walk_end([False] * 5 + [True] * 50, window=5, least_share=0.1) == 5


def test_a_share_that_is_just_reached_goes_on() -> None:
    assert walk_end([True] + [False] * 9, window=10, least_share=0.1) is None
    assert walk_end([True] + [False] * 10, window=10, least_share=0.1) == 11


def test_the_sample_has_no_token_twice_and_depends_on_the_seed_alone() -> None:
    rest = list(range(100, 200))
    drawn = random_sample(rest, 30, seed=1)
    assert len(set(drawn.tolist())) == 30
    assert set(drawn.tolist()) <= set(rest)
    assert drawn.tolist() == random_sample(rest, 30, seed=1).tolist()
    assert drawn.tolist() != random_sample(rest, 30, seed=2).tolist()
    assert sorted(random_sample(rest, 1000, seed=0).tolist()) == rest


def test_the_interval_is_what_counting_every_possible_draw_gives() -> None:
    # 1 of 2 drawn from 4: K may be 1, 2 or 3. P(1 drawn | K) = K (4 - K) / 6: 3/6, 4/6, 3/6. None is rare.
    assert finite_interval(1, 2, 4) == (1, 3)
    # 0 of 10 drawn from 100: P(0 | K) = C(100 - K, 10) / C(100, 10), above 0.025 up to K = 29.
    kept = [k for k in range(91) if math.comb(100 - k, 10) / math.comb(100, 10) > 0.025]
    assert finite_interval(0, 10, 100) == (0, kept[-1])


@pytest.mark.parametrize("population", [1, 7, 40])
def test_the_interval_holds_the_truth_at_least_95_times_in_100(population: int) -> None:
    drawn = max(1, population // 3)
    intervals = [finite_interval(hits, drawn, population) for hits in range(drawn + 1)]
    for truth in range(population + 1):
        covered = sum(
            hypergeom.pmf(hits, population, truth, drawn)
            for hits, (low, high) in enumerate(intervals)
            if low <= truth <= high
        )
        assert covered >= 0.95 - 1e-12


def test_a_whole_sample_leaves_no_doubt() -> None:
    estimate = RecallEstimate(walked=50, found=30, rest=20, sampled=20, sampled_confirmed=10)
    assert estimate.beyond == (10, 10)
    assert estimate.recall == pytest.approx(0.75)
    assert estimate.interval == pytest.approx((0.75, 0.75))


def test_recall_from_a_sample() -> None:
    # 1 of 10 from 100 makes 10 of 100: 40 / (40 + 10).
    estimate = RecallEstimate(walked=60, found=40, rest=100, sampled=10, sampled_confirmed=1)
    assert estimate.recall == pytest.approx(0.8)
    low, high = estimate.interval
    few, many = finite_interval(1, 10, 100)
    assert (low, high) == pytest.approx((40 / (40 + many), 40 / (40 + few)))
    assert low < 0.8 < high


def test_without_a_sample_or_without_finds_nothing_is_promised() -> None:
    assert np.isnan(RecallEstimate(walked=10, found=5, rest=90, sampled=0, sampled_confirmed=0).recall)
    assert RecallEstimate(walked=10, found=0, rest=90, sampled=5, sampled_confirmed=0).interval == (0.0, 1.0)
    assert RecallEstimate(walked=10, found=5, rest=0, sampled=0, sampled_confirmed=0).interval == (1.0, 1.0)
    assert RecallEstimate(10, 0, 90, 5, 0).to_dict()["recall"] is None


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"window": 0}, "window is 0"),
        ({"least_share": 0.0}, "share of confirmed tokens is 0"),
        ({"least_share": 1.5}, "at most 1"),
        ({"sample": -1}, "random sample is -1"),
        ({"most": 0}, "At most 0 tokens"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(plan: dict, words: str) -> None:
    allowed = {"window": 10, "least_share": 0.5, "sample": 5, "most": None}
    check_plan(**allowed)
    with pytest.raises(UsageError, match=words):
        check_plan(**(allowed | plan))
