"""What went wrong with a request, as a status code and a sentence: JSON for programs, a page for people."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response

from detector.web.pages import render

TOKEN_MISSING = "token_missing"


@dataclass(eq=False)
class RequestError(Exception):
    """A request that cannot be answered; ``message`` says what to do about it."""

    status: int
    code: str
    """For programs, such as ``too_large``."""
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def record(self) -> dict[str, object]:
        """The JSON body."""
        return {"error": {"status": self.status, "code": self.code, "message": self.message}}


def not_found() -> RequestError:
    """For an unknown address."""
    return RequestError(
        404, "not_found", "There is no such page. The form is at /, the description of the HTTP interface at /api."
    )


def forgotten() -> RequestError:
    """For a result that is not there, or no longer."""
    return RequestError(
        404,
        "forgotten",
        "There is no such result. Results are kept in memory for a short time only and are then forgotten, with "
        "their texts; hand the text in again at /.",
    )


def unexpected() -> RequestError:
    """For a defect of the program."""
    return RequestError(
        500,
        "unexpected",
        "Something went wrong inside the program, and the text was dropped. The server goes on; detect PATH on the "
        "command line may tell more.",
    )


def local_path(path: str) -> str:
    """The path, if it is one of this server; else the first page, so that signing in leads nowhere else."""
    is_local = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if is_local and not path.startswith("/sign-in") else "/"


def wants_html(path: str, accept: str) -> bool:
    """Browsers name text/html; everyone else gets JSON, and so does everyone under /api/."""
    return "text/html" in accept and not path.startswith("/api/")


def answer(problem: RequestError, path: str, headers: Headers) -> Response:
    """The problem in the form that was asked for."""
    if wants_html(path, headers.get("accept", "")):
        if problem.code == TOKEN_MISSING:
            content = render("sign_in.html", problem=None, onward=local_path(path))
        else:
            content = render("problem.html", problem=problem)
        return HTMLResponse(content, problem.status, headers=problem.headers)
    return JSONResponse(problem.record(), problem.status, headers=problem.headers)
