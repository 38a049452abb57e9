"""How long work tells how far it is."""

from collections.abc import Callable

OnProgress = Callable[[int, int | None], None]
"""Told (done, total); the total is None where it is not known."""


def unwatched(done: int, total: int | None) -> None:
    """For work that nobody waits for."""
