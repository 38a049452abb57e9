"""Waiting texts are scored together, and what happens to one happens to it alone."""

import threading
from concurrent.futures import CancelledError

import numpy as np
import pytest

from detector import InputError
from detector.documents.reading import SourceText
from detector.scoring import score_texts
from detector.web.scoring_queue import (
    GROUP_CHARACTERS,
    Judge,
    Measure,
    QueueFullError,
    ScoringQueue,
    StoppedError,
    TimeLimitError,
)
from tests.web.conftest import LONG, HeldDetector

WAIT = 30
SHORT = "The boats were gone."  # gets no verdict, so that the model is left alone


def judge_of(text, id="text", present=lambda results: results):
    return Judge((SourceText(id, None, text),), present)


@pytest.fixture
def queue(judge):
    queue = ScoringQueue(judge, most_waiting=10, seconds=60)
    yield queue
    queue.close()
    queue.join()


@pytest.fixture
def held_queue(held):
    queue = ScoringQueue(held, most_waiting=10, seconds=60)
    yield queue
    held.may_go_on.set()
    queue.close()
    queue.join()


def test_the_outcome_is_what_the_detector_says(queue, judge):
    [result] = queue.submit(judge_of(LONG)).outcome.result(WAIT)
    assert result.to_dict() == judge.detect(LONG).to_dict()


def test_two_texts_of_one_request_stay_in_order(queue):
    work = Judge((SourceText("a", None, LONG), SourceText("b", None, "too short")), lambda found: found)
    assert [result.id for result in queue.submit(work).outcome.result(WAIT)] == ["a", "b"]


def test_waiting_texts_are_scored_together_in_order(held_queue, held):
    first = held_queue.submit(judge_of(SHORT, "0"))
    assert held.has_begun.wait(WAIT)
    jobs = [held_queue.submit(judge_of(SHORT, str(i))) for i in range(1, 6)]
    assert [held_queue.position(job) for job in jobs] == [1, 2, 3, 4, 5]
    assert held_queue.position(first) == 0
    assert not first.is_waiting
    held.may_go_on.set()
    assert [job.outcome.result(WAIT)[0].id for job in jobs] == ["1", "2", "3", "4", "5"]
    assert held.groups == [["0"], ["1", "2", "3", "4", "5"]]


