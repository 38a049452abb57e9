"""``detect batch INPUT --out DIR``: a whole corpus, resumable."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from detector.commands.options import (
    MOST_CHARACTERS,
    DetectorChoice,
    MaxCharsOption,
    QuietOption,
    SharedOption,
    guarded,
    print_json,
    say,
)
from detector.errors import UsageError

_SECONDS_A_LINE = 60.0
"""Between two lines of a log."""
_WIDTH_WITH_BAR = 105
"""Of a terminal, from which there is room for a bar beside the numbers."""

if TYPE_CHECKING:
    from detector.corpus.engine import Engine
    from detector.corpus.progress import OnRunProgress, Progress
    from detector.corpus.recipe import Recipe


@guarded
def batch(
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="A folder, a .csv, .tsv, .jsonl or .parquet file (.gz, .zst too), here or at a URL such as "
            "s3://bucket/docs, or - for paths on standard input.",
        ),
    ],
    out: Annotated[
        str, typer.Option(help="Folder or URL of the results; the same command goes on where it was broken off.")
    ],
    text_field: Annotated[str, typer.Option(help="Column or field of the text.")] = "text",
    id_field: Annotated[str | None, typer.Option(help="Column or field of the id; 'id' where there is one.")] = None,
    engine: Annotated[str, typer.Option(help="local, or ray for a cluster.")] = "local",
    address: Annotated[str, typer.Option(help="Ray cluster; auto is the one this machine belongs to.")] = "auto",
    workers: Annotated[int | None, typer.Option(help="Processes; one a core unless given.")] = None,
    gpus: Annotated[
        float | None, typer.Option(help="Share of a GPU for each worker of the engine ray; 0.25 puts four on one.")
    ] = None,
    fdr: Annotated[float, typer.Option(help="Share of false flags allowed among the flagged of the corpus.")] = 0.05,
    reports: Annotated[str, typer.Option(help="Highlight reports for: flagged, all, none.")] = "flagged",
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Read each text to an early layer alone: about three times as fast, for huge corpora."
        ),
    ] = False,
    keep_tokens: Annotated[bool, typer.Option("--keep-tokens", help="Keep the scores of every token too.")] = False,
    max_chars: MaxCharsOption = MOST_CHARACTERS,
    shared: SharedOption = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again the documents at which scoring broke.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Throw away what DIR holds and start over.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
    *,
    choice: DetectorChoice,
    quiet: QuietOption = False,
) -> int:
    """Judge every document of a corpus; results are Parquet files, a summary and a page.

    Run the same command again to go on after an interruption.
    """
    from detector.corpus.object_storage import place_of, source_at
    from detector.corpus.recipe import Recipe
    from detector.corpus.run import score_corpus
    from detector.corpus.tables import Layout

    recipe = Recipe(
        choice.model,
        choice.device,
        choice.dtype,
        choice.offline,
        choice.target_fpr,
        None if choice.calibration is None else str(choice.calibration),
        None if choice.token_analysis is None else str(choice.token_analysis),
        choice.prefix,
        quick,
    )
    layout = Layout(text_field, id_field, max_chars)
    with _progress(quiet) as on_progress:
        try:
            with place_of(out) as place:
                summary = score_corpus(
                    source_at(source, layout, out),
                    place.folder,
                    recipe=recipe,
                    engine=_engine(engine, address, recipe, workers, choice.threads, gpus),
                    layout=layout,
                    fdr=fdr,
                    reports=reports,  # type: ignore[arg-type]  # checked there
                    keep_tokens=keep_tokens,
                    force=force,
                    shared=shared,
                    retry_failed=retry_failed,
                    workers=workers,
                    threads=choice.threads,
                    on_progress=place.watched(on_progress),
                )
        except KeyboardInterrupt:
            say("Interrupted. What was finished is kept; give the same command again to go on.")
            return 130
    if as_json:
        print_json(summary)
    else:
        _print(summary, out)
    return 3 if summary["verdicts"]["unscored"] else 0


def _engine(
    name: str, address: str, recipe: "Recipe", workers: int | None, threads: int | None, gpus: float | None
) -> "Engine | None":
    """None stands for the local one."""
    if name == "local":
        return None
    if name != "ray":
        raise UsageError(f"--engine is {name!r}; allowed: local, ray.")
    from detector.corpus.ray_engine import RayEngine

    return RayEngine(recipe, address, workers, threads, gpus)


def _print(summary: dict[str, Any], out: str) -> None:
    from detector.corpus.statistics import UNREADABLE

    n = summary["documents"]
    counts = ", ".join(f"{n:,} {verdict}" for verdict, n in summary["verdicts"].items() if n)
    print(f"{n:,} document{'' if n == 1 else 's'}{f': {counts}' if counts else ''}.")
    if reasons := summary["unscored_reasons"]:
        print(f"Unscored: {', '.join(f'{n:,} {reason}' for reason, n in reasons.items()).replace('_', ' ')}.")
    for document in summary["first_unreadable"]:
        say(f"{document['id']}: {document['explanation']}")
    if more := sum(reasons.get(reason, 0) for reason in UNREADABLE) - len(summary["first_unreadable"]):
        say(f"{more:,} more; each is a row with its explanation.")
    if summary["warnings"]:
        print(f"Warning: {' '.join(summary['warnings'])}")
    for note in summary["notes"]:
        print(note)
    print(f"Rows: {out}/results; page: {out}/index.html")


@contextmanager
def _progress(quiet: bool) -> "Iterator[OnRunProgress]":
    """A line on standard error where someone is looking at it; elsewhere, as in a log, a line a minute."""
    if quiet:
        yield lambda progress: None
    elif sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _log_line()


@contextmanager
def _bar() -> "Iterator[OnRunProgress]":
    """Stage, share, counts, rate and times; the clocks run between the reports, in a thread of their own."""
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    from detector.corpus.progress import STAGES, Forecast, Progress, describe

    forecast, latest = Forecast(), Progress()

    class Counts(ProgressColumn):
        max_refresh = None

        def render(self, task: Any) -> Text:
            return Text(describe(latest, forecast.seconds_left), no_wrap=True, overflow="ellipsis")

    console = Console(stderr=True)
    columns = [TextColumn("{task.description}"), Counts(), TimeElapsedColumn()]
    if console.width >= _WIDTH_WITH_BAR:
        columns.insert(1, BarColumn(bar_width=min(40, console.width - _WIDTH_WITH_BAR + 8)))
    with Bar(*columns, console=console, transient=True, refresh_per_second=4) as bar:
        task = bar.add_task(STAGES["reading"], total=None)

        def show(progress: "Progress") -> None:
            nonlocal latest
            latest = progress
            if progress.stage == "scoring":
                forecast.update(progress.seconds_left)
            done, total = progress.done, progress.documents
            if progress.stage == "reports":
                done, total = progress.reports, progress.reports_wanted
            elif progress.stage in ("loading", "counting", "page"):
                total = None
            bar.update(task, description=STAGES[progress.stage], completed=done, total=total)

        yield show


def _log_line() -> "OnRunProgress":
    import time

    from detector.corpus.progress import STAGES, describe

    last = time.monotonic()

    def show(progress: "Progress") -> None:
        nonlocal last
        if time.monotonic() - last >= _SECONDS_A_LINE:
            last = time.monotonic()
            say(f"{STAGES[progress.stage]}: {describe(progress)}.")

    return show
