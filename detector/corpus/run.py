"""``score_corpus``: a source of documents in, a folder of results out; the same call again goes on.

The order of things: the folder is held and brought into agreement with itself, documents are read and admitted
one by one, an engine judges those that are new, and their rows become parts; then copies, flags, summary,
page and reports are made from the rows. Everything before the last paragraph of that is constant in memory.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from detector import __version__
from detector.corpus.documents import BATCH_CHARACTERS, BATCH_DOCUMENTS, Document, batches
from detector.corpus.engine import Engine, InProcess, device_kind
from detector.corpus.finishing import set_apart, statistics, write_copies, write_flags
from detector.corpus.judging import FAILED, Judged
from detector.corpus.ledger import Ledger
from detector.corpus.local_engine import LocalEngine
from detector.corpus.recipe import Judge, Recipe
from detector.corpus.reports import REPORTS, Reports, ReportWriter
from detector.corpus.schema import Carried, carried_columns
from detector.corpus.sources import Source, source_of
from detector.corpus.store import INDEX, SUMMARY, Run, Store
from detector.corpus.summary import summary_of
from detector.corpus.tables import Layout, Reading
from detector.errors import InputError, UsageError

if TYPE_CHECKING:
    from detector.verdict.detector import Detector

DEFAULT_FDR = 0.05
_PEEKED = 100
"""Documents whose fields decide the columns that are carried through."""
_ROWS_A_PART = 1024
_SECONDS_A_PART = 30.0
"""Longest time for which finished rows are kept from the disk."""


@dataclass
class Progress:
    """How far a run has come."""

    read: int = 0
    """Documents read from the source."""
    done_before: int = 0
    """Of those, with a row from an earlier run."""
    copies: int = 0
    """Of those, with the same text as another."""
    judged: int = 0
    """Documents judged in this run."""
    tokens: int = 0
    """Tokens scored in this run."""
    share_read: float | None = None
    """Share of the source that has been read; None where that cannot be known."""
    seconds: float = 0.0
    store_seconds: float = 0.0
    """Of those, spent with parts and the ledger while documents were judged."""
    reports: int = 0
    """Reports written so far, and how many there will be."""
    reports_wanted: int = 0

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None while nothing can be said."""
        if not self.share_read or not self.judged:
            return None
        wanted = self.read - self.done_before - self.copies
        done = self.share_read * self.judged / max(1, wanted)
        return self.seconds * (1 - done) / done if done > 0 else None


