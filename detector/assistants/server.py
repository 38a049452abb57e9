"""The tools over the Model Context Protocol, on standard input and output, by the official SDK."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from detector.assistants.tools import MOST_ALTERNATIVES, Tools
from detector.errors import DetectorError
from detector.report.wording import NOT_PROOF
from detector.verdict.detector import Detector
from detector.version import __version__

_INSTRUCTIONS = (
    f"Tells how a text reads to a language model on this machine: like human writing, like machine text, or undecided. "
    f"{NOT_PROOF} Pass that on with every verdict, and never name an author. English prose of 40 words and more; 300 "
    "say much more."
)
_READS_ALONE = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

Text = Annotated[str, Field(description="English prose, as it stands; about 40 words at the least for a verdict.")]


def server_of(load: Callable[[], Detector]) -> MCPServer:
    """The server; ``load`` makes the detector, in the background as soon as a client is there."""
    tools = Tools(load)

    @asynccontextmanager
    async def lifespan(server: MCPServer) -> AsyncIterator[None]:
        threading.Thread(target=_warm_up, args=(tools,), daemon=True).start()
        yield

    server = MCPServer("detect", version=__version__, instructions=_INSTRUCTIONS, lifespan=lifespan, log_level="ERROR")

    @server.tool(title="Did a human or a machine write this?", annotations=_READS_ALONE)
    async def detect_text(
        text: Text, id: Annotated[str, Field(description="Comes back in the record.")] = "text"
    ) -> dict[str, Any]:
        """The verdict on a text, human, machine, mixed, inconclusive or unscored, with the numbers behind it.

        The record of `detect --json`: p_value is the share of human texts like it that look at least as machine-like.
        """
        return await _answer(tools.detect_text, text, id)

    @server.tool(title="How likely was every token?", annotations=_READS_ALONE)
    async def score_tokens(
        text: Annotated[str, Field(description="Any text; it is taken as it stands.")],
        top: Annotated[int, Field(description=f"Likeliest alternatives of each token, 0 to {MOST_ALTERNATIVES}.")] = 0,
    ) -> dict[str, Any]:
        """Log-probability in nats, rank from 1, and entropy of every token of a text under the language model."""
        return await _answer(tools.score_tokens, text, top)

    @server.tool(title="Two texts side by side", annotations=_READS_ALONE)
    async def compare_texts(first: Text, second: Text) -> dict[str, Any]:
        """The verdicts on two texts and every statistic of both; it does not say whether one hand wrote them."""
        return await _answer(tools.compare_texts, first, second)

    return server


async def _answer(ask: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
    """In a thread, so that the protocol goes on meanwhile; what goes wrong is told in the tool's answer."""
    try:
        return await anyio.to_thread.run_sync(ask, *given)
    except DetectorError as error:
        raise ToolError(str(error)) from None


def _warm_up(tools: Tools) -> None:
    with suppress(DetectorError):  # told to whoever asks first
        tools.warm_up()
