"""The pages texts are handed in on."""

from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from detector.documents.reading import SourceText
from detector.records.result import Result
from detector.report.visible import plain_visible
from detector.web.guard import cookie_name, is_token
from detector.web.incoming import Form, file_texts, form_text, read_form
from detector.web.limits import Limits
from detector.web.outcomes import submit
from detector.web.pages import look_css, render
from detector.web.presented import Kind, Presented, present_pages
from detector.web.problems import RequestError, local_path
from detector.web.scoring_queue import Judge, with_unread

SAMPLES = {
    "essay": "an essay",
    "answer": "an answer by a chat model",
    "joined": "an essay that a chat model ended",
}
"""Texts to try the page on, by the name of their file, in words for people."""
_SAMPLE_FOLDER = Path(__file__).parent / "samples"
_ONE = {"": "Pasted text"}
_TWO = {"_1": "First text", "_2": "Second text"}


async def one_text(request: Request) -> Response:
    """The form for one text or several files, and what it sends."""
    sample = request.query_params.get("sample", "")
    filled = (_SAMPLE_FOLDER / f"{sample}.txt").read_text(encoding="utf-8") if sample in SAMPLES else ""
    return await _form(request, "one_text.html", dict.fromkeys(_ONE, filled), "text")


async def two_texts(request: Request) -> Response:
    """The form for two texts, and what it sends."""
    return await _form(request, "two_texts.html", dict.fromkeys(_TWO, ""), "comparison")


async def _form(request: Request, template: str, pasted: dict[str, str], kind: Kind) -> Response:
    state = request.app.state
    problem = None
    if request.method == "POST":
        try:
            form = await read_form(request, state.limits)
            pasted |= {suffix: form.texts[f"text{suffix}"] for suffix in pasted if f"text{suffix}" in form.texts}
            if kind == "text" and len(form.files.get("file", [])) > 1:
                kind = "set"
            return RedirectResponse(f"/results/{_hand_in(request, await _sent(form, kind, state.limits), kind)}", 303)
        except RequestError as found:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            problem = found  # shown beside the text, which stays in its field
    page = render(
        template,
        limits=state.limits,
        pasted=pasted,
        problem=problem,
        forgotten="forgotten" in request.query_params,
        samples=SAMPLES,
    )
    return HTMLResponse(page, problem.status if problem else 200, headers=problem.headers if problem else None)


async def _sent(form: Form, kind: Kind, limits: Limits) -> Sequence[SourceText | Result]:
    if kind == "set":
        return await file_texts(form.files["file"], limits)
    fields = _TWO if kind == "comparison" else _ONE
    return [await form_text(form, suffix, name, limits) for suffix, name in fields.items()]


def _hand_in(request: Request, sent: Sequence[SourceText | Result], kind: Kind) -> str:
    """Put the texts into the queue and return the id of their result."""
    state = request.app.state
    key = state.kept.new_key()
    names = tuple(plain_visible(one.id) for one in sent)

    def present(found: list[Result]) -> Presented:
        return present_pages(key, kind, names, with_unread(sent, found))

    texts = tuple(one for one in sent if isinstance(one, SourceText))
    state.kept.keep(key, submit(state.queue, Judge(texts, present)), names)
    return key


async def sign_in(request: Request) -> Response:
    """Takes the token once, gives a cookie for it, and goes on to the page that was asked for."""
    state = request.app.state
    problem, onward = None, local_path(request.query_params.get("next", ""))
    if request.method == "POST" and state.token is not None:
        offered = (await read_form(request, state.limits)).texts.get("token", "")
        if is_token(offered.strip(), state.token):
            response = RedirectResponse(onward, 303)
            is_https = state.public_url.startswith("https:")
            response.set_cookie(cookie_name(state.port), state.token, httponly=True, samesite="strict", secure=is_https)
            return response
        problem = RequestError(401, "wrong_token", "That is not the token that was printed when the server started.")
    if state.token is None:
        return RedirectResponse("/", 303)
    return HTMLResponse(render("sign_in.html", problem=problem, onward=onward), 401 if problem else 200)


async def look(request: Request) -> Response:
    """The style sheet: the report's colours, then the app's own rules."""
    return Response(look_css(), media_type="text/css", headers={"cache-control": "no-cache"})
