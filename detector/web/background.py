"""Work that takes seconds, such as reading a long PDF, beside the event loop and without keeping the program alive."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Found = TypeVar("Found")

_AT_ONCE = 8
_room = threading.Semaphore(_AT_ONCE)


async def in_background(work: Callable[[], Found]) -> Found:
    """What ``work`` returns or raises, from a thread of its own.

    The thread is a daemon: the server ends when it is told to, whatever a file does to the program that reads it, where
    a pool's threads would be waited for. A few work at once; more wait.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Found] = loop.create_future()

    def settle(found: Found | None, error: BaseException | None) -> None:
        if outcome.done():  # nobody waits any more
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(found)  # type: ignore[arg-type]  # without an error it is what work gave

    def run() -> None:
        found, error = None, None
        with _room:
            try:
                found = work()
            except BaseException as problem:  # whoever waits is told, whatever it is
                error = problem
        with suppress(RuntimeError):  # the server has ended meanwhile
            loop.call_soon_threadsafe(settle, found, error)

    threading.Thread(target=run, name="background", daemon=True).start()
    return await outcome
