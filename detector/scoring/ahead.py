"""An iterator that works on in a thread of its own while what it gave is used."""

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T], most: int = 1) -> Iterator[T]:
    """The same items in the same order, up to ``most`` of them made before they are asked for.

    Worth it where the thread mostly waits for a device or runs outside Python's lock. What ``items`` raises is
    raised here, after the items before it. Closing this iterator ends the thread at its next item.
    """
    made: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue()
    room = threading.Semaphore(most)
    is_closed = threading.Event()

    def work() -> None:
        try:
            while room.acquire() and not is_closed.is_set():
                made.put((next(items), None, False))
        except StopIteration:
            made.put((None, None, True))
        except BaseException as error:  # whatever it is, it belongs to whoever asks for the next item
            made.put((None, error, True))

    threading.Thread(target=work, daemon=True).start()
    try:
        while True:
            item, error, is_over = made.get()
            if error is not None:
                raise error
            if is_over:
                return
            room.release()
            yield item  # type: ignore[misc]  # T may be optional itself, so None cannot be told apart by type
    finally:
        is_closed.set()
        room.release()
