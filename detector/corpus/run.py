"""``score_corpus``: a source of documents in, a folder of results out; the same call again goes on.

The order of things: the folder is held and brought into agreement with itself, documents are read and admitted
one by one, an engine judges those that are new, and their rows become parts; then copies, flags, summary,
page and reports are made from the rows. Everything before the last paragraph of that is constant in memory.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.corpus.engine import Engine, InProcess
from detector.corpus.local_engine import LocalEngine
from detector.corpus.new_rows import judge_new
from detector.corpus.open_run import OpenRun, opened
from detector.corpus.progress import OnRunProgress, Progress, Stage
from detector.corpus.recipe import Recipe, calibration_sha256
from detector.corpus.reports import REPORTS, Reports, ReportWriter
from detector.corpus.row_updates import set_apart, write_copies, write_flags
from detector.corpus.sources import Source, source_of
from detector.corpus.statistics import statistics
from detector.corpus.store import INDEX, SUMMARY, Run, Store
from detector.corpus.summary import summary_of
from detector.corpus.tables import Layout
from detector.errors import InputError, UsageError
from detector.verdict.classifier import Classifier
from detector.version import __version__

if TYPE_CHECKING:
    from detector.verdict.detector import Detector

DEFAULT_FDR = 0.05


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
    shared: bool = False,
    retry_failed: bool = False,
    workers: int | None = None,
    threads: int | None = None,
    on_progress: OnRunProgress = lambda progress: None,
) -> dict[str, Any]:
    """Judge every document of ``source`` into the folder ``out`` and return the summary.

    ``source`` is a folder, a file (.csv, .tsv, .jsonl, .parquet, compressed with .gz or .zst, or one text),
    ``-`` for paths on standard input, a list of paths, or a ``Source``. The detector is ``recipe``'s, in worker
    processes, or ``detector``, in this one. Documents that ``out`` has rows for are passed over, so a call that was
    broken off is mended by the same call. Rows of documents that ``source`` no longer holds are set apart in
    ``out``/absent, counted in the summary, and return when the documents do. ``fdr`` and ``reports`` may change from
    call to call; anything else that would change a number raises ``UsageError``, unless ``force`` throws the old
    results away. What is written holds texts, so its owner alone can read it, unless it is ``shared``.

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
    if recipe.quick if detector is None else detector.quick:
        if keep_tokens:
            raise UsageError("--keep-tokens keeps probabilities, which --quick does without. Leave out one of the two.")
        if detector is not None and reports != "none":
            raise UsageError("A quick detector makes no pages: ask for reports 'none', or give a recipe instead.")
    classifier = recipe.classifier() if detector is None else detector.classifier
    if engine is None:
        engine = LocalEngine(recipe, workers, threads) if detector is None else InProcess(detector)
    if out == "":
        raise UsageError("The name of the folder for the results is empty; name one with --out.")
    store = Store(Path(out), shared)
    documents = source_of(source, layout, store.folder)
    wanted = _settings(documents, layout, keep_tokens, recipe, detector, classifier)
    with opened(store, wanted, documents, force, retry_failed) as run:
        progress = Progress()
        added = judge_new(run, documents, engine, recipe.device, progress, on_progress)
        if not progress.read and run.ledger.absent():
            raise InputError(
                f"{documents.name} holds no document now, and {store.folder} has rows of {run.ledger.absent():,}. They "
                "stay as they are. Is a disk not there, or the list of paths empty? To start over: --force."
            )

        def load(alternatives: int) -> "Detector":
            if detector is not None:
                return detector.with_alternatives(alternatives)
            return replace(recipe, quick=False).load(alternatives)  # a page needs probabilities

        def on_stage(stage: Stage) -> None:
            progress.stage = stage
            on_progress(progress)

        def on_report(done: int, total: int | None) -> None:
            progress.reports, progress.reports_wanted = done, total or 0
            on_stage("reports")

        writer = ReportWriter(store, documents, load, on_report)
        return _finish(run, classifier, writer, added, fdr, reports, on_stage)


def _settings(
    documents: Source,
    layout: Layout,
    keep_tokens: bool,
    recipe: Recipe,
    detector: "Detector | None",
    classifier: Classifier,
) -> Run:
    return Run(
        source=documents.name,
        text_field=layout.text_field,
        id_field=layout.id_field,
        most_characters=layout.most_characters,
        keep_tokens=keep_tokens,
        model=recipe.model if detector is None else detector.language_model.name,
        dtype=recipe.dtype if detector is None else detector.language_model.dtype,
        model_fingerprint=classifier.model_fingerprint,
        voices_fingerprint=classifier.voices_fingerprint,
        lexical_fingerprint=classifier.lexical_fingerprint,
        calibration_sha256=calibration_sha256(classifier),
        token_analysis_sha256=recipe.token_analysis_sha256() if detector is None else None,
        target_fpr=recipe.target_fpr if detector is None else detector.target_fpr,
        program_version=__version__,
        quick=recipe.quick if detector is None else detector.quick,
    )


def _finish(
    run: OpenRun,
    classifier: Classifier,
    writer: ReportWriter,
    added: int,
    fdr: float,
    reports: Reports,
    on_stage: Callable[[Stage], None],
) -> dict[str, Any]:
    """Everything that is made from the rows; nothing, where it has been made from these very rows before."""
    store, ledger = run.store, run.ledger
    on_stage("counting")
    moved = set_apart(run)
    copied = write_copies(run)
    finished = json.dumps([fdr, reports, ledger.state_of_parts()])
    summary_path, index_path = store.folder / SUMMARY, store.folder / INDEX
    is_there = summary_path.exists() and index_path.exists()
    if is_there and not (added or copied or moved) and ledger.fact("finished") == finished:
        return json.loads(summary_path.read_text(encoding="utf-8"))
    store.outdate()
    numbers = statistics(store, ledger, classifier, fdr)
    write_flags(run, numbers.flag_threshold)
    writer.write(reports)
    on_stage("page")
    from detector.corpus.index_page import index_page

    summary = summary_of(run.settings, classifier, numbers, fdr, run.carried)
    page = index_page(store, summary, numbers, classifier)
    store.write(index_path, lambda file: file.write(page.encode("utf-8", "backslashreplace")))
    text = json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    store.write(summary_path, lambda file: file.write(text.encode()))
    ledger.set_fact("finished", json.dumps([fdr, reports, ledger.state_of_parts()]))
    return summary
