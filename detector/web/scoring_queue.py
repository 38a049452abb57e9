"""One model, many requests: a bounded queue whose worker scores waiting texts together.

Requests put ``Judge`` or ``Measure`` into the queue and wait for the ``Job``'s outcome. A single
thread takes jobs of one kind from the head of the queue, as many as fit ``GROUP_CHARACTERS``, and
gives their texts to the model at once. If that fails they are scored again one by one, so that a
text that cannot be scored fails alone.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from detector.documents.reading import SourceText
from detector.records.result import Result
from detector.records.token_scores import TokenScores
from detector.scoring.engine import score_texts
from detector.verdict.detector import Detector

GROUP_CHARACTERS = 20_000
"""Scored together at most, so that a short text never waits for its neighbours' long ones; a longer text goes alone."""

_JOIN_SECONDS = 2.0


class QueueFullError(Exception):
    """As many requests wait as may wait."""


class TimeLimitError(Exception):
    """Scoring took longer than it may."""


class StoppedError(Exception):
    """The server is stopping, or nobody waits for the result any more."""


@dataclass(frozen=True)
class Judge:
    """Verdicts on texts; ``present`` makes what is handed out of the results, in the worker's thread."""

    texts: tuple[SourceText, ...]
    present: Callable[[list[Result]], Any]

    @property
    def n_characters(self) -> int:
        """Of all its texts."""
        return sum(len(source.text) for source in self.texts)

    @property
    def n_texts(self) -> int:
        """How often the time for one text it may take."""
        return max(1, len(self.texts))


@dataclass(frozen=True)
class Measure:
    """Token scores of one text with ``top`` alternatives each."""

    text: str
    top: int
    present: Callable[[TokenScores], Any]

    @property
    def n_characters(self) -> int:
        """Of its text."""
        return len(self.text)

    @property
    def n_texts(self) -> int:
        """It is one."""
        return 1


class Job:
    """A piece of work on its way through the queue."""

    def __init__(self, work: Judge | Measure) -> None:
        self.work = work
        self.outcome: Future[Any] = Future()
        """What ``present`` returned, or what went wrong."""
        self.share_scored = 0.0
        """Of the tokens that are scored together, 0 to 1."""
        self.is_dropped = False

    @property
    def is_waiting(self) -> bool:
        """True until the worker takes it."""
        return not (self.outcome.running() or self.outcome.done())

    def drop(self) -> None:
        """Nobody waits for the outcome any more."""
        self.is_dropped = True
        self.outcome.cancel()


class ScoringQueue:
    """The worker thread starts at once and ends with ``close``."""

    def __init__(self, detector: Detector, most_waiting: int, seconds: float) -> None:
        self._detector = detector
        self._most_waiting = most_waiting
        self._seconds = seconds
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._worker = threading.Thread(target=self._run, name="scoring", daemon=True)
        self._worker.start()

    def submit(self, work: Judge | Measure) -> Job:
        """Put work at the end of the queue; raises ``QueueFullError`` or, after ``close``, ``StoppedError``."""
        job = Job(work)
        with self._changed:
            if self._is_closed:
                raise StoppedError
            self._forget_dropped()
            if len(self._waiting) >= self._most_waiting:
                raise QueueFullError
            self._waiting.append(job)
            self._changed.notify()
        return job

    def position(self, job: Job) -> int:
        """Jobs before it in the queue, itself included; 0 if it does not wait."""
        with self._changed:
            self._forget_dropped()
            return self._waiting.index(job) + 1 if job in self._waiting else 0

    @property
    def n_waiting(self) -> int:
        """Jobs in the queue."""
        with self._changed:
            self._forget_dropped()
            return len(self._waiting)

    def close(self) -> None:
        """Refuse new work, end what is being scored at the next batch, and tell everyone who waits."""
        with self._changed:
            self._is_closed = True
            abandoned = list(self._waiting)
            self._waiting.clear()
            self._changed.notify()
        for job in abandoned:
            _fail(job, StoppedError())

    def join(self) -> None:
        """Wait for the worker's end, for a few seconds at most."""
        self._worker.join(_JOIN_SECONDS)

    def _forget_dropped(self) -> None:
        self._waiting = deque(job for job in self._waiting if not job.is_dropped)

    def _run(self) -> None:
        while jobs := self._take():
            self._score([job for job in jobs if job.outcome.set_running_or_notify_cancel()])

    def _take(self) -> list[Job]:
        """The first job and those behind it that are scored with it; empty after ``close``."""
        with self._changed:
            while not self._waiting and not self._is_closed:
                self._changed.wait()
            taken: list[Job] = []
            room = GROUP_CHARACTERS
            while self._waiting and (not taken or self._fits(taken[0], room)):
                taken.append(self._waiting.popleft())
                room -= taken[-1].work.n_characters
            return taken

    def _fits(self, first: Job, room: int) -> bool:
        following = self._waiting[0].work
        return type(following) is type(first.work) and following.n_characters <= room

    def _score(self, jobs: list[Job]) -> None:
        if not jobs:
            return
        deadline = time.monotonic() + self._seconds * max(job.work.n_texts for job in jobs)

        def on_progress(done: int, total: int) -> None:
            for job in jobs:
                job.share_scored = done / total
            if self._is_closed or all(job.is_dropped for job in jobs):
                raise StoppedError
            if time.monotonic() > deadline:
                raise TimeLimitError

        try:
            scored = score_together(self._detector, [job.work for job in jobs], on_progress)
        except Exception as error:  # whatever it is, the worker lives on
            if len(jobs) == 1 or isinstance(error, StoppedError):
                for job in jobs:
                    _fail(job, error)
            else:
                for job in jobs:
                    self._score([job])
            return
        for job, found in zip(jobs, scored, strict=True):
            try:
                job.outcome.set_result(job.work.present(found))
            except Exception as error:  # one job's failure is its own
                _fail(job, error)


def _fail(job: Job, error: Exception) -> None:
    if not job.outcome.cancelled():
        job.outcome.set_exception(error)


def with_unread(sent: Sequence[SourceText | Result], found: Sequence[Result]) -> list[Result]:
    """The results of the texts among ``sent``, and in their places those of files that could not be read."""
    judged = iter(found)
    return [next(judged) if isinstance(one, SourceText) else one for one in sent]


def score_together(
    detector: Detector, works: Sequence[Judge | Measure], on_progress: Callable[[int, int], None]
) -> list[Any]:
    """What each of ``works``, all of one kind, is to present: a list of results, or token scores."""
    if isinstance(works[0], Judge):
        groups = [work.texts for work in works if isinstance(work, Judge)]
        stream = detector.detect_stream(
            ((s.id, s.path, s.text, s.warnings) for group in groups for s in group), on_progress
        )
        return [[next(stream) for _ in group] for group in groups]
    measures = [work for work in works if isinstance(work, Measure)]
    most = max(work.top for work in measures)
    texts = [work.text for work in measures]
    scored = score_texts(detector.language_model, texts, top_k=most, on_progress=on_progress)
    return [_with_alternatives(scores, work.top) for work, scores in zip(measures, scored, strict=True)]


def _with_alternatives(scores: TokenScores, top: int) -> TokenScores:
    return replace(scores, top_ids=scores.top_ids[:, :top], top_log_prob_nats=scores.top_log_prob_nats[:, :top])
