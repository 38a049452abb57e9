"""Files → results, in order; what cannot be read becomes a result that says so."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from detector.documents.reading import STANDARD_INPUT, SourceText, files_in, read_source
from detector.documents.reading_limits import MOST_CHARACTERS
from detector.errors import InputError, TooLongError
from detector.records.result import Result
from detector.verdict.detector import Detector

NAMED = ("unreadable", "too_long")
"""Reasons whose explanation names the file."""
_FILES_AT_ONCE = 16
"""Read together, so that batches fill; results appear after each such group."""


def detect_files(
    detector: Detector,
    paths: Iterable[str],
    on_progress: Callable[[int, int], None] | None = None,
    most_characters: int = MOST_CHARACTERS,
) -> Iterator[Result]:
    """One result for each path (``-`` is standard input).

    ``on_progress`` is told (tokens scored, tokens to score) of each group of files that is read together.
    """
    iterator = iter(paths)
    while group := list(islice(iterator, _FILES_AT_ONCE)):
        opened = [_read(detector, path, most_characters) for path in group]
        texts = [source for source in opened if isinstance(source, SourceText)]
        results = detector.detect_stream(((s.id, s.path, s.text, s.warnings) for s in texts), on_progress)
        for source in opened:
            yield source if isinstance(source, Result) else next(results)


def files_among(paths: Iterable[str]) -> list[str]:
    """The paths, with a folder replaced by its files and those of its subfolders, by name; hidden ones are left out."""
    found: list[str] = []
    for path in paths:
        folder = Path(path)
        if path == STANDARD_INPUT or not folder.is_dir():
            found.append(path)
            continue
        files = [str(file) for file in files_in(folder)]
        if not files:
            raise InputError(f"{path} holds no file; name a folder that holds texts.")
        found += files
    return found


def _read(detector: Detector, path: str, most_characters: int) -> SourceText | Result:
    try:
        return read_source(path, most_characters)
    except InputError as error:
        return Result.unscored(
            "too_long" if isinstance(error, TooLongError) else "unreadable",
            str(error),
            id=path,
            path=path,
            model_name=detector.language_model.name,
            model_fingerprint=detector.language_model.fingerprint,
        )
