"""``/api/detect`` and ``/api/score``: the records of ``detect --json`` and ``detect score --json`` over HTTP."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from detector.documents.folding import mend
from detector.records.result import Result
from detector.records.token_scores import TokenScores
from detector.report.tokens.scores import to_record
from detector.web.incoming import api_fields
from detector.web.openapi import description
from detector.web.outcomes import submit, wait_for
from detector.web.pages import render
from detector.web.problems import RequestError
from detector.web.scoring_queue import Judge, Measure

MOST_ALTERNATIVES = 20
DEFAULT_ALTERNATIVES = 5


def as_json(record: dict[str, Any]) -> bytes:
    """Strict JSON in UTF-8."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")


async def detect(request: Request) -> Response:
    """The verdict on one text."""
    state = request.app.state
    fields = await api_fields(request, state.limits, {"text": str, "id": str})

    def present(results: list[Result]) -> bytes:
        return as_json(results[0].to_dict())

    job = submit(state.queue, Judge((fields["source"],), present))
    return Response(await wait_for(job, request), media_type="application/json")


async def score(request: Request) -> Response:
    """The token scores of one text, taken as it stands but for disguises."""
    state = request.app.state
    fields = await api_fields(request, state.limits, {"text": str, "id": str, "top": int})
    text, top = fields["source"].text, fields.get("top", DEFAULT_ALTERNATIVES)
    if not 0 <= top <= MOST_ALTERNATIVES:
        raise RequestError(422, "wrong_fields", f"The field top is {top}; it must be from 0 to {MOST_ALTERNATIVES}.")

    mended = mend(text)

    def present(scores: TokenScores) -> bytes:
        return as_json(to_record(scores, text, state.detector.language_model, mended))

    job = submit(state.queue, Measure(mended.text, top, present))
    return Response(await wait_for(job, request), media_type="application/json")


async def openapi(request: Request) -> Response:
    """The description for programs."""
    return JSONResponse(description(request.app.state.limits))


async def documentation(request: Request) -> Response:
    """The same description for people."""
    return HTMLResponse(
        render("api.html", api=description(request.app.state.limits), base=str(request.base_url).rstrip("/"))
    )


async def health(request: Request) -> Response:
    """Whether the server is alive; says nothing about texts or results."""
    return JSONResponse({"status": "ok"})
