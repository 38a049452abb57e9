"""Files → results, in order; what cannot be read becomes a result that says so."""

from collections.abc import Iterable, Iterator
from itertools import islice

from detector.documents.reading import SourceText, read_source
from detector.errors import InputError
from detector.verdict.detector import Detector
from detector.verdict.result import Result

_FILES_AT_ONCE = 16
"""Read together, so that batches fill; results appear after each such group."""


def detect_files(detector: Detector, paths: Iterable[str]) -> Iterator[Result]:
    """One result for each path (``-`` is standard input)."""
    iterator = iter(paths)
    while group := list(islice(iterator, _FILES_AT_ONCE)):
        opened = [_read(detector, path) for path in group]
        texts = [source for source in opened if isinstance(source, SourceText)]
        results = detector.detect_stream((s.id, s.path, s.text, s.warnings) for s in texts)
        for source in opened:
            yield source if isinstance(source, Result) else next(results)


def _read(detector: Detector, path: str) -> SourceText | Result:
    try:
        return read_source(path)
    except InputError as error:
        return Result.unscored(
            "unreadable",
            str(error),
            id=path,
            path=path,
            model_name=detector.language_model.name,
            model_fingerprint=detector.language_model.fingerprint,
        )
