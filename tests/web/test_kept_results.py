"""Few results, for a short time, under ids nobody guesses."""

from detector.web.kept_results import KeptResults
from detector.web.scoring_queue import Job, Judge


def make_job():
    return Job(Judge((), list))


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_kept_until_nobody_asked_for_long():
    clock = Clock()
    kept = KeptResults(most=5, seconds=60, clock=clock)
    asked, unasked = make_job(), make_job()
    kept.keep("asked", asked, ("a",))
    kept.keep("unasked", unasked, ("b",))
    clock.now = 40
    assert kept.get("asked").job is asked
    clock.now = 60
    kept.sweep()
    assert len(kept) == 1
    assert kept.get("unasked") is None
    assert unasked.is_dropped
    clock.now = 99
    assert kept.get("asked").names == ("a",)
    clock.now = 159
    assert kept.get("asked") is None


def test_the_longest_unasked_makes_room():
    kept = KeptResults(most=2, seconds=60, clock=Clock())
    kept.keep("1", make_job(), ())
    kept.keep("2", make_job(), ())
    kept.get("1")
    kept.keep("3", make_job(), ())
    assert [kept.get(key) is not None for key in "123"] == [True, False, True]


def test_forgotten_at_once_when_asked():
    kept = KeptResults(most=2, seconds=60, clock=Clock())
    job = make_job()
    kept.keep("1", job, ())
    kept.forget("1")
    kept.forget("never was")
    assert kept.get("1") is None
    assert job.is_dropped


def test_ids_are_long_and_all_different():
    keys = {KeptResults.new_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert min(map(len, keys)) >= 24  # 18 random bytes
