"""The command line: ``detect essay.txt`` and the subcommands side by side, each in a module of its own."""

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from detector.commands.batch import batch
from detector.commands.classifier import calibrate, evaluate, train
from detector.commands.compare import compare
from detector.commands.doctor import doctor
from detector.commands.generate import generate
from detector.commands.mcp import mcp
from detector.commands.methods import methods
from detector.commands.models import models
from detector.commands.next_tokens import next_command
from detector.commands.options import say
from detector.commands.query import query
from detector.commands.report import report
from detector.commands.score import score
from detector.commands.serve import serve
from detector.commands.slips import meant_command
from detector.commands.tokens import tokens
from detector.commands.verdict import verdict
from detector.commands.watermark import watermark

DEFAULT_COMMAND = "verdict"
_GROUP_OPTIONS = ("--help", "--version", "--install-completion", "--show-completion")


class _DefaultCommand(TyperGroup):
    """Reads ``detect essay.txt`` as ``detect verdict essay.txt``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in _GROUP_OPTIONS:
            if meant := meant_command(args, self.commands):
                say(f"There is no command and no file {args[0]}. Did you mean: {meant}")
                raise typer.Exit(2)
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_DefaultCommand,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Did a human or a machine write this text, how sure can one be, and where does it show?\n\n"
    "`detect essay.txt` gives the verdict on a file, `detect -` on standard input; `detect verdict --help` "
    "lists its options. A file that bears the name of a command is reached as ./NAME.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from detector.version import __version__

        print(__version__)
        raise typer.Exit


@app.callback()
def _group(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


for _command in (
    verdict, report, serve, mcp, batch, query,
    score, compare, tokens, watermark, generate,
    train, calibrate, evaluate, methods, models, doctor,
):  # fmt: skip
    app.command()(_command)
app.command("next")(next_command)


def main() -> None:
    """Entry point of ``detect``."""
    if sys.stdout is None:  # closed by the caller
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it lives as long as the program
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows "?"
    try:
        app()
    except KeyboardInterrupt:
        say("Interrupted.")
        sys.exit(130)
