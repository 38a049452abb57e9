"""``detect compare``: the verdicts and the statistics of two texts side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from detector.commands.options import (
    MOST_CHARACTERS,
    AsGivenOption,
    DetectorChoice,
    JsonOption,
    MaxCharsOption,
    QuietOption,
    SharedOption,
    guarded,
    invite_to_paste,
    mended_for,
    print_json,
    say,
)
from detector.commands.waiting import progress_bar

if TYPE_CHECKING:
    from detector.documents.folding import FoldedText
    from detector.documents.reading import SourceText
    from detector.models import LanguageModel
    from detector.records.result import Result
    from detector.records.token_scores import TokenScores
    from detector.verdict.detector import Detector


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
    choice: DetectorChoice,
    quiet: QuietOption = False,
) -> None:
    """The verdicts and the statistics of two texts side by side.

    --png overlays their token probabilities in one picture. A model without a calibration gives the statistics alone.
    Disguises are undone first, unless the texts are taken as given: then there are no verdicts.
    """
    from detector.documents.reading import STANDARD_INPUT, read_source
    from detector.errors import InputError, UsageError
    from detector.report.figures import check_picture_path
    from detector.report.two_texts import cautions, draw_comparison, print_comparison, to_record

    if first == second == STANDARD_INPUT:
        raise UsageError("Both texts are -, and standard input can be only one of the two. Give a file for the other.")
    if png is not None:
        check_picture_path(png)
    invite_to_paste((first, second), quiet)
    sources = [read_source(path, max_chars) for path in (first, second)]
    for path, source in zip((first, second), sources, strict=True):
        for warning in () if quiet else source.warnings:
            say(warning)
        if not source.text.strip():
            name = "Standard input" if path == STANDARD_INPUT else path
            raise InputError(f"{name} is empty, so there is nothing to compare.")
    language_model, detector = _load(choice, quiet)
    mended = [mended_for(source.text, source.path or "Standard input", as_given, quiet) for source in sources]
    with progress_bar("Scoring", quiet):
        left, right = (
            _scored(language_model, None if as_given else detector, source, one)
            for source, one in zip(sources, mended, strict=True)
        )
    scores, results = (left[0], right[0]), (left[1], right[1])
    for caution in () if quiet else cautions((first, second), scores):
        say(caution)
    if as_json:
        print_json(to_record((first, second), scores, results, mended))
    else:
        print_comparison((first, second), scores, results)
    if png is not None:
        draw_comparison((first, second), scores, png)


def _load(choice: DetectorChoice, quiet: bool) -> "tuple[LanguageModel, Detector | None]":
    """The model, and what judges with it where there is a calibration for it."""
    from detector.verdict.shipped import shipped_calibration

    if choice.calibration is None and shipped_calibration(choice.model) is None:
        if not quiet:
            say(f"No calibration comes with detect for {choice.model}, so there are no verdicts, only statistics.")
        return choice.load(quiet), None
    detector = choice.load_detector(quiet=quiet)
    return detector.language_model, detector


def _scored(
    language_model: "LanguageModel", detector: "Detector | None", source: "SourceText", mended: "FoldedText"
) -> "tuple[TokenScores, Result | None]":
    """The scores of the folded text, which the verdict is on too, and the verdict; those of ``mended`` without one."""
    from detector.scoring import score_texts

    result = None
    if detector is not None:
        result = next(detector.detect_stream([(source.id, source.path, source.text, ())]))
        if result.evidence is not None:
            return result.evidence.scores, result
    return next(score_texts(language_model, [mended.text])), result