def score_corpus(
    source: str | Path | Sequence[str | Path] | Source,
    out: str | Path,
    *,
    recipe: Recipe | None = None,
    detector: "Detector | None" = None,
    engine: Engine | None = None,
    layout: Layout | None = None,
    fdr: float = DEFAULT_FDR,
    reports: Reports = "flagged",
    keep_tokens: bool = False,
    force: bool = False,
    retry_failed: bool = False,
    workers: int | None = None,
    threads: int | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> dict[str, Any]:
    """Judge every document of ``source`` into the folder ``out`` and return the summary.

    ``source`` is a folder, a file (.csv, .tsv, .jsonl, .parquet, compressed with .gz or .zst, or one text),
    ``-`` for paths on standard input, a list of paths, or a ``Source``. The detector is ``recipe``'s, in worker
    processes, or ``detector``, in this one. Documents that ``out`` has rows for are passed over, so a call that was
    broken off is mended by the same call. Rows of documents that ``source`` no longer holds are set apart in
    ``out``/absent, counted in the summary, and return when the documents do. ``fdr`` and ``reports`` may change from
    call to call; anything else that would change a number raises ``UsageError``, unless ``force`` throws the old
    results away.

    Raises ``UsageError``, ``InputError`` where there is no such source or nothing is left of it, ``ModelError`` and
    ``CalibrationError`` as ``Detector.load`` does, and ``OutputError`` where ``out`` cannot be written; what was
    finished by then is kept.
    """
    if not 0 < fdr < 1:
        raise UsageError(f"The false-discovery rate is {fdr}; it must lie between 0 and 1, for example 0.05.")
    if reports not in REPORTS:
        raise UsageError(f"--reports is {reports!r}; allowed: {', '.join(REPORTS)}.")
    if engine is not None and recipe is None:
        raise UsageError(
            "An engine of your own needs the recipe of its detector, which says what the results belong to."
        )
    layout = layout or Layout()
    recipe = recipe or Recipe()
    judge = Judge.read(recipe.calibration_path) if detector is None else Judge.of(asdict(detector.classifier))
    if engine is None:
        engine = LocalEngine(recipe, workers, threads) if detector is None else InProcess(detector)
    if out == "":
        raise UsageError("The name of the folder for the results is empty; name one with --out.")
    store = Store(Path(out))
    documents = source_of(source, layout, store.folder)
    run = _run_of(documents, layout, keep_tokens, recipe, detector, judge)
    with store.held():
        run, carried = _settle(store, run, documents, force)
        if retry_failed:
            store.drop_failed()
        with Ledger.opened(store, run.id) as ledger:
            progress = Progress()
            added = _score(store, run, ledger, documents, engine, carried, progress, on_progress, recipe)

            def told(done: int, wanted: int) -> None:
                progress.reports, progress.reports_wanted = done, wanted
                on_progress(progress)

            def load(alternatives: int) -> "Detector":
                if detector is None:
                    return recipe.load(alternatives)
                return type(detector)(detector.language_model, detector.classifier, detector.target_fpr, alternatives)

            if not progress.read and ledger.absent():
                raise InputError(
                    f"{documents.name} holds no document now, and {store.folder} has rows of {ledger.absent():,}. They "
                    "stay as they are. Is a disk not there, or the list of paths empty? To start over: --force."
                )
            writer = ReportWriter(store, documents, load, told)
            return _finish(store, run, ledger, carried, judge, writer, added, fdr, reports)


def _run_of(
    documents: Source, layout: Layout, keep_tokens: bool, recipe: Recipe, detector: "Detector | None", judge: Judge
) -> Run:
    return Run(
        source=documents.name,
        text_field=layout.text_field,
        id_field=layout.id_field,
        most_characters=layout.most_characters,
        keep_tokens=keep_tokens,
        model=recipe.model if detector is None else detector.language_model.name,
        dtype=recipe.dtype if detector is None else detector.language_model.dtype,
        model_fingerprint=judge.model_fingerprint,
        voices_fingerprint=judge.voices_fingerprint,
        lexical_fingerprint=judge.lexical_fingerprint,
        calibration_sha256=judge.sha256,
        target_fpr=recipe.target_fpr if detector is None else detector.target_fpr,
        program_version=__version__,
    )


def _settle(store: Store, wanted: Run, documents: Source, force: bool) -> tuple[Run, list[Carried]]:
    """The run that the folder holds from now on; raises ``UsageError`` where it holds another."""
    try:
        found = store.run()
    except UsageError:
        if not force:
            raise
        found = None
        wanted = Run(**(asdict(wanted) | {"attempt": time.time_ns()}))
    if found is not None and not force:
        run, carried = found
        differences = run.differences(wanted)
        if not differences:
            store.tidy(run)
            return run, carried
        if store.parts():
            raise UsageError(
                f"{store.folder} holds the results of another run: {'; '.join(differences)}. Name another folder "
                "with --out, or throw these results away with --force."
            )
    if found is not None:
        wanted = Run(**(asdict(wanted) | {"attempt": found[0].attempt + 1}))
    carried = carried_columns(_peeked(documents))
    store.begin(wanted, carried)
    return wanted, carried


def _peeked(documents: Source) -> list[Document]:
    """The first documents; raises ``UsageError`` if a single file has no text in any of them."""
    stream = documents.documents()
    first = list(islice(stream, _PEEKED))
    if getattr(documents, "is_one_file", False) and first and all(d.problem and d.fields for d in first):
        assert first[0].problem is not None  # noqa: S101 - just looked
        raise UsageError(
            f"{first[0].problem.explanation} The other fields are {', '.join(list(first[0].fields)[:30])}; name "
            "that of the text with --text-field."
        )
    return first


def _score(
    store: Store,
    run: Run,
    ledger: Ledger,
    documents: Source,
    engine: Engine,
    carried: list[Carried],
    progress: Progress,
    on_progress: Callable[[Progress], None],
    recipe: Recipe,
) -> int:
    """Judge what has no row yet; returns how many rows were added. Rows that are finished survive any end of this."""
    start = time.monotonic()
    reading = Reading()

    def new_documents() -> Iterator[Document]:
        for document in documents.documents(reading):
            progress.read += 1
            begun = time.monotonic()
            admission, keyed = ledger.admit(document)
            progress.store_seconds += time.monotonic() - begun
            progress.done_before += admission == "done"
            progress.copies += admission == "copy"
            if admission == "new":
                yield keyed
            elif progress.read % 1000 == 0:
                tell()

    def tell() -> None:
        progress.seconds = time.monotonic() - start
        progress.share_read = min(1.0, reading.done / reading.total) if reading.total else None
        on_progress(progress)

    unwritten: list[Judged] = []
    last_write = time.monotonic()
    kind = device_kind(recipe.device)
    most = (sizes.get(kind, sizes["cpu"]) for sizes in (BATCH_DOCUMENTS, BATCH_CHARACTERS))
    stream = engine.judged(batches(new_documents(), *most), carried, run.keep_tokens)
    try:
        for judged in stream:
            if not progress.judged:
                store.outdate()
            unwritten.append(judged)
            progress.judged += len(judged.rows)
            progress.tokens += judged.n_tokens
            n_rows = sum(len(waiting.rows) for waiting in unwritten)
            if n_rows >= _ROWS_A_PART or time.monotonic() - last_write > _SECONDS_A_PART:
                progress.store_seconds += _write(store, run, ledger, unwritten)
                last_write = time.monotonic()
            tell()
    finally:  # an interruption, a full disk or a model that gives up takes no finished row with it
        if isinstance(stream, Iterator) and hasattr(stream, "close"):
            stream.close()
        progress.store_seconds += _write(store, run, ledger, unwritten)
    tell()
    return progress.judged


def _write(store: Store, run: Run, ledger: Ledger, unwritten: list[Judged]) -> float:
    """Rows into parts, those of failed documents apart, then into the ledger; returns the seconds it took."""
    start = time.monotonic()
    if unwritten:
        rows = pa.concat_tables([judged.rows for judged in unwritten])
        tables = [judged.tokens for judged in unwritten if judged.tokens is not None]
        tokens = pa.concat_tables(tables) if tables else None
        is_failed = pc.fill_null(pc.equal(rows["reason"], FAILED), False)
        for failed, chosen in ((False, rows.filter(pc.invert(is_failed))), (True, rows.filter(is_failed))):
            if len(chosen):
                part = store.write_part(run, chosen, None if failed else tokens, failed)
                ledger.record(part, chosen["document_key"].to_pylist(), failed)
        unwritten.clear()
    return time.monotonic() - start


def _finish(
    store: Store,
    run: Run,
    ledger: Ledger,
    carried: list[Carried],
    judge: Judge,
    writer: ReportWriter,
    added: int,
    fdr: float,
    reports: Reports,
) -> dict[str, Any]:
    """Everything that is made from the rows; nothing, where it has been made from these very rows before."""
    moved = set_apart(store, run, ledger)
    copied = write_copies(store, run, ledger, carried)
    settings = json.dumps([fdr, reports, ledger.state_of_parts()])
    finished = (store.folder / SUMMARY, store.folder / INDEX)
    if not (added or copied or moved) and ledger.fact("finished") == settings and all(p.exists() for p in finished):
        return json.loads(finished[0].read_text(encoding="utf-8"))
    store.outdate()
    found = statistics(store, ledger, judge, fdr)
    write_flags(store, run, ledger, found.flag_threshold)
    writer.write(reports)
    from detector.corpus.index_page import index_page

    summary = summary_of(run, judge, found, fdr, carried)
    page = index_page(store, summary, found, judge)
    store.write(store.folder / INDEX, lambda file: file.write(page.encode("utf-8", "backslashreplace")))
    text = json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    store.write(store.folder / SUMMARY, lambda file: file.write(text.encode()))
    ledger.set_fact("finished", json.dumps([fdr, reports, ledger.state_of_parts()]))
    return summary
