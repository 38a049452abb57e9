"""Rows that change after they were written: copies get theirs, those of absent documents move, flags are filled in.

Every step reads and writes the store part by part, and any of them may be broken off and done again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.corpus.ledger import Copy, Ledger
from detector.corpus.open_run import OpenRun
from detector.corpus.schema import copied_row, results_schema
from detector.corpus.sealed_parquet import read_sealed_parquet
from detector.corpus.store import ABSENT, RESULTS, is_failed

_ROWS_A_PART = 1024


def write_copies(run: OpenRun) -> int:
    """Rows for the documents whose text was scored for another; returns how many."""
    waiting = {False: list[dict[str, Any]](), True: list[dict[str, Any]]()}  # by whether scoring broke at the text
    written = 0
    for part, copies in _by_part(run.ledger):
        path = run.store.folder / part
        originals = _rows_of_texts(path, {copy.text_sha256 for copy in copies})
        rows = waiting[is_failed(path)]
        for copy in copies:
            rows.append(copied_row(originals[copy.text_sha256], copy.document, copy.text_sha256, run.carried))
            written += 1
            if len(rows) >= _ROWS_A_PART:
                _write_part(run, rows, is_failed(path))
    for failed, rows in waiting.items():
        _write_part(run, rows, failed)
    return written


def set_apart(run: OpenRun) -> int:
    """Move rows that the input no longer holds to ``absent``, and those it holds again back; returns how many.

    Both halves of a part keep its name. At every moment each row is in one of them at least, and one that a crash
    leaves in both counts as present.
    """
    moved = 0
    for name, present in run.ledger.misplaced():
        here_path, away_path = (run.store.folder / kind / name for kind in (RESULTS, ABSENT))
        rows, was_here = _both_halves(here_path, away_path)
        belongs = pc.is_in(rows["document_key"], pa.array(sorted(present), pa.string()))
        moved += pc.sum(pc.xor(belongs, was_here)).as_py() or 0
        if pc.any(pc.and_not(was_here, belongs)).as_py():  # what leaves is away before it is here no longer
            stays = pc.and_(belongs, was_here)
            run.store.rewrite_part(run.settings, away_path, _without_flags(rows.filter(pc.invert(stays))))
        run.store.rewrite_part(run.settings, here_path, rows.filter(belongs))
        run.store.rewrite_part(run.settings, away_path, _without_flags(rows.filter(pc.invert(belongs))))
        run.ledger.move(name)
    return moved


def write_flags(run: OpenRun, threshold: float | None) -> None:
    """Fill the column ``flagged_fdr`` of every part that has it otherwise."""
    for path in run.store.parts():
        table = read_sealed_parquet(path, ["p_value", "flagged_fdr"])
        flags = pc.less_equal(table["p_value"], -1.0 if threshold is None else threshold)
        if table["flagged_fdr"].equals(flags):
            continue
        table = read_sealed_parquet(path)
        at = table.column_names.index("flagged_fdr")
        run.store.write_table(path, run.settings, table.set_column(at, table.schema.field(at), flags))
        run.ledger.refresh(path)


def _rows_of_texts(part: Path, texts: set[str]) -> dict[str, dict[str, Any]]:
    """A row for each of these texts, by ``text_sha256``."""
    table = read_sealed_parquet(part)
    rows = table.filter(pc.is_in(table["text_sha256"], pa.array(sorted(texts))))
    return {row["text_sha256"]: row for row in rows.to_pylist()}


def _write_part(run: OpenRun, rows: list[dict[str, Any]], failed: bool) -> None:
    """The rows, if there are any, as a part; none are left."""
    if rows:
        table = pa.Table.from_pylist(rows, schema=results_schema(run.carried))
        part = run.store.write_part(run.settings, table, failed=failed)
        run.ledger.record(part, [row["document_key"] for row in rows], failed)
        rows.clear()


def _both_halves(here_path: Path, away_path: Path) -> tuple[pa.Table, pa.Array]:
    """Each row of a part once, and whether it is among the results."""
    here, away = (read_sealed_parquet(path) if path.exists() else None for path in (here_path, away_path))
    if away is not None and here is not None:
        away = away.filter(pc.invert(pc.is_in(away["document_key"], here["document_key"])))
    rows = pa.concat_tables([half for half in (here, away) if half is not None])
    return rows, pa.array(np.arange(len(rows)) < (0 if here is None else len(here)))


def _by_part(ledger: Ledger) -> Iterator[tuple[str, list[Copy]]]:
    """Copies of rows in one part, at most so many at a time."""
    part, copies = "", list[Copy]()
    for copy in ledger.copies():
        if copies and (copy.part != part or len(copies) >= _ROWS_A_PART):
            yield part, copies
            copies = []
        part = copy.part
        copies.append(copy)
    if copies:
        yield part, copies


def _without_flags(rows: pa.Table) -> pa.Table:
    """Rows as they are before a run has finished."""
    at = rows.column_names.index("flagged_fdr")
    return rows.set_column(at, rows.schema.field(at), pa.nulls(len(rows), pa.bool_()))
