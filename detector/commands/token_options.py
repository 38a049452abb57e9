"""The options of ``detect tokens``, in groups: each is one question to whoever gives the command."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from detector.commands.options import JsonOption, given, refuse


@dataclass(frozen=True)
class Output:
    """Where the analysis goes."""

    as_json: JsonOption = False
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML page.")] = None
    out: Annotated[Path | None, typer.Option(help="Save the whole analysis (.json), to compare or to use.")] = None
    top: Annotated[int, typer.Option(min=0, help="Suspects to show.")] = 30

    def check(self) -> None:
        """Refuse before the work rather than after it."""
        from detector.errors import UsageError
        from detector.report.output_files import check_writable

        for name, path in (("--html", self.html), ("--out", self.out)):
            if path is None:
                continue
            if name == "--html" and path.suffix.lower() != ".html":
                raise UsageError(f"--html writes .html files, and {path.name} is none.")
            check_writable(path)


@dataclass(frozen=True)
class Evidence:
    """What suspects are told by, beside the embeddings."""

    sample: Annotated[
        list[Path] | None, typer.Option(help="Text file to count merge residue on; may be given more than once.")
    ] = None
    reference: Annotated[
        str | None, typer.Option(help="Rows known to be untrained, START:END; found by itself otherwise.")
    ] = None


@dataclass(frozen=True)
class Prompting:
    """Whether suspects are proved by prompting, and how many."""

    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Prove the suspects by prompting.")] = False
    most: Annotated[int | None, typer.Option(min=1, help="Verify at most so many tokens.")] = None
    drawn: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="With --verify: tokens drawn at random beyond the worst; more narrow the interval of the share found.",
            show_default="400",
        ),
    ] = None
    ledger: Annotated[
        Path | None,
        typer.Option(help="Keeps what prompting found, so that a broken-off run goes on.", show_default="beside --out"),
    ] = None

    def check(self) -> None:
        """Refuse what would have no effect, and a ledger that cannot be written."""
        if not self.verify:
            idle = {"--most": self.most, "--drawn": self.drawn, "--ledger": self.ledger}
            refuse(idle, "Nothing is prompted without --verify", "Add it.")
        if self.ledger is not None:
            from detector.report.output_files import check_writable

            check_writable(self.ledger)


@dataclass(frozen=True)
class Question:
    """What is asked in place of an analysis of the whole vocabulary."""

    repeat: Annotated[str | None, typer.Option(help="Ask the model to repeat one token (id or text), instead.")] = None
    induction: Annotated[
        str | None, typer.Option(help="Repeated random sequences over the ids START:END, instead.")
    ] = None
    logits: Annotated[str | None, typer.Option(help="The logits of the ids START:END, instead.")] = None
    png: Annotated[Path | None, typer.Option(help="With --induction: draw it (.png or .svg).")] = None
    diff: Annotated[
        tuple[Path, Path] | None, typer.Option(metavar="A.json B.json", help="Compare two saved analyses, instead.")
    ] = None

    def name(self) -> str | None:
        """The option it is asked with; None where the whole vocabulary is to be analysed."""
        from detector.errors import UsageError

        options = {
            "--repeat": self.repeat, "--induction": self.induction, "--logits": self.logits, "--diff": self.diff
        }  # fmt: skip
        names = list(given(**options))
        if len(names) > 1:
            raise UsageError(f"{' and '.join(names)} are different questions; ask one at a time.")
        return names[0] if names else None

    def check(self) -> None:
        """Refuse what would have no effect, and a picture that cannot be written."""
        if self.induction is None:
            refuse({"--png": self.png}, "Only --induction has a picture", "Leave it out, or use --html.")
        if self.png is not None:
            from detector.report.figures import check_picture_path

            check_picture_path(self.png)


def options_of_the_whole(output: Output, evidence: Evidence, prompting: Prompting) -> dict[str, Any]:
    """Those that only an analysis of the whole vocabulary has, by their spelling; None for one left out."""
    return {
        "--html": output.html,
        "--out": output.out,
        "--sample": evidence.sample or None,
        "--verify": prompting.verify or None,
        "--most": prompting.most,
        "--drawn": prompting.drawn,
        "--ledger": prompting.ledger,
        "--reference": evidence.reference,
    }
