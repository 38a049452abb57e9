"""From a piece of work to its answer: putting it into the queue, waiting, and what went wrong as a ``RequestError``."""

import asyncio
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any

from starlette.requests import Request

from detector.errors import DetectorError
from detector.web.guard import report_failure
from detector.web.problems import RequestError, forgotten, unexpected
from detector.web.scoring_queue import (
    Job,
    Judge,
    Measure,
    QueueFullError,
    ScoringQueue,
    StoppedError,
    TimeLimitError,
)

_RETRY_SECONDS = 10


def _stopping() -> RequestError:
    return RequestError(
        503, "stopping", "The server is stopping. Start it again with detect serve and send the text anew."
    )


def _too_long() -> RequestError:
    return RequestError(
        503,
        "time_limit",
        "Scoring took longer than it may, so the text was dropped. Send a part of it, or start the server with a "
        "larger --max-seconds.",
    )


def submit(queue: ScoringQueue, work: Judge | Measure) -> Job:
    """Put work into the queue; raises ``RequestError`` 503 where there is no room."""
    try:
        return queue.submit(work)
    except QueueFullError:
        raise RequestError(
            503,
            "busy",
            f"Too many texts are waiting already. Try again in {_RETRY_SECONDS} seconds.",
            {"retry-after": str(_RETRY_SECONDS)},
        ) from None
    except StoppedError:
        raise _stopping() from None


async def wait_for(job: Job, request: Request) -> Any:
    """The job's outcome; a client that hangs up is waited for no longer, and its job is dropped."""
    scored = asyncio.wrap_future(job.outcome)
    gone = asyncio.create_task(_until_gone(request))
    try:
        await asyncio.wait({scored, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        if not scored.done():
            job.drop()
    if not scored.done():
        raise RequestError(400, "disconnected", "The connection ended before the result was there.")
    with suppress(asyncio.CancelledError):
        scored.exception()  # asked for here, so that asyncio does not complain that nobody did
    return outcome_of(job.outcome)


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def outcome_of(done: "Future[Any]") -> Any:
    """The outcome of a finished job, or ``RequestError``."""
    try:
        return done.result()
    except CancelledError:
        raise forgotten() from None
    except StoppedError:
        raise _stopping() from None
    except TimeLimitError:
        raise _too_long() from None
    except DetectorError as error:
        raise RequestError(422, "cannot_score", str(error)) from None
    except Exception as error:
        report_failure(error)
        raise unexpected() from None
