"""How far a run over a corpus has come, and how long it will take."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Progress:
    """How far a run has come."""

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
    seconds: float = 0.0
    store_seconds: float = 0.0
    """Of those, spent with parts and the ledger while documents were judged."""
    reports: int = 0
    """Reports written so far, and how many there will be."""
    reports_wanted: int = 0

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None while nothing can be said."""
        if not self.share_read or not self.judged:
            return None
        wanted = self.read - self.done_before - self.copies
        done = self.share_read * self.judged / max(1, wanted)
        return self.seconds * (1 - done) / done if done > 0 else None


OnRunProgress = Callable[[Progress], None]
"""Told whenever something has been done; always the same object, with other numbers."""
