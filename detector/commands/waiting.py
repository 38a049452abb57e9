"""What is being done and how far it is, in a line on standard error while someone is waiting there.

It says so at once, before the libraries that take seconds are loaded, and its clock goes on while they are. Results
that go to the same terminal are written in its place.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress


class StatusLine:
    """Told (done, total) as it is called; it shows itself then, and goes away where results take its place."""

    def __init__(self, words: str, is_hidden: bool) -> None:
        self._words, self._is_hidden = words, is_hidden
        self._bar: Progress | None = None
        self._task: Any = None

    def __call__(self, done: int, total: int | None) -> None:
        """Show how far it is; the total is None where it is not known."""
        self.show()
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)

    def show(self) -> None:
        """Show the line if it is not there."""
        if self._is_hidden:
            return
        if self._bar is None:
            self._bar = _bar()
            self._task = self._bar.add_task(self._words, total=None)
        self._bar.start()

    def hide(self) -> None:
        """Take the line away, until it is told something again."""
        if self._bar is not None:
            self._bar.stop()


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn("line"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        refresh_per_second=5,
        redirect_stdout=False,  # rich would send the results to where the bar is
    )


@contextmanager
def progress_bar(words: str, quiet: bool) -> Iterator[StatusLine]:
    """A line that says what is done and is told (done, total), where someone is looking at standard error."""
    line = StatusLine(words, is_hidden=quiet or not is_watched())
    line.show()
    try:
        yield line
    finally:
        line.hide()


@contextmanager
def loading(model: str, quiet: bool) -> Iterator[None]:
    """A line that says which model is being loaded, which takes seconds."""
    from detector.models.catalogue import resolve_name

    with progress_bar(f"Loading the model {resolve_name(model)}", quiet):
        yield


def is_watched() -> bool:
    """Whether standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()
