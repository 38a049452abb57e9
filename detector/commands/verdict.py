"""``detect PATH...``: the verdict on each file."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from detector.commands.options import (
    MOST_CHARACTERS,
    DetectorChoice,
    JsonOption,
    MaxCharsOption,
    QuietOption,
    SharedOption,
    given,
    guarded,
    invite_to_paste,
    print_json,
    say,
)
from detector.commands.slips import is_pasted_text, on_pasted_text
from detector.commands.waiting import progress_bar

if TYPE_CHECKING:
    from detector.records.result import Result
    from detector.verdict.baseline import WriterBaseline
    from detector.verdict.classifier import Classifier
    from detector.verdict.detector import Detector


@guarded
def verdict(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Files (text, Markdown, Word, OpenDocument, RTF, PDF, EPUB, HTML, e-mail, notebooks, subtitles); "
            "- is standard input. Tables of many texts: detect batch.",
        ),
    ],
    as_json: JsonOption = False,
    html: Annotated[Path | None, typer.Option(help="Write the report of one file as a web page.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write the report of one file as PDF.")] = None,
    png: Annotated[Path | None, typer.Option(help="Draw the surprise curve of one file (.png or .svg).")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write a table of all verdicts, a row a file (.csv).")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="The same for a spreadsheet (.xlsx).")] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Folder of earlier texts by the same writer, to compare with.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the numbers, and which features and sentences moved the score.")
    ] = False,
    show: Annotated[
        Literal["evidence", "rank", "surprise", "fraction", "none"] | None,
        typer.Option(
            help="Show the text marked by this; without the option by evidence, for one file in a terminal.",
            show_default=False,
        ),
    ] = None,
    max_chars: MaxCharsOption = MOST_CHARACTERS,
    shared: SharedOption = False,
    *,
    choice: DetectorChoice,
    quiet: QuietOption = False,
) -> int:
    """The verdict on each file; this is the default command.

    It is one of human, machine, mixed, inconclusive and unscored.
    """
    outputs: dict[str, Path | None] = {"--html": html, "--pdf": pdf, "--png": png}
    from detector.documents.isolated_reading import prepare_reading
    from detector.verdict.files import NAMED

    _check_outputs(given(**outputs), paths)
    from detector.report.spreadsheet import check_tables, result_rows, write_tables

    tables = given(csv=csv, xlsx=xlsx)
    check_tables(tables)
    if not as_json and (sentences := _none_can_be_read(paths)):
        for path, sentence in zip(paths, sentences, strict=True):
            say(_with_hint(sentence, path, context))
        return 3
    invite_to_paste(paths, quiet)
    prepare_reading(paths)
    detector = choice.load_detector(_alternatives(html or pdf), quiet)
    earlier = _writer_baseline(detector, baseline, max_chars) if baseline is not None else None
    write = _json_printer() if as_json else _text_printer(show, explain, len(paths) == 1 and not quiet)
    code, rows = 0, []
    for result in _with_progress(detector, paths, max_chars, quiet):
        unreadable = result.reason in NAMED
        if earlier is not None:
            result = _with_baseline(result, earlier)
        if tables:
            rows += result_rows([result])
        try:  # files first, so that a reader who has seen enough and closes the pipe loses none
            _write_outputs(result, detector.classifier, html, pdf, png)
        finally:
            if as_json or not unreadable:
                write(result)
            for warning in () if quiet else result.warnings:
                say(warning)
            if result.verdict == "unscored":
                code = 3
                if as_json or unreadable:
                    say(_with_hint(result.explanation, result.path, context) if unreadable else _named(result))
    write_tables(tables, rows)
    return code


def _none_can_be_read(paths: list[str]) -> list[str]:
    """A sentence for each path where none of them is there, so that nobody waits for a model to hear it."""
    from detector.documents.reading import STANDARD_INPUT, read_source
    from detector.errors import InputError

    if any(path == STANDARD_INPUT or os.path.lexists(path) for path in paths):
        return []
    sentences = []
    for path in paths:
        try:
            read_source(path)
        except InputError as error:
            sentences.append(str(error))
    return sentences if len(sentences) == len(paths) else []


def _alternatives(report: Path | None) -> int:
    if report is None:
        return 0
    from detector.report.page import REPORT_ALTERNATIVES

    return REPORT_ALTERNATIVES


def _check_outputs(outputs: dict[str, Path], paths: list[str]) -> None:
    """Refuse before the work rather than after it."""
    if not outputs:
        return
    from detector.errors import UsageError
    from detector.report.output_files import check_writable
    from detector.report.pdf import check_pdf

    for option, path in outputs.items():
        if len(paths) != 1:
            raise UsageError(f"{option} is for one file, and {len(paths)} were given; for many: detect report PATH...")
        if option == "--png":
            from detector.report.figures import check_picture_path

            check_picture_path(path)
        elif path.suffix.lower() != option.replace("--", "."):
            raise UsageError(f"{option} writes {option.replace('--', '.')} files, and {path.name} is none.")
        else:
            check_writable(path)
            if option == "--pdf":
                check_pdf()


def _write_outputs(
    result: "Result", classifier: "Classifier", html: Path | None, pdf: Path | None, png: Path | None
) -> None:
    if html or pdf:
        page = result.to_html()
        if html:
            html.write_text(page, encoding="utf-8")
        if pdf:
            from detector.report.pdf import report_pdf

            pdf.write_bytes(report_pdf(page))
    if png:
        from detector.report.picture_files import draw_surprise

        draw_surprise(result, classifier, png)


def _with_progress(detector: "Detector", paths: list[str], max_chars: int, quiet: bool) -> "Iterator[Result]":
    """The results, with a line on standard error while there is none to show."""
    from detector.verdict.files import detect_files

    with progress_bar("Scoring" if len(paths) == 1 else f"Scoring {len(paths)} texts", quiet) as line:
        for result in detect_files(detector, paths, line, max_chars):
            line.hide()
            yield result


def _named(result: "Result") -> str:
    return f"{result.path or 'standard input'} got no verdict: {result.explanation}"


def _with_hint(sentence: str, path: str | None, context: typer.Context) -> str:
    if path is not None and is_pasted_text(path):
        return on_pasted_text(path)
    named = path in getattr(context.find_root().command, "commands", ())
    return f"{sentence} ({path} is also a command; commands come first.)" if named else sentence


def _json_printer() -> "Callable[[Result], None]":
    return lambda result: print_json(result.to_dict())


def _writer_baseline(detector: "Detector", folder: Path, max_chars: int) -> "WriterBaseline":
    from detector.documents.reading import read_folder
    from detector.verdict.baseline import WriterBaseline

    return WriterBaseline(detector, [source.text for source in read_folder(folder, max_chars)])


def _with_baseline(result: "Result", earlier: "WriterBaseline") -> "Result":
    """The result with the comparison, or with a warning that says why there is none."""
    from dataclasses import replace

    from detector.errors import InputError

    if result.evidence is None:
        return result
    try:
        return replace(result, baseline=earlier.compare(result))
    except InputError as error:
        return replace(result, warnings=(*result.warnings, str(error)))


def _text_printer(show: str | None, explain: bool, is_alone: bool) -> "Callable[[Result], None]":
    from detector.report.terminal import make_console, print_result

    console = make_console()
    # A pipe is read by programs, or searched: it gets the text only when that was asked for.
    chosen = show or ("evidence" if is_alone and console.is_terminal else "none")
    return lambda result: print_result(console, result, None if chosen == "none" else chosen, explain, is_alone)
