"""The Starlette application: routes, the guard around them, and what lives as long as the server."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from detector.verdict.detector import Detector
from detector.web import api, downloads, forms, results
from detector.web.background import in_background
from detector.web.guard import Guard
from detector.web.kept_results import KeptResults
from detector.web.limits import Limits
from detector.web.problems import RequestError, answer, not_found
from detector.web.scoring_queue import ScoringQueue

_SWEEP_SECONDS = 20.0


def create_app(
    detector: Detector,
    limits: Limits | None = None,
    *,
    token: str | None = None,
    host_names: Collection[str] = (),
    port: int = 0,
    public_url: str = "",
) -> Starlette:
    """The app around a loaded detector.

    ``token`` is asked of everyone if given; ``host_names`` may stand in the Host header beside addresses and
    localhost; ``port`` names the cookie; ``public_url`` is where others reach it, through a proxy. Reports show more
    if the detector was loaded with ``REPORT_ALTERNATIVES``.
    """
    limits = limits or Limits()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        state = app.state
        state.queue = ScoringQueue(detector, limits.waiting, limits.seconds)
        state.kept = KeptResults(limits.kept_results, 60 * limits.kept_minutes)
        state.one_pdf_at_a_time = asyncio.Lock()
        sweeping = asyncio.create_task(_sweep(state.kept))
        try:
            yield
        finally:
            sweeping.cancel()
            state.queue.close()
            await in_background(state.queue.join)

    app = Starlette(
        routes=[
            Route("/", forms.one_text, methods=["GET", "POST"]),
            Route("/compare", forms.two_texts, methods=["GET", "POST"]),
            Route("/results/{key}", results.show),
            Route("/results/{key}/state", results.state),
            Route("/results/{key}/forget", results.forget, methods=["GET", "POST"]),
            Route("/results/{key}/results.jsonl", downloads.json_lines),
            Route("/results/{key}/results.csv", downloads.csv),
            Route("/results/{key}/results.xlsx", downloads.xlsx),
            Route("/results/{key}/comparison.html", downloads.comparison_html),
            Route("/results/{key}/{number:int}", results.show_report),
            Route("/results/{key}/{number:int}/report.html", downloads.html),
            Route("/results/{key}/{number:int}/report.pdf", downloads.pdf),
            Route("/results/{key}/{number:int}/result.json", downloads.json_record),
            Route("/api", api.documentation),
            Route("/api/openapi.json", api.openapi),
            Route("/api/detect", api.detect, methods=["POST"]),
            Route("/api/score", api.score, methods=["POST"]),
            Route("/api/compare", api.compare, methods=["POST"]),
            Route("/api/report", api.report, methods=["POST"]),
            Route("/healthz", api.health),
            Route("/sign-in", forms.sign_in, methods=["GET", "POST"]),
            Route("/static/look.css", forms.look),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(Guard, host_names=host_names, token=token, port=port)],
        exception_handlers={HTTPException: _http_problem},
        lifespan=lifespan,
    )
    app.state.detector = detector
    app.state.limits = limits
    app.state.token = token
    app.state.port = port
    app.state.public_url = public_url.rstrip("/")
    return app


async def _sweep(kept: KeptResults) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        kept.sweep()


async def _http_problem(request: Request, error: Exception) -> Response:
    """What the router itself refuses."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    if error.status_code == 404:
        problem = not_found()
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        sentence = f"{request.method} is not understood here; use {allowed}."
        problem = RequestError(405, "wrong_method", sentence, {"allow": allowed})
    else:
        problem = RequestError(error.status_code, "refused", f"The request was refused: {error.detail}.")
    return answer(problem, request.url.path, request.headers)
