"""The pages of a result: progress, report, comparison or set, and forgetting it; ``downloads.py`` hands out files."""

import gzip

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from detector.records.result import Result
from detector.web.kept_results import Kept
from detector.web.outcomes import outcome_of
from detector.web.pages import render
from detector.web.presented import Presented
from detector.web.problems import RequestError, forgotten, not_found

REPORT_HEADERS = {"content-security-policy": "frame-ancestors 'none'"}
"""The report brings its own policy, with the hashes of its style and script; two policies would both hold."""


def kept_of(request: Request) -> Kept:
    """What is kept under the key of the address; raises ``RequestError`` where it is forgotten."""
    kept: Kept | None = request.app.state.kept.get(request.path_params["key"])
    if kept is None:
        raise forgotten()
    return kept


def presented_of(request: Request) -> Presented:
    """What is finished; raises ``RequestError`` for what failed or is not there yet."""
    kept = kept_of(request)
    if not kept.job.outcome.done():
        raise RequestError(
            409, "not_ready", "The text is still being scored; ask again in a moment.", {"retry-after": "1"}
        )
    presented: Presented = outcome_of(kept.job.outcome)
    return presented


def numbered(request: Request) -> tuple[Result, str, bytes]:
    """Result, name and page of the text whose number is in the address."""
    presented = presented_of(request)
    number = request.path_params["number"]
    if not 1 <= number <= len(presented.results):
        raise not_found()
    return presented.results[number - 1], kept_of(request).names[number - 1], presented.reports[number - 1]


async def show(request: Request) -> Response:
    """Progress while the texts are scored, then the report, the comparison of two, or the index of a set."""
    kept = kept_of(request)
    if not kept.job.outcome.done():
        page = render("progress.html", key=request.path_params["key"], names=kept.names, state=_state(request, kept))
        return HTMLResponse(page)
    return _page(request, presented_of(request).overview)


async def show_report(request: Request) -> Response:
    """The report on one of the texts."""
    return _page(request, numbered(request)[2])


def _page(request: Request, packed: bytes) -> Response:
    if "gzip" in request.headers.get("accept-encoding", ""):
        return HTMLResponse(packed, headers={**REPORT_HEADERS, "content-encoding": "gzip", "vary": "accept-encoding"})
    return HTMLResponse(gzip.decompress(packed), headers=REPORT_HEADERS)


async def state(request: Request) -> Response:
    """How far the scoring is, for the progress page's script."""
    return JSONResponse(_state(request, kept_of(request)))


def _state(request: Request, kept: Kept) -> dict[str, object]:
    job = kept.job
    if job.outcome.done():
        return {"state": "done"}
    if job.is_waiting:
        return {"state": "waiting", "position": request.app.state.queue.position(job)}
    return {"state": "scoring", "share_scored": job.share_scored}


async def forget(request: Request) -> Response:
    """Asks, then drops the texts and their result from memory."""
    kept = kept_of(request)
    key = request.path_params["key"]
    if request.method != "POST":
        return HTMLResponse(render("forget.html", key=key, names=kept.names))
    request.app.state.kept.forget(key)
    return RedirectResponse("/?forgotten", 303)
