"""Highlight reports of the documents that an analyst will want to read, one page a distinct text.

Results hold no text, so it is read from the source once more and scored with the likeliest tokens beside.
A report that is there already is kept; one that is no longer wanted is removed.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from detector.corpus.documents import Document, batches
from detector.corpus.sealed_parquet import read_sealed_parquet
from detector.corpus.sources import Source
from detector.corpus.store import REPORTS as FOLDER
from detector.corpus.store import Store, writing
from detector.progress import OnProgress, unwatched
from detector.records.verdicts import ACCUSED

if TYPE_CHECKING:
    from detector.verdict.detector import Detector

Reports = Literal["flagged", "all", "none"]
REPORTS: tuple[Reports, ...] = ("flagged", "all", "none")
_AT_ONCE = 16


def report_name(text_sha256: str) -> str:
    """File of the report on a text."""
    return f"{text_sha256[:20]}.html"


def is_flagged(verdict: str, flagged_fdr: bool | None) -> bool:
    """Whether a document is one to read: by its verdict, or by the false-discovery rate of the corpus."""
    return verdict in ACCUSED or bool(flagged_fdr)


class ReportWriter:
    """Writes what is missing when it is asked; loads a detector only then."""

    def __init__(
        self,
        store: Store,
        documents: Source,
        load: "Callable[[int], Detector]",
        on_progress: OnProgress = unwatched,
    ) -> None:
        self._store, self._documents, self._load, self._on_progress = store, documents, load, on_progress
        self._folder = store.folder / FOLDER

    def write(self, reports: Reports) -> None:
        """Bring the folder to what ``reports`` asks for."""
        wanted = set() if reports == "none" else set(self._texts(reports == "all"))
        with writing(self._store.folder):
            there = {path.name for path in self._folder.glob("*.html")}
            for name in there - {report_name(text) for text in wanted}:
                (self._folder / name).unlink()
        missing = {text for text in wanted if report_name(text) not in there}
        if missing:
            self._write_missing(missing)

    def _write_missing(self, missing: set[str]) -> None:
        from detector.report.page import REPORT_ALTERNATIVES, report_page

        detector = self._load(REPORT_ALTERNATIVES)
        total = len(missing)
        self._on_progress(0, total)
        for batch in batches(self._wanted_documents(missing), _AT_ONCE):
            results = detector.detect_stream((d.id, d.path, d.text or "", d.warnings) for d in batch)
            for document, result in zip(batch, results, strict=True):
                page = report_page(
                    result, detector.classifier, name=document.id, links=[("All documents", "../index.html")]
                )
                assert document.text_sha256 is not None  # noqa: S101 - it has a text
                self._put(self._folder / report_name(document.text_sha256), page)
            self._on_progress(total - len(missing), total)

    def _wanted_documents(self, missing: set[str]) -> Iterator[Document]:
        for document in self._documents.documents():
            if document.text_sha256 in missing:
                missing.discard(document.text_sha256)
                yield document
            if not missing:
                return

    def _put(self, path: Path, page: str) -> None:
        self._store.write(path, lambda file: file.write(page.encode("utf-8", "backslashreplace")))

    def _texts(self, every: bool) -> Iterator[str]:
        for path in self._store.parts():
            table = read_sealed_parquet(path, ["text_sha256", "verdict", "flagged_fdr"])
            for row in table.to_pylist():
                scored = row["verdict"] != "unscored"
                if scored and (every or is_flagged(row["verdict"], row["flagged_fdr"])):
                    yield row["text_sha256"]
