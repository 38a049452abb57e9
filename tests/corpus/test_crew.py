"""Which crew is kept, by a clock of our own."""

import pytest

from detector.corpus.crew import Crew


def run(workers, rate_of, batches=400, **options):
    """The crew after so many batches of 100 tokens, where so many workers together answer ``rate_of`` tokens/s."""
    now = [0.0]
    crew = Crew(workers, clock=lambda: now[0], **options)
    under_way = 0
    most_at_once = []
    for started in range(batches):
        under_way = max(under_way, crew.most_under_way)
        busy = min(under_way, crew.workers)
        most_at_once.append(busy)
        now[0] += 100 / rate_of(busy)
        under_way -= 1
        crew.answered(100, started < workers, under_way)
    return crew, most_at_once


def test_all_stay_where_each_adds_its_share():
    crew, busy = run(8, lambda n: 100.0 * n)
    assert crew.workers == 8
    assert crew.is_decided
    assert busy[-1] == 8
    assert 4 in busy, "half of them were tried"
    assert 2 not in busy


def test_half_stay_where_two_share_a_core():
    # Eight logical cores that are four: beyond four nothing is won; two are half as fast.
    crew, busy = run(8, lambda n: 100.0 * min(n, 4))
    assert crew.workers == 4
    assert busy[-1] == 4


def test_one_stays_where_others_only_slow_it_down():
    crew, _ = run(8, lambda n: 100.0 / n)
    assert crew.workers == 1
    assert crew.is_decided


@pytest.mark.parametrize(("workers", "options"), [(1, {}), (4, {"is_fixed": True})])
def test_a_number_that_was_given_is_kept_and_nothing_is_tried(workers, options):
    crew, busy = run(workers, lambda n: 100.0 / n, **options)
    assert crew.workers == workers
    assert set(busy) == {workers}


def test_a_run_that_is_over_while_models_load_loses_nothing():
    crew, busy = run(4, lambda n: 100.0, batches=6)
    assert crew.workers == 4
    assert set(busy) == {4}
