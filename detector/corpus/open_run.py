"""The run whose results a folder holds, while they are worked on: the folder held, its ledger at hand."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from detector.corpus.documents import Document
from detector.corpus.ledger import Ledger
from detector.corpus.schema import Carried, carried_columns
from detector.corpus.sources import Source
from detector.corpus.store import Run, Store
from detector.errors import UsageError

_PEEKED = 100
"""Documents whose fields decide the columns that are carried through."""


@dataclass(frozen=True)
class OpenRun:
    """What every step of a run works with."""

    store: Store
    settings: Run
    carried: list[Carried]
    """Columns of the input that the results have too."""
    ledger: Ledger


@contextmanager
def opened(store: Store, wanted: Run, documents: Source, force: bool, retry_failed: bool) -> Iterator[OpenRun]:
    """Hold the folder and bring it into agreement with itself.

    Raises ``UsageError`` where it holds the results of a run with other settings, unless ``force`` throws these away.
    ``retry_failed`` forgets the rows of documents at which scoring broke.
    """
    with store.held():
        settings, carried = _settle(store, wanted, documents, force)
        if retry_failed:
            store.drop_failed()
        with Ledger.opened(store, settings.id) as ledger:
            yield OpenRun(store, settings, carried, ledger)


def _settle(store: Store, wanted: Run, documents: Source, force: bool) -> tuple[Run, list[Carried]]:
    """The run that the folder holds from now on, and its carried columns."""
    try:
        present = store.run()
    except UsageError:
        if not force:
            raise
        present = None
        wanted = replace(wanted, attempt=time.time_ns())
    if present is not None and not force:
        run, carried = present
        differences = run.differences(wanted)
        if not differences:
            store.tidy(run)
            return run, carried
        if store.parts():
            raise UsageError(
                f"{store.folder} holds the results of another run: {'; '.join(differences)}. Name another folder "
                "with --out, or throw these results away with --force."
            )
    if present is not None:
        wanted = replace(wanted, attempt=present[0].attempt + 1)
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
