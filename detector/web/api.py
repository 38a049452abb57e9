"""The HTTP interface for programs: verdicts, comparisons and reports of texts or files, and scores of tokens."""

from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from detector.documents.folding import mend
from detector.documents.reading import SourceText
from detector.records.result import Result
from detector.records.token_scores import TokenScores
from detector.report.comparison_record import comparison_record
from detector.report.page import report_page
from detector.report.tokens.scores import to_record
from detector.report.visible import plain_visible
from detector.web.answers import as_json
from detector.web.api_bodies import Sent, one_or_more, one_text, two_texts
from detector.web.background import in_background
from detector.web.downloads import as_file, pdf_of
from detector.web.examples import examples
from detector.web.openapi import description
from detector.web.outcomes import submit, wait_for
from detector.web.pages import render
from detector.web.problems import RequestError
from detector.web.results import REPORT_HEADERS
from detector.web.scoring_queue import Judge, Measure, with_unread

MOST_ALTERNATIVES = 20
DEFAULT_ALTERNATIVES = 5
_JSON = "application/json"


async def detect(request: Request) -> Response:
    """The verdict on one text, or on each of several."""
    sent = await one_or_more(request, request.app.state.limits)

    def present(found: list[Result]) -> bytes:
        records = [result.to_dict() for result in with_unread(sent.texts, found)]
        return as_json({"results": records} if sent.is_list else records[0])

    return Response(await _judged(request, sent, present), media_type=_JSON)


async def compare(request: Request) -> Response:
    """The verdicts on two texts, and their statistics side by side."""
    sent = await two_texts(request, request.app.state.limits)
    return Response(await _judged(request, sent, lambda found: as_json(comparison_record(*found))), media_type=_JSON)


async def report(request: Request) -> Response:
    """The report on one text as an HTML page, or as PDF under ``?format=pdf``."""
    wanted = request.query_params.get("format", "html")
    if wanted not in ("html", "pdf"):
        raise RequestError(422, "wrong_fields", f"The format is {wanted[:50]!r}; allowed: html, pdf.")
    sent = await one_text(request, request.app.state.limits)
    result: Result = await _judged(request, sent, lambda found: found[0])
    name = plain_visible(result.id)
    if wanted == "pdf":
        content = await pdf_of(request, result, name)
        return Response(content, media_type="application/pdf", headers=as_file(name, "pdf"))
    page = (await in_background(partial(report_page, result, name=name))).encode("utf-8", "backslashreplace")
    return Response(page, media_type="text/html", headers=REPORT_HEADERS | as_file(name, "html"))


async def _judged(request: Request, sent: Sent, present: Callable[[list[Result]], Any]) -> Any:
    texts = tuple(text for text in sent.texts if isinstance(text, SourceText))
    return await wait_for(submit(request.app.state.queue, Judge(texts, present)), request)


async def score(request: Request) -> Response:
    """The token scores of one text, taken as it stands but for disguises."""
    state = request.app.state
    sent = await one_text(request, state.limits, {"top": int})
    (source,) = sent.texts
    top = sent.options.get("top", DEFAULT_ALTERNATIVES)
    if not 0 <= top <= MOST_ALTERNATIVES:
        raise RequestError(422, "wrong_fields", f"The field top is {top}; it must be from 0 to {MOST_ALTERNATIVES}.")
    assert isinstance(source, SourceText)  # noqa: S101 - a single file that cannot be read is an error
    text, mended = source.text, mend(source.text)

    def present(scores: TokenScores) -> bytes:
        return as_json(to_record(scores, text, state.detector.language_model, mended))

    job = submit(state.queue, Measure(mended.text, top, present))
    return Response(await wait_for(job, request), media_type=_JSON)


async def openapi(request: Request) -> Response:
    """The description for programs."""
    return JSONResponse(description(request.app.state.limits))


async def documentation(request: Request) -> Response:
    """The same description for people, with examples that run."""
    api = description(request.app.state.limits)
    base = request.app.state.public_url or str(request.base_url).rstrip("/")
    page = render("api.html", api=api, examples=examples(base, request.app.state.token is not None), base=base)
    return HTMLResponse(page)


async def health(request: Request) -> Response:
    """Whether the server is alive; says nothing about texts or results."""
    return JSONResponse({"status": "ok"})
