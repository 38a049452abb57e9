"""Binding the port, running the app, and an end without noise."""

import logging
import re
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence

import uvicorn
from starlette.applications import Starlette

from detector.documents.isolated_reading import stop_reading
from detector.errors import UsageError
from detector.verdict.detector import Detector
from detector.web.addresses import is_any, is_loopback, name_of, urls
from detector.web.app import create_app
from detector.web.connections import MOST_CONNECTIONS, Connection
from detector.web.limits import Limits

SHORTEST_TOKEN = 16

_ENDING_SECONDS = 2
"""For answers under way; with what scoring may take to stop, the server ends within 5."""
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")  # what may stand in a header and a cookie alike


class Server(uvicorn.Server):
    """Tells everyone who waits for a result that it will not come, then ends."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """First the queue, so that no connection is left waiting."""
        self.config.app.state.queue.close()  # type: ignore[union-attr]  # it is a Starlette app
        stop_reading()
        await super().shutdown(sockets)


def new_token() -> str:
    """A token that cannot be guessed."""
    return secrets.token_urlsafe(24)


def check_token(token: str) -> None:
    """Raise ``UsageError`` for a token that is too short or cannot stand in a header."""
    if len(token) < SHORTEST_TOKEN or not _TOKEN.fullmatch(token):
        raise UsageError(
            f"The token has {len(token)} characters; it needs at least {SHORTEST_TOKEN}, of letters, digits and "
            "._~+/=- only. Leave --token out to have one made."
        )


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises ``UsageError`` where the address or the port cannot be had."""
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except (OSError, OverflowError, UnicodeError) as error:
        if listener is not None:
            listener.close()
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"The server cannot listen on {host}, port {port}: {reason}. Name another with --port or --host; --port 0 "
            "takes any free port."
        ) from None
    return listener


def configuration(app: Starlette) -> uvicorn.Config:
    """How uvicorn is to serve the app."""
    return uvicorn.Config(
        app,
        log_config=None,
        log_level=logging.CRITICAL,  # its errors quote exceptions, which may quote texts; the app reports failures
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=Connection,
        ws="none",
        lifespan="on",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=_ENDING_SECONDS,
    )


def serve(
    load: Callable[[], Detector],
    listener: socket.socket,
    host: str,
    token: str | None,
    limits: Limits,
    host_names: Sequence[str],
    say: Callable[[str], None],
    open_browser: bool = False,
    public_url: str = "",
) -> None:
    """Load the model and serve until a signal ends it, with ``KeyboardInterrupt`` for Ctrl-C."""
    port = listener.getsockname()[1]
    named = [*host_names, *([] if is_loopback(host) or is_any(host) else [host]), *filter(None, [name_of(public_url)])]
    app = create_app(load(), limits, token=token, host_names=named, port=port, public_url=public_url)
    url, *others = urls(host, port)
    say(f"Open {url} in a browser. Ctrl-C ends the server.")
    if public_url:
        say(f"Others open {public_url}")
    elif others:
        say(f"From other machines: {' or '.join(others)}")
    if not is_loopback(host) and not public_url.startswith("https:"):
        say("Others in the network can reach it, and what they send is not encrypted on its way.")
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    Server(configuration(app)).run(sockets=[listener])
