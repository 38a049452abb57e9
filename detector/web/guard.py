"""Who may ask, from where, and what every answer carries. Plain ASGI around the whole app.

- The Host header must name this machine, so that a foreign site that resolves to it is refused
  (DNS rebinding): names are compared with a list, and addresses pass, for a rebinding site has a name.
- What another site's page sends is refused: by Sec-Fetch-Site where the browser sends it, else by Origin.
- Where a token is set, it must come as ``Authorization: Bearer`` or as the cookie the sign-in page set.
- A strict content-security policy and its kin go with every answer that has none of its own.
"""

import hmac
import ipaddress
import sys
import traceback
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.web.problems import RequestError, answer, unexpected

_PACKAGE = Path(__file__).parents[1]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OPEN_PATHS = ("/healthz", "/sign-in")
"""Reached without a token, as are the files under /static/."""

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


class Guard:
    """Wraps ``app``; ``host_names`` are names beside localhost that the Host header may bear."""

    def __init__(self, app: ASGIApp, host_names: Collection[str] = (), token: str | None = None, port: int = 0) -> None:
        self._app = app
        self._host_names = {name.lower().rstrip(".") for name in host_names} | {"localhost"}
        self._token = token
        self._cookie = cookie_name(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        try:
            self._check_host(headers)
            check_origin(scope["method"], headers)
            self._check_token(scope["path"], headers)
            await self._app(scope, receive, send_guarded)
        except RequestError as problem:
            await answer(problem, scope["path"], headers)(scope, receive, send_guarded)
        except Exception as error:  # the server outlives every request
            report_failure(error)
            if not has_begun:
                await answer(unexpected(), scope["path"], headers)(scope, receive, send_guarded)

    def _check_host(self, headers: Headers) -> None:
        host = host_of(headers.get("host", ""))
        if host in self._host_names or _is_address(host):
            return
        raise RequestError(
            421,
            "wrong_host",
            f"This server does not answer for the name {host[:100]!r}. Use its address, localhost, or a name given "
            "with --allow-host.",
        )

    def _check_token(self, path: str, headers: Headers) -> None:
        if self._token is None or path in OPEN_PATHS or path.startswith("/static/"):
            return
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and is_token(bearer.strip(), self._token):
            return
        # other programs on this machine set cookies of every shape for the same name, and one must not hide ours
        if is_token(cookie_parser(headers.get("cookie", "")).get(self._cookie, ""), self._token):
            return
        raise RequestError(
            401,
            "token_missing",
            "A token is needed. It was printed when the server started; send it as Authorization: Bearer TOKEN, or "
            "sign in with it in a browser.",
            {"www-authenticate": "Bearer"},
        )


def check_origin(method: str, headers: Headers) -> None:
    """Raise ``RequestError`` for what another site's page sends; following a link here is allowed."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        is_link = method in SAFE_METHODS and headers.get("sec-fetch-mode") == "navigate"
        is_own = site in ("same-origin", "none") or is_link
    elif method in SAFE_METHODS or "origin" not in headers:
        is_own = True  # programs send neither header
    else:
        is_own = _place_of(headers["origin"]) == headers.get("host", "").lower()
    if not is_own:
        raise RequestError(403, "cross_site", "Pages of other sites may not use this server; open its own page.")


def _place_of(origin: str) -> str:
    """Host and port of an Origin header, in lower case; empty for ``null``."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        raise RequestError(
            400, "broken_origin", f"The Origin header is {origin[:100]!r}, which is no address; send it right or not."
        ) from None


def host_of(host: str) -> str:
    """The Host header without port, brackets and a final dot, in lower case."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_token(offered: str, token: str) -> bool:
    """Compared in time that does not depend on where they differ."""
    return hmac.compare_digest(offered.encode("utf-8", "surrogatepass"), token.encode())


def cookie_name(port: int) -> str:
    """Cookies are shared by all ports of a machine, so the port is in the name."""
    return f"detect_{port}"


def report_failure(error: BaseException) -> None:
    """Kind and place of a defect on standard error; never its message, which may quote a text."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _PACKAGE in Path(frame.filename).parents] or frames
    place = f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else "an unknown place"
    print(f"detect: a request failed with {type(error).__name__} at {place}.", file=sys.stderr)
