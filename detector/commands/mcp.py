"""``detect mcp``: the tools for assistants and editors, over the Model Context Protocol."""

from detector.commands.options import DetectorChoice, QuietOption, guarded


@guarded
def mcp(*, choice: DetectorChoice, quiet: QuietOption = False) -> None:
    """Tools for assistants and editors, by the Model Context Protocol.

    Their program starts this command and talks to it over standard input and output.
    """
    from detector.errors import UsageError

    try:
        from detector.assistants.server import server_of
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "anyio", "pydantic"):
            raise
        raise UsageError("Assistants are answered through the package mcp: pip install 'detect-text[mcp]'") from None
    server_of(choice.load_detector).run("stdio")
