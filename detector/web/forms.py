"""The pages a text is handed in on."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from detector.documents.reading import SourceText
from detector.records.result import Result
from detector.report.visible import plain_visible
from detector.web.guard import cookie_name, is_token
from detector.web.incoming import form_text, read_form
from detector.web.outcomes import submit
from detector.web.pages import look_css, render
from detector.web.problems import RequestError
from detector.web.results import Presented, present_pages
from detector.web.scoring_queue import Judge

_ONE = ("",)
_TWO = ("_1", "_2")


async def one_text(request: Request) -> Response:
    """The form for one text, and what it sends."""
    return await _form(request, "one_text.html", _ONE, ("Pasted text",))


async def two_texts(request: Request) -> Response:
    """The form for two texts, and what it sends."""
    return await _form(request, "two_texts.html", _TWO, ("First text", "Second text"))


async def _form(request: Request, template: str, suffixes: Sequence[str], names: Sequence[str]) -> Response:
    state = request.app.state
    pasted = dict.fromkeys(suffixes, "")
    problem = None
    if request.method == "POST":
        try:
            form = await read_form(request, state.limits)
            pasted |= {suffix: text for suffix in suffixes if isinstance(text := form.get(f"text{suffix}"), str)}
            sources = [
                await form_text(form, suffix, name, state.limits) for suffix, name in zip(suffixes, names, strict=True)
            ]
            return RedirectResponse(f"/results/{_hand_in(request, sources)}", 303)
        except RequestError as found:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            problem = found  # shown beside the text, which stays in its field
    forgotten = "forgotten" in request.query_params
    page = render(template, limits=state.limits, pasted=pasted, problem=problem, forgotten=forgotten)
    return HTMLResponse(page, problem.status if problem else 200, headers=problem.headers if problem else None)


def _hand_in(request: Request, sources: Sequence[SourceText]) -> str:
    """Put the texts into the queue and return the id of their result."""
    state = request.app.state
    key = state.kept.new_key()
    names = tuple(plain_visible(source.id) for source in sources)

    def present(found: list[Result]) -> Presented:
        return present_pages(key, names, found)

    state.kept.keep(key, submit(state.queue, Judge(tuple(sources), present)), names)
    return key


async def sign_in(request: Request) -> Response:
    """Takes the token once and gives a cookie for it."""
    state = request.app.state
    problem = None
    if request.method == "POST" and state.token is not None:
        offered = (await read_form(request, state.limits)).get("token")
        if isinstance(offered, str) and is_token(offered.strip(), state.token):
            response = RedirectResponse("/", 303)
            response.set_cookie(cookie_name(state.port), state.token, httponly=True, samesite="strict")
            return response
        problem = RequestError(401, "wrong_token", "That is not the token that was printed when the server started.")
    if state.token is None:
        return RedirectResponse("/", 303)
    return HTMLResponse(render("sign_in.html", problem=problem), 401 if problem else 200)


async def look(request: Request) -> Response:
    """The style sheet: the report's colours, then the app's own rules."""
    return Response(look_css(), media_type="text/css", headers={"cache-control": "no-cache"})
