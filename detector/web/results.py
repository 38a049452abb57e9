"""The pages of a result: progress, report, comparison, downloads, and forgetting it."""

import gzip
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from detector.errors import OutputError
from detector.records.result import Result
from detector.report.comparison import comparison_page
from detector.report.page import report_page
from detector.report.pdf import report_pdf
from detector.web.api import as_json
from detector.web.background import in_background
from detector.web.kept_results import Kept
from detector.web.outcomes import outcome_of
from detector.web.pages import render
from detector.web.problems import RequestError, forgotten, not_found

_REPORT_HEADERS = {"content-security-policy": "frame-ancestors 'none'"}
"""The report brings its own policy, with the hashes of its style and script; two policies would both hold."""


MOST_PDF_WORDS = 5000
"""A PDF of more takes minutes."""

_PRINT = "The browser's own print function gives the same pages."


@dataclass(frozen=True)
class Presented:
    """Finished results and their pages, compressed."""

    results: tuple[Result, ...]
    reports: tuple[bytes, ...]
    comparison: bytes | None
    """Where there are two texts."""


def present_pages(key: str, names: Sequence[str], found: list[Result]) -> Presented:
    """Pages with links to their neighbours under ``/results/key``."""
    reports = tuple(
        _packed(report_page(result, name=name, links=_report_links(key, number, result, len(found))))
        for number, (result, name) in enumerate(zip(found, names, strict=True), start=1)
    )
    comparison = None
    if len(found) == 2:
        links = [
            *_START,
            ("Report on the first text", f"/results/{key}/1"),
            ("Report on the second text", f"/results/{key}/2"),
            ("Download HTML", f"/results/{key}/comparison.html"),
            ("Download JSON", f"/results/{key}/results.jsonl"),
            ("Forget these texts", f"/results/{key}/forget"),
        ]
        first, second = found
        comparison = _packed(comparison_page(first, second, names=(names[0], names[1]), links=links))
    return Presented(tuple(found), reports, comparison)


_START = (("Another text", "/"), ("Compare two texts", "/compare"))


def _report_links(key: str, number: int, result: Result, of: int) -> list[tuple[str, str]]:
    page = f"/results/{key}/{number}"
    return [
        *(_START if of == 1 else (("Back to the comparison", f"/results/{key}"),)),
        ("Download HTML", f"{page}/report.html"),
        *([("Download PDF", f"{page}/report.pdf")] if _has_pdf(result) else []),
        ("Download JSON", f"{page}/result.json"),
        ("Forget this text" if of == 1 else "Forget these texts", f"/results/{key}/forget"),
    ]


def _packed(page: str) -> bytes:
    return gzip.compress(page.encode("utf-8", "backslashreplace"), compresslevel=1)


def _kept(request: Request) -> Kept:
    kept: Kept | None = request.app.state.kept.get(request.path_params["key"])
    if kept is None:
        raise forgotten()
    return kept


def _presented(request: Request) -> Presented:
    """What is finished; raises ``RequestError`` for what failed or is not there yet."""
    kept = _kept(request)
    if not kept.job.outcome.done():
        raise RequestError(
            409, "not_ready", "The text is still being scored; ask again in a moment.", {"retry-after": "1"}
        )
    presented: Presented = outcome_of(kept.job.outcome)
    return presented


def _numbered(request: Request) -> tuple[Result, str, bytes]:
    presented = _presented(request)
    number = request.path_params["number"]
    if not 1 <= number <= len(presented.results):
        raise not_found()
    return presented.results[number - 1], _kept(request).names[number - 1], presented.reports[number - 1]


async def show(request: Request) -> Response:
    """Progress while the texts are scored, then the report, or the comparison of two."""
    kept = _kept(request)
    if not kept.job.outcome.done():
        page = render("progress.html", key=request.path_params["key"], names=kept.names, state=_state(request, kept))
        return HTMLResponse(page)
    presented = _presented(request)
    return _page(request, presented.comparison or presented.reports[0])


async def show_report(request: Request) -> Response:
    """The report on one of the texts."""
    return _page(request, _numbered(request)[2])


def _page(request: Request, packed: bytes) -> Response:
    if "gzip" in request.headers.get("accept-encoding", ""):
        return HTMLResponse(packed, headers={**_REPORT_HEADERS, "content-encoding": "gzip", "vary": "accept-encoding"})
    return HTMLResponse(gzip.decompress(packed), headers=_REPORT_HEADERS)


async def state(request: Request) -> Response:
    """How far the scoring is, for the progress page's script."""
    return JSONResponse(_state(request, _kept(request)))


def _state(request: Request, kept: Kept) -> dict[str, object]:
    job = kept.job
    if job.outcome.done():
        return {"state": "done"}
    if job.is_waiting:
        return {"state": "waiting", "position": request.app.state.queue.position(job)}
    return {"state": "scoring", "share_scored": job.share_scored}


async def html(request: Request) -> Response:
    """The report as a file of its own, without the app's links."""
    result, name, _ = _numbered(request)
    page = await in_background(partial(report_page, result, name=name))
    return Response(page.encode("utf-8", "backslashreplace"), media_type="text/html", headers=_as_file(name, "html"))


def _has_pdf(result: Result) -> bool:
    return (result.n_words or 0) <= MOST_PDF_WORDS


async def pdf(request: Request) -> Response:
    """The same page for print."""
    result, name, _ = _numbered(request)

    def make() -> bytes:
        return report_pdf(report_page(result, name=name))

    if not _has_pdf(result):
        sentence = f"A PDF is made of at most {MOST_PDF_WORDS:,} words, for it takes long. {_PRINT}"
        raise RequestError(413, "too_long_for_pdf", sentence)
    making = request.app.state.one_pdf_at_a_time
    if making.locked():
        sentence = f"Another PDF is being made; try again in half a minute. {_PRINT}"
        raise RequestError(503, "busy", sentence, {"retry-after": "30"})
    async with making:
        try:
            content = await in_background(make)
        except OutputError as error:
            raise RequestError(501, "no_pdf", f"{error} {_PRINT}") from None
    return Response(content, media_type="application/pdf", headers=_as_file(name, "pdf"))


async def comparison_html(request: Request) -> Response:
    """The comparison as a file of its own."""
    results, names = _presented(request).results, _kept(request).names
    if len(results) != 2:
        raise not_found()
    page = await in_background(partial(comparison_page, *results, names=(names[0], names[1])))
    content = page.encode("utf-8", "backslashreplace")
    return Response(content, media_type="text/html", headers=_as_file("comparison", "html"))


async def json_record(request: Request) -> Response:
    """The record of ``detect --json``."""
    result, name, _ = _numbered(request)
    return Response(as_json(result.to_dict()), media_type="application/json", headers=_as_file(name, "json"))


async def json_lines(request: Request) -> Response:
    """The records of all texts, one a line."""
    lines = b"".join(as_json(result.to_dict()) + b"\n" for result in _presented(request).results)
    return Response(lines, media_type="application/x-ndjson", headers=_as_file("results", "jsonl"))


async def forget(request: Request) -> Response:
    """Asks, then drops the texts and their result from memory."""
    kept = _kept(request)
    key = request.path_params["key"]
    if request.method != "POST":
        return HTMLResponse(render("forget.html", key=key, names=kept.names))
    request.app.state.kept.forget(key)
    return RedirectResponse("/?forgotten", 303)


def _as_file(name: str, suffix: str) -> dict[str, str]:
    stem = name.rsplit(".", 1)[0] if "." in name[1:] else name
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:60] or "text"
    return {"content-disposition": f'attachment; filename="{safe}-report.{suffix}"'}
