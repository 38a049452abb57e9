"""``detect report PATH... --out DIR``: a page for each text, and an index."""

from pathlib import Path
from typing import Annotated

import typer

from detector.commands.options import (
    MOST_CHARACTERS,
    DetectorChoice,
    MaxCharsOption,
    QuietOption,
    SharedOption,
    guarded,
    invite_to_paste,
    say,
)
from detector.commands.waiting import progress_bar


@guarded
def report(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files and folders; - is standard input.")],
    out: Annotated[Path, typer.Option(help="Folder to write the pages into; made if need be.")],
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Number the texts instead of naming them, in pages and file names.")
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(help="With --anonymous: write which number is which file, as CSV, outside of --out."),
    ] = None,
    pictures: Annotated[
        str | None, typer.Option(help="Write every picture as a file too: png or svg.", show_default="none")
    ] = None,
    max_chars: MaxCharsOption = MOST_CHARACTERS,
    shared: SharedOption = False,
    *,
    choice: DetectorChoice,
    quiet: QuietOption = False,
) -> int:
    """A page for each text that people can read, and an index.

    The pages need no network and no script; print them from the browser. results.csv and results.xlsx beside the index
    hold the same for a spreadsheet.
    """
    from detector.documents.isolated_reading import prepare_reading
    from detector.errors import UsageError
    from detector.report.class_set import check_key, drawn_order, prepare_folder, write_key, write_set
    from detector.report.page import REPORT_ALTERNATIVES
    from detector.report.set_names import distinct_names
    from detector.verdict.files import NAMED, detect_files, files_among

    if key and not anonymous:
        raise UsageError("--key tells which number is which file, and only --anonymous gives numbers; add it.")
    invite_to_paste(paths, quiet)
    named = drawn_order(files_among(paths)) if anonymous else files_among(paths)
    prepare_folder(out, anonymous, pictures)
    if key:
        check_key(key, out)
    prepare_reading(named)
    detector = choice.load_detector(REPORT_ALTERNATIVES, quiet)
    if key:
        write_key(named, key, out)
    with progress_bar(f"Scoring and writing {len(named)} pages", quiet) as progress:
        written = write_set(
            detect_files(detector, named, most_characters=max_chars),
            out,
            anonymous,
            pictures,
            lambda done, _: progress(done, len(named)),
            distinct_names(named),
        )
    for entry in written:
        if entry.result.verdict == "unscored" and not quiet:
            named_already = entry.result.reason in NAMED and not anonymous
            say(f"{'No verdict' if named_already else f'{entry.name} got no verdict'}: {entry.result.explanation}")
    if key and not quiet:
        say(f"Which number is which file stands in {key}; keep it apart from the pages.")
    print(out / "index.html")
    return 3 if any(entry.result.verdict == "unscored" for entry in written) else 0
