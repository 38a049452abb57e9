"""``detect compare``: the statistics of two texts side by side."""

from pathlib import Path
from typing import Annotated

import typer

from detector.commands.options import (
    MOST_CHARACTERS,
    AsGivenOption,
    JsonOption,
    MaxCharsOption,
    ModelChoice,
    QuietOption,
    SharedOption,
    guarded,
    mended_for,
    print_json,
    say,
)


@guarded
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A file; - is standard input.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    png: Annotated[Path | None, typer.Option(help="Draw the token probabilities of both (.png or .svg).")] = None,
    as_json: JsonOption = False,
    as_given: AsGivenOption = False,
    max_chars: MaxCharsOption = MOST_CHARACTERS,
    shared: SharedOption = False,
    *,
    choice: ModelChoice,
    quiet: QuietOption = False,
) -> None:
    """The statistics of two texts side by side.

    --png overlays their token probabilities in one picture. The texts are taken as they stand but for disguises,
    which are undone first.
    """
    from detector.documents.reading import STANDARD_INPUT, read_source
    from detector.errors import InputError, UsageError
    from detector.report.figures import check_picture_path
    from detector.report.two_texts import cautions, draw_comparison, print_comparison, to_record
    from detector.scoring import score_texts

    if first == second == STANDARD_INPUT:
        raise UsageError("Both texts are -, and standard input can be only one of the two. Give a file for the other.")
    if png is not None:
        check_picture_path(png)
    sources = [read_source(path, max_chars) for path in (first, second)]
    for path, source in zip((first, second), sources, strict=True):
        for warning in () if quiet else source.warnings:
            say(warning)
        if not source.text.strip():
            name = "Standard input" if path == STANDARD_INPUT else path
            raise InputError(f"{name} is empty, so there is nothing to compare.")
    language_model = choice.load()
    mended = [mended_for(source.text, source.path or "Standard input", as_given, quiet) for source in sources]
    left, right = score_texts(language_model, [one.text for one in mended])
    for caution in () if quiet else cautions((first, second), (left, right)):
        say(caution)
    if as_json:
        print_json(to_record((first, second), (left, right), mended))
    else:
        print_comparison((first, second), (left, right))
    if png is not None:
        draw_comparison((first, second), (left, right), png)
