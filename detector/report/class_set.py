"""A set of texts: one report each, and an index that sorts but ranks nobody (``class_index.py``).

``anonymous`` replaces every name by a number, in pages and in file names alike. The index names the files of its run,
so that the next run into the same folder can take away those it does not write again.
"""

import csv
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from detector.errors import OutputError, UsageError
from detector.progress import OnProgress, unwatched
from detector.records.result import Result
from detector.report.class_index import INDEX, TABLES, Entry, index_page, table_rows
from detector.report.evidence_pictures import all_pictures
from detector.report.lettering import escaped, shortened
from detector.report.output_files import check_folder, check_writable
from detector.report.page import name_of, report_page, today, without_names
from detector.report.picture_files import save_picture
from detector.report.set_names import file_stem
from detector.report.spreadsheet import write_csv, write_xlsx
from detector.report.visible import plain_visible

_NUMBERED = re.compile(r"text-\d+.*|index\.html|results\.(csv|xlsx)")
_FILES = re.compile(r'<meta name="detect-files" content="([\w. -]*)">')
_LONGEST_HEADING = 60


def write_set(
    results: Iterable[Result],
    out: Path,
    anonymous: bool = False,
    picture_format: str | None = None,
    on_progress: OnProgress = unwatched,
    names: Sequence[str] = (),
) -> list[Entry]:
    """Write a page for each result as it comes, then the index and its tables; ``on_progress`` is told the pages.

    ``picture_format`` (png or svg) asks for every picture as a file beside its page; ``names`` are what the results
    are called, as ``distinct_names`` tells them apart. Raises what ``prepare_folder`` does.
    """
    prepare_folder(out, anonymous, picture_format)
    former = _files_of(out / INDEX)
    date, written, files = today(), [], []
    for entry in entries_of(results, anonymous, names):
        (out / entry.address).write_text(
            report_page(entry.result, name=entry.name, date=date, links=[("All texts", INDEX)]), encoding="utf-8"
        )
        files.append(entry.address)
        for picture in all_pictures(entry.result) if picture_format else ():
            path = out / f"{Path(entry.address).stem}-{picture.name}.{picture_format}"
            save_picture(picture, path, f"{picture.title}: {_letters(entry.name)}")
            files.append(path.name)
        written.append(entry)
        on_progress(len(written), None)
    rows = table_rows(written)
    write_csv(out / TABLES["CSV"], rows)
    write_xlsx(out / TABLES["XLSX"], rows)
    files += TABLES.values()
    (out / INDEX).write_text(index_page(written, anonymous, date, files), encoding="utf-8")
    kept = {name.casefold() for name in [*files, INDEX]}
    for name in former:
        if name.casefold() not in kept:
            (out / name).unlink(missing_ok=True)
    return written


def prepare_folder(out: Path, anonymous: bool = False, picture_format: str | None = None) -> None:
    """Make the folder of a set.

    Raises ``UsageError`` for a picture format other than png and svg, and for hidden names beside files that may
    tell them; ``OutputError`` for a folder that cannot be made or written into.
    """
    if picture_format not in (None, "png", "svg"):
        raise UsageError(f"Pictures are written as png or svg, and not as {picture_format!r}.")
    check_folder(out)
    listed = _files_of(out / INDEX)
    if foreign := [name for name in TABLES.values() if (out / name).exists() and name not in listed]:
        raise UsageError(f"{out / foreign[0]} would be replaced, and is none of detect's. Name another --out.")
    if anonymous and (named := sorted(path.name for path in out.iterdir() if not _NUMBERED.fullmatch(path.name))):
        raise UsageError(
            f"{out} holds other files, which may name people ({shortened(escaped(named[0]), _LONGEST_HEADING)} ...). "
            "Name an empty folder with --out."
        )


def _files_of(index: Path) -> list[str]:
    """Pages and pictures that a former run wrote beside its index; none where there is no such index."""
    try:
        listed = _FILES.search(index.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return []
    names = listed.group(1).split() if listed else []
    return [
        name
        for name in names
        if name.endswith((".html", ".png", ".svg", *TABLES.values())) and (index.parent / name).is_file()
    ]


def drawn_order(paths: Sequence[str]) -> list[str]:
    """The paths in an order drawn by lot, so that a list of names does not tell which number is whose.

    Under SOURCE_DATE_EPOCH, which asks for the same pages every time, it is the order given.
    """
    order = list(paths)
    if not os.environ.get("SOURCE_DATE_EPOCH"):
        secrets.SystemRandom().shuffle(order)
    return order


def write_key(paths: Sequence[str], key: Path, out: Path) -> None:
    """Write which number of an anonymous set stands for which file, as CSV.

    Raises what ``check_key`` does.
    """
    check_key(key, out)
    try:
        with key.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            csv.writer(file).writerows([("text", "file"), *enumerate(paths, start=1)])
    except OSError as error:
        raise OutputError(f"The key {key} cannot be written: {error.strerror}. Name another --key.") from error


def check_key(key: Path, out: Path) -> None:
    """Raise ``UsageError`` where the key would lie among the pages, ``OutputError`` where it cannot be written."""
    if key.resolve().is_relative_to(out.resolve()):
        raise UsageError(f"The key {key} would lie among the pages of {out} and tell the names. Name another --key.")
    check_writable(key)


def entries_of(results: Iterable[Result], anonymous: bool, names: Sequence[str] = ()) -> Iterator[Entry]:
    """Names and addresses, each address once; under ``anonymous`` neither tells anything."""
    taken = {INDEX}
    for number, result in enumerate(results, start=1):
        name = f"Text {number}" if anonymous else names[number - 1] if names else name_of(result)
        stem = f"text-{number:03d}" if anonymous else file_stem(name)
        address, copy = f"{stem}.html", 2
        while address.casefold() in taken:
            address, copy = f"{stem}-{copy}.html", copy + 1
        taken.add(address.casefold())
        yield Entry(number, plain_visible(name), address, without_names(result) if anonymous else result)


def _letters(name: str) -> str:
    return shortened(escaped(name), _LONGEST_HEADING)
