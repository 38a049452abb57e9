"""Documents that have no row yet: admitted one by one, judged by an engine, and written as parts."""

import time
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from detector.corpus.documents import BATCH_CHARACTERS, BATCH_DOCUMENTS, Document, batches
from detector.corpus.engine import Engine, device_kind
from detector.corpus.judging import FAILED, Judged
from detector.corpus.open_run import OpenRun
from detector.corpus.progress import OnRunProgress, Progress
from detector.corpus.sources import Source
from detector.corpus.tables import Reading

_ROWS_A_PART = 1024
_SECONDS_A_PART = 30.0
"""Longest time for which finished rows are kept from the disk."""
_TOLD_EVERY = 1000
"""Documents that need no judging, until they are told of."""


def judge_new(
    run: OpenRun, documents: Source, engine: Engine, device: str, progress: Progress, on_progress: OnRunProgress
) -> int:
    """Judge what has no row yet; returns how many rows were added. Rows that are finished survive any end of this."""
    admission = _Admission(run, documents, progress, on_progress)
    rows = _UnwrittenRows(run, progress)
    kind = device_kind(device)
    most = (sizes.get(kind, sizes["cpu"]) for sizes in (BATCH_DOCUMENTS, BATCH_CHARACTERS))
    stream = engine.judged(batches(admission.new_documents(), *most), run.carried, run.settings.keep_tokens)
    try:
        for judged in stream:
            is_first = not progress.judged
            if is_first:
                run.store.outdate()
            rows.add(judged)
            progress.stage = "scoring"
            admission.tell()
            if is_first:
                progress.seconds_before_scoring, progress.judged_first = progress.seconds, progress.judged
    finally:  # an interruption, a full disk or a model that gives up takes no finished row with it
        if isinstance(stream, Iterator) and hasattr(stream, "close"):
            stream.close()
        rows.write()
    admission.tell()
    return progress.judged


class _Admission:
    """Reads the source and lets through what is new to the ledger."""

    def __init__(self, run: OpenRun, documents: Source, progress: Progress, on_progress: OnRunProgress) -> None:
        self._ledger, self._documents = run.ledger, documents
        self._progress, self._on_progress = progress, on_progress
        self._reading = Reading()
        self._begun = time.monotonic()

    def new_documents(self) -> Iterator[Document]:
        """In the order of the source, each with its key."""
        progress = self._progress
        for document in self._documents.documents(self._reading):
            progress.read += 1
            begun = time.monotonic()
            admission, keyed = self._ledger.admit(document)
            progress.store_seconds += time.monotonic() - begun
            progress.done_before += admission == "done"
            progress.copies += admission == "copy"
            if admission == "new":
                if progress.stage == "reading":
                    progress.stage = "loading"
                    self.tell()
                yield keyed
            elif progress.read % _TOLD_EVERY == 0:
                self.tell()
        progress.is_read = True

    def tell(self) -> None:
        """Say how far the run has come."""
        reading = self._reading
        self._progress.seconds = time.monotonic() - self._begun
        self._progress.share_read = min(1.0, reading.done / reading.total) if reading.total else None
        self._on_progress(self._progress)


class _UnwrittenRows:
    """Finished rows on their way to the disk: in parts that are neither small nor late."""

    def __init__(self, run: OpenRun, progress: Progress) -> None:
        self._run, self._progress = run, progress
        self._waiting: list[Judged] = []
        self._last_write = time.monotonic()

    def add(self, judged: Judged) -> None:
        """Take the rows of a batch, and write what waits once that is much, or has waited long."""
        self._waiting.append(judged)
        self._progress.judged += len(judged.rows)
        self._progress.tokens += judged.n_tokens
        n_rows = sum(len(waiting.rows) for waiting in self._waiting)
        if n_rows >= _ROWS_A_PART or time.monotonic() - self._last_write > _SECONDS_A_PART:
            self.write()

    def write(self) -> None:
        """Rows into parts, those of failed documents apart, then into the ledger."""
        begun = time.monotonic()
        if self._waiting:
            rows = pa.concat_tables([judged.rows for judged in self._waiting])
            tables = [judged.tokens for judged in self._waiting if judged.tokens is not None]
            tokens = pa.concat_tables(tables) if tables else None
            is_failed = pc.fill_null(pc.equal(rows["reason"], FAILED), False)
            self._write_part(rows.filter(pc.invert(is_failed)), tokens, failed=False)
            self._write_part(rows.filter(is_failed), None, failed=True)
            self._waiting.clear()
        self._last_write = time.monotonic()
        self._progress.store_seconds += self._last_write - begun

    def _write_part(self, rows: pa.Table, tokens: pa.Table | None, failed: bool) -> None:
        if len(rows):
            part = self._run.store.write_part(self._run.settings, rows, tokens, failed)
            self._run.ledger.record(part, rows["document_key"].to_pylist(), failed)
