"""How far a run over a corpus has come, and how long it will take."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["reading", "loading", "scoring", "counting", "reports", "page"]
STAGES: dict[Stage, str] = {
    "reading": "Reading",
    "loading": "Loading the model",
    "scoring": "Scoring",
    "counting": "Counting",
    "reports": "Reports",
    "page": "Summary and page",
}
"""What a run does, in order, in words for people; without new documents it neither loads nor scores."""
_SMOOTHING = 0.2
"""Weight of the latest forecast of the end; lower is steadier."""


@dataclass
class Progress:
    """How far a run has come."""

    stage: Stage = "reading"
    read: int = 0
    """Documents read from the source."""
    done_before: int = 0
    """Of those, with a row from an earlier run."""
    copies: int = 0
    """Of those, with the same text as another."""
    judged: int = 0
    """Documents judged in this run."""
    tokens: int = 0
    """Tokens scored in this run."""
    share_read: float | None = None
    """Share of the source that has been read; None where that cannot be known."""
    is_read: bool = False
    """Whether ``read`` is all there is."""
    seconds: float = 0.0
    store_seconds: float = 0.0
    """Of those, spent with parts and the ledger while documents were judged."""
    reports: int = 0
    """Reports written so far, and how many there will be."""
    reports_wanted: int = 0
    seconds_before_scoring: float = 0.0
    """Of ``seconds``, until the first documents were judged: the model was loaded in them."""
    judged_first: int = 0
    """Documents that were judged then."""

    @property
    def done(self) -> int:
        """Documents that have their row, or will get that of another."""
        return self.done_before + self.copies + self.judged

    @property
    def documents(self) -> int | None:
        """Documents of the source: exact once ``is_read``, before that by the share that has been read."""
        if self.is_read:
            return self.read
        return round(self.read / self.share_read) if self.share_read else None

    @property
    def documents_a_second(self) -> float | None:
        """Judged since the model was there; None before the second batch."""
        seconds = self.seconds - self.seconds_before_scoring
        after = self.judged - self.judged_first
        return after / seconds if after and seconds > 0 else None

    @property
    def tokens_a_second(self) -> float:
        """Over the whole time."""
        return self.tokens / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """Of scoring, at the present rate; None while nothing can be said."""
        if not self.share_read or not self.judged:
            return None
        wanted = max(1, self.read - self.done_before - self.copies)
        done, first = (self.share_read * n / wanted for n in (self.judged, self.judged_first))
        seconds = self.seconds - self.seconds_before_scoring
        if done <= first:  # one batch alone: the time of loading is in it
            return self.seconds * (1 - done) / done if done > 0 else None
        return max(0.0, seconds * (1 - done) / (done - first))


class Forecast:
    """A time left that runs down like a clock and does not jump: forecasts of the end, smoothed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end: float | None = None

    def update(self, seconds_left: float | None) -> None:
        """Take in a new forecast."""
        if seconds_left is None:
            return
        end = self._clock() + seconds_left
        self._end = end if self._end is None else (1 - _SMOOTHING) * self._end + _SMOOTHING * end

    @property
    def seconds_left(self) -> float | None:
        """Now; None before the first forecast."""
        return None if self._end is None else max(0.0, self._end - self._clock())


def describe(progress: Progress, seconds_left: float | None = None) -> str:
    """How far the present stage is, in a line; ``seconds_left`` stands in place of the progress' own forecast."""
    if progress.stage == "reports":
        return f"{progress.reports:,} of {progress.reports_wanted:,}"
    if progress.stage in ("counting", "page"):
        return f"{progress.done:,} documents"
    total = progress.documents
    of = "" if total is None else f" of {total:,}" if progress.is_read else f" of about {total:,}"
    rate = progress.documents_a_second if progress.stage == "scoring" else None
    parts = [f"{progress.done:,}{of}{' documents' if rate is None else f' · {rate:,.1f} documents/s'}"]
    if progress.stage == "scoring":
        left = progress.seconds_left if seconds_left is None else seconds_left
        if left is not None:
            parts.append(f"{clock_of(left)} left")
    return " · ".join(parts)


def clock_of(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> clock_of(3725.9)
    '1:02:05'
    """
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


OnRunProgress = Callable[[Progress], None]
"""Told whenever something has been done; always the same object, with other numbers."""