def test_a_group_holds_no_more_characters_than_it_may(held_queue, held):
    held_queue.submit(judge_of(SHORT, "first"))
    assert held.has_begun.wait(WAIT)
    half = SHORT + " " * (GROUP_CHARACTERS // 2 - len(SHORT))
    jobs = [held_queue.submit(judge_of(text, str(i))) for i, text in enumerate([half, half, SHORT, half * 3, SHORT])]
    held.may_go_on.set()
    for job in jobs:
        job.outcome.result(WAIT)
    # two halves fill a group; the third text goes alone, for the long one after it does not fit, and so does that
    assert held.groups == [["first"], ["0", "1"], ["2"], ["3"], ["4"]]


def test_token_scores_in_company_are_those_alone(queue, tiny):
    wanted = [(LONG, 3), ("The boats were gone.", 0), (LONG[:90], 1)]
    jobs = [queue.submit(Measure(text, top, lambda scores: scores)) for text, top in wanted]
    for job, (text, top) in zip(jobs, wanted, strict=True):
        scores = job.outcome.result(WAIT)
        [alone] = score_texts(tiny, [text], top_k=top)
        assert scores.top_ids.shape == alone.top_ids.shape
        assert np.array_equal(scores.top_ids, alone.top_ids)
        assert np.allclose(scores.log_prob_nats, alone.log_prob_nats, atol=1e-4)


def test_a_full_queue_refuses_and_takes_again_later(held_queue, held):
    held_queue.submit(judge_of(SHORT))
    assert held.has_begun.wait(WAIT)
    jobs = [held_queue.submit(judge_of(SHORT)) for _ in range(10)]
    with pytest.raises(QueueFullError):
        held_queue.submit(judge_of(SHORT))
    jobs[3].drop()  # its place is free at once
    jobs.append(held_queue.submit(judge_of(SHORT)))
    held.may_go_on.set()
    assert all(job.outcome.result(WAIT) for job in jobs if not job.is_dropped)
    with pytest.raises(CancelledError):
        jobs[3].outcome.result(WAIT)


class FailingDetector:
    """Cannot score a text of the id ``bad``."""

    def __init__(self, detector, error):
        self._detector, self._error = detector, error
        self.language_model = detector.language_model

    def detect_stream(self, sources, on_progress=None):
        sources = list(sources)
        if any(source[0] == "bad" for source in sources):
            raise self._error
        yield from self._detector.detect_stream(sources, on_progress)


@pytest.mark.parametrize("error", [InputError("a sentence"), RuntimeError("a defect"), MemoryError()])
def test_a_text_that_cannot_be_scored_fails_alone(judge, error):
    held = HeldDetector(FailingDetector(judge, error))
    queue = ScoringQueue(held, most_waiting=10, seconds=60)
    queue.submit(judge_of(SHORT))
    assert held.has_begun.wait(WAIT)
    jobs = {name: queue.submit(judge_of(SHORT, name)) for name in ("good", "bad", "better")}
    held.may_go_on.set()
    assert jobs["good"].outcome.result(WAIT)[0].id == "good"
    assert jobs["better"].outcome.result(WAIT)[0].id == "better"
    with pytest.raises(type(error)):
        jobs["bad"].outcome.result(WAIT)
    assert held.groups[1] == ["good", "bad", "better"]  # they were together at first
    queue.close()
    queue.join()


def test_what_cannot_be_presented_fails_alone(held_queue, held):
    def broken(results):
        raise RuntimeError("no page")

    held_queue.submit(judge_of(SHORT))
    assert held.has_begun.wait(WAIT)
    bad, good = held_queue.submit(judge_of(SHORT, present=broken)), held_queue.submit(judge_of(SHORT))
    held.may_go_on.set()
    with pytest.raises(RuntimeError, match="no page"):
        bad.outcome.result(WAIT)
    assert good.outcome.result(WAIT)


def test_the_share_scored_rises_to_one(judge):
    shares = []

    class Watched:
        language_model = judge.language_model

        def detect_stream(self, sources, on_progress=None):
            def watched(done, total):
                on_progress(done, total)
                shares.append(job_seen[0].share_scored)

            return judge.detect_stream(sources, watched)

    job_seen = []
    ready = threading.Event()

    class Late(Watched):
        def detect_stream(self, sources, on_progress=None):
            assert ready.wait(WAIT)
            return super().detect_stream(sources, on_progress)

    queue = ScoringQueue(Late(), most_waiting=3, seconds=60)
    job_seen.append(queue.submit(judge_of(LONG * 12)))
    assert job_seen[0].share_scored == 0
    ready.set()
    job_seen[0].outcome.result(WAIT)
    queue.close()
    queue.join()
    assert len(shares) > 2
    assert shares == sorted(set(shares))
    assert shares[-1] == 1


def test_scoring_ends_at_the_time_limit(judge):
    queue = ScoringQueue(judge, most_waiting=3, seconds=0)
    with pytest.raises(TimeLimitError):
        queue.submit(judge_of(LONG)).outcome.result(WAIT)
    assert queue.submit(judge_of("too short")).outcome.result(WAIT)  # the worker lives on
    queue.close()
    queue.join()


def test_closing_tells_everyone_who_waits(held_queue, held):
    jobs = [held_queue.submit(judge_of(LONG))]
    assert held.has_begun.wait(WAIT)
    jobs += [held_queue.submit(judge_of(LONG)) for _ in range(3)]
    held_queue.close()
    held.may_go_on.set()
    for job in jobs:
        with pytest.raises(StoppedError):
            job.outcome.result(WAIT)
    with pytest.raises(StoppedError):
        held_queue.submit(judge_of(LONG))


def test_what_nobody_waits_for_is_not_scored_to_the_end(held_queue, held):
    job = held_queue.submit(judge_of(LONG))
    assert held.has_begun.wait(WAIT)
    job.drop()
    held.may_go_on.set()
    with pytest.raises(StoppedError):
        job.outcome.result(WAIT)
