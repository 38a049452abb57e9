"""``detect serve``: the local web page and HTTP API."""

from typing import Annotated

import typer

from detector.commands.options import DetectorChoice, QuietOption, guarded, say


@guarded
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; any but this machine's own asks for a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(envvar="DETECT_TOKEN", help="Asked of everyone; made if needed and not given."),
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A name this machine goes by; may be given more than once.")
    ] = None,
    public_url: Annotated[
        str,
        typer.Option(help="Address that others use, where a proxy stands in front, such as https://detect.example.org"),
    ] = "",
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    max_megabytes: Annotated[float, typer.Option(help="Of one upload.")] = 5.0,
    max_characters: Annotated[int, typer.Option(help="Of one text.")] = 400_000,
    max_waiting: Annotated[int, typer.Option(help="Texts in the queue; more are turned away.")] = 32,
    max_seconds: Annotated[float, typer.Option(help="Of scoring one text.")] = 600.0,
    max_results: Annotated[int, typer.Option(help="Results kept in memory.")] = 50,
    max_texts: Annotated[int, typer.Option(help="In one request: files handed in together, or a list.")] = 100,
    keep_minutes: Annotated[float, typer.Option(help="Until a result that nobody asks for is forgotten.")] = 30.0,
    *,
    choice: DetectorChoice,
    quiet: QuietOption = False,
) -> None:
    """A web page for this machine, and an HTTP API.

    Texts stay in memory, are never logged, and are forgotten soon.
    """
    from detector.errors import UsageError

    try:
        import jinja2  # noqa: F401
        import python_multipart  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The web page needs {error.name}, which is not installed: pip install 'detect-text[web]'"
        ) from None
    from detector.report.page import REPORT_ALTERNATIVES
    from detector.verdict.detector import Detector
    from detector.web.addresses import is_loopback, name_of
    from detector.web.limits import Limits
    from detector.web.server import bind, check_token, new_token
    from detector.web.server import serve as run

    limits = Limits(max_megabytes, max_characters, max_waiting, max_seconds, max_results, keep_minutes, max_texts)
    name_of(public_url)
    if token is not None:
        check_token(token)
    listener = bind(host, port)
    if token is None and not is_loopback(host):
        token = new_token()
        say(f"Sign in with the token {token}")

    def load() -> Detector:
        return choice.load_detector(REPORT_ALTERNATIVES, quiet)

    def inform(sentence: str) -> None:
        if not quiet:
            say(sentence)

    run(load, listener, host, token, limits, allow_host or [], inform, open_browser, public_url)
