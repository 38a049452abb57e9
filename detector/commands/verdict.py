"""``detect PATH...``: the verdict on each file."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from detector.commands.options import (
    JsonOption,
    ModelChoice,
    QuietOption,
    guarded,
    print_json,
    say,
)


@guarded
def verdict(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Text files; - is standard input.")],
    as_json: JsonOption = False,
    png: Annotated[Path | None, typer.Option(help="Draw the surprise curve of one file (.png or .svg).")] = None,
    target_fpr: Annotated[float, typer.Option(help="Rate of false alarms allowed among human texts.")] = 0.01,
    calibration: Annotated[
        Path | None, typer.Option(help="Classifier file for a model other than the embedded one.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Folder of earlier texts by the same writer, to compare with.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show which features and sentences moved the score.")
    ] = False,
    *,
    choice: ModelChoice,
    quiet: QuietOption = False,
) -> int:
    """The verdict on each file; this is the default command.

    It is one of human, machine, mixed, inconclusive and unscored.
    """
    if png is not None:
        from detector.errors import UsageError
        from detector.report.picture import check_picture_path

        if len(paths) != 1:
            raise UsageError(f"--png draws one file, and {len(paths)} were given.")
        check_picture_path(png)
    from detector.verdict.detector import Detector
    from detector.verdict.files import detect_files

    detector = Detector.load(choice.model, choice.device, choice.dtype, choice.offline, target_fpr, calibration)
    earlier = _earlier_texts(baseline) if baseline is not None else None
    show = _json_printer() if as_json else _text_printer(len(paths) == 1 and not quiet, explain)
    code = 0
    for result in _with_progress(detect_files(detector, paths), len(paths), quiet):
        unreadable = result.reason == "unreadable"
        if earlier is not None:
            result = _with_baseline(detector, result, earlier)
        if as_json or not unreadable:
            show(result)
        for warning in () if quiet else result.warnings:
            say(warning)
        if result.verdict == "unscored":
            code = 3
            if as_json or unreadable:
                say(_with_command_hint(result.explanation, result.path, context) if unreadable else _named(result))
        if png is not None:
            from detector.report.picture import draw_surprise

            draw_surprise(result, detector.classifier.human_sentence_bits, png)
    return code


def _with_progress(results: Iterator[Any], total: int, quiet: bool) -> Iterator[Any]:
    """A bar on standard error, if someone is looking at it and results are not shown in the same place."""
    if quiet or total < 2 or sys.stdout.isatty() or not sys.stderr.isatty():
        return results
    from rich.console import Console
    from rich.progress import track

    return iter(track(results, description="Judging", total=total, console=Console(stderr=True)))


def _named(result: Any) -> str:
    return f"{result.path or 'standard input'} got no verdict: {result.explanation}"


def _with_command_hint(sentence: str, path: str | None, context: typer.Context) -> str:
    named = path in getattr(context.find_root().command, "commands", ())
    return f"{sentence} ({path} is also a command; commands come first.)" if named else sentence


def _json_printer() -> Callable[[Any], None]:
    return lambda result: print_json(result.to_dict())


def _earlier_texts(folder: Path) -> list[str]:
    from detector.documents.reading import read_folder

    return [source.text for source in read_folder(folder)]


def _with_baseline(detector: Any, result: Any, earlier: list[str]) -> Any:
    """The result with the comparison, or with a warning that says why there is none."""
    from dataclasses import replace

    from detector.errors import InputError
    from detector.verdict.baseline import compare_with_earlier

    if result.evidence is None:
        return result
    try:
        return replace(result, baseline=compare_with_earlier(detector, result.evidence.text, earlier))
    except InputError as error:
        return replace(result, warnings=(*result.warnings, str(error)))


def _text_printer(show_text: bool, explain: bool = False) -> Callable[[Any], None]:
    from detector.report.terminal import make_console, print_result

    console = make_console()
    return lambda result: print_result(console, result, show_text, explain)
