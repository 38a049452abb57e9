"""What can only be said once every document is scored: copies, what is absent, and flags over the whole corpus.

Every step reads and writes the store part by part, and any of them may be broken off and done again.
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from detector.corpus.judging import FAILED
from detector.corpus.ledger import Copy, Ledger
from detector.corpus.multiple_testing import benjamini_hochberg, fewest_flaggable
from detector.corpus.prevalence import Prevalence, PrevalenceEstimator
from detector.corpus.recipe import Judge
from detector.corpus.schema import Carried, copied_row, results_schema
from detector.corpus.store import ABSENT, RESULTS, Run, Store, is_failed

_ROWS_A_PART = 1024
MACHINE_VERDICTS = ("machine", "mixed")
_READ = (
    "id", "text_sha256", "duplicate_of", "verdict", "reason", "explanation", "score", "p_value", "n_words", "n_tokens",
)  # fmt: skip
UNREADABLE = ("unreadable", FAILED)
"""Reasons that are a fault of a file or of the scoring, and not of what the text is."""
_MOST_NAMED = 5
"""Documents without a text to judge that the summary names."""


@dataclass
class Statistics:
    """Numbers over all rows of a run; those of ``texts`` count every distinct text once."""

    documents: int = 0
    words: int = 0
    tokens: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    first_unreadable: list[tuple[str, str]] = field(default_factory=list)
    """(id, explanation) of the first that could not be read or scored."""
    absent: int = 0
    """Documents of earlier runs that the input no longer holds; they are in none of the other numbers."""
    copies: int = 0
    repeated_ids: int = 0
    """Documents with an id that one before them has."""
    texts_with_p_value: int = 0
    texts_called_machine: int = 0
    p_values: Counter[float] = field(default_factory=Counter)
    flag_threshold: float | None = None
    """Largest p-value that is flagged; None where nothing is."""
    texts_flagged: int = 0
    fewest_flaggable: int = 0
    prevalence: Prevalence | None = None
    score_counts: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """Distinct texts in each bin of ``score_edges``."""
    score_edges: np.ndarray = field(default_factory=lambda: np.zeros(0))
    length_counts: dict[int, int] = field(default_factory=dict)
    """Distinct scored texts by the least tokens of their length bucket."""


def write_copies(store: Store, run: Run, ledger: Ledger, carried: list[Carried]) -> int:
    """Rows for the documents whose text was scored for another; returns how many."""
    waiting: dict[bool, list[dict]] = {False: [], True: []}
    written = 0

    def flush(failed: bool) -> None:
        rows = waiting[failed]
        if rows:
            part = store.write_part(run, pa.Table.from_pylist(rows, schema=results_schema(carried)), failed=failed)
            ledger.record(part, [row["document_key"] for row in rows], failed)
            rows.clear()

    for part, copies in _by_part(ledger):
        path = store.folder / part
        wanted = {copy.text_sha256 for copy in copies}
        table = pq.read_table(path)
        found = table.filter(pc.is_in(table["text_sha256"], pa.array(sorted(wanted))))
        originals = {row["text_sha256"]: row for row in found.to_pylist()}
        for copy in copies:
            failed = is_failed(path)
            waiting[failed].append(copied_row(originals[copy.text_sha256], copy.document, copy.text_sha256, carried))
            written += 1
            if len(waiting[failed]) >= _ROWS_A_PART:
                flush(failed)
    flush(False)
    flush(True)
    return written


def set_apart(store: Store, run: Run, ledger: Ledger) -> int:
    """Move rows that the input no longer holds to ``absent``, and those it holds again back; returns how many.

    Both halves of a part keep its name. At every moment each row is in one of them at least, and one that a crash
    leaves in both counts as present.
    """
    moved = 0
    for name, present in ledger.misplaced():
        paths = [store.folder / kind / name for kind in (RESULTS, ABSENT)]
        here, away = (pq.read_table(path) if path.exists() else None for path in paths)
        if away is not None and here is not None:
            away = away.filter(pc.invert(pc.is_in(away["document_key"], here["document_key"])))
        rows = pa.concat_tables([half for half in (here, away) if half is not None])
        belongs = pc.is_in(rows["document_key"], pa.array(sorted(present), pa.string()))
        was_here = pa.array(np.arange(len(rows)) < (0 if here is None else len(here)))
        moved += pc.sum(pc.xor(belongs, was_here)).as_py() or 0
        if pc.any(pc.and_not(was_here, belongs)).as_py():
            store.rewrite_part(run, paths[1], _without_flags(rows.filter(pc.invert(pc.and_(belongs, was_here)))))
        store.rewrite_part(run, paths[0], rows.filter(belongs))
        store.rewrite_part(run, paths[1], _without_flags(rows.filter(pc.invert(belongs))))
        ledger.move(name)
    return moved


def statistics(store: Store, ledger: Ledger, judge: Judge, fdr: float) -> Statistics:
    """One pass over the rows, in memory that does not grow with them."""
    found = Statistics(absent=ledger.absent())
    estimator = PrevalenceEstimator(judge)
    orphans = ledger.orphaned_texts()
    found.score_edges = _score_edges(judge)
    found.score_counts = np.zeros(len(found.score_edges) - 1, np.int64)
    least = np.array(sorted(bucket.least_tokens for bucket in judge.buckets))
    lengths: Counter[int] = Counter()
    ids = _Distinct()
    for path in store.parts():
        for batch in pq.ParquetFile(path).iter_batches(1024, columns=list(_READ), use_threads=False):
            table = batch.to_pydict()
            found.documents += batch.num_rows
            found.repeated_ids += batch.num_rows - ids.add(table["id"])
            found.words += sum(filter(None, table["n_words"]))
            found.tokens += sum(filter(None, table["n_tokens"]))
            found.verdicts.update(table["verdict"])
            found.reasons.update(reason for reason in table["reason"] if reason)
            for name, reason, why in zip(table["id"], table["reason"], table["explanation"], strict=True):
                if reason in UNREADABLE and len(found.first_unreadable) < _MOST_NAMED:
                    found.first_unreadable.append((name, why))
            scores, tokens = [], []
            for text, original, verdict, score, p_value, n_tokens in zip(
                table["text_sha256"], table["duplicate_of"], table["verdict"], table["score"], table["p_value"],
                table["n_tokens"], strict=True,
            ):  # fmt: skip
                if original is not None:
                    if text not in orphans:
                        found.copies += 1
                        continue
                    orphans.discard(text)
                if p_value is None:
                    continue
                found.p_values[p_value] += 1
                found.texts_called_machine += verdict in MACHINE_VERDICTS
                scores.append(score)
                tokens.append(n_tokens)
            if scores:
                estimator.add(scores, tokens)
                clipped = np.clip(scores, found.score_edges[0], found.score_edges[-1])
                found.score_counts += np.histogram(clipped, found.score_edges)[0]
                buckets = least[np.maximum(np.searchsorted(least, tokens, side="right") - 1, 0)]
                lengths.update(int(bucket) for bucket in buckets)
    found.length_counts = dict(sorted(lengths.items()))
    found.texts_with_p_value = sum(found.p_values.values())
    found.prevalence = estimator.estimate()
    if found.texts_with_p_value:
        found.flag_threshold = benjamini_hochberg(found.p_values, fdr)
        smallest = min(
            1 / (1 + len(bucket.human_scores)) for bucket in judge.buckets if bucket.least_tokens in found.length_counts
        )
        found.fewest_flaggable = fewest_flaggable(smallest, found.texts_with_p_value, fdr)
    if found.flag_threshold is not None:
        found.texts_flagged = sum(n for p, n in found.p_values.items() if p <= found.flag_threshold)
    return found


def write_flags(store: Store, run: Run, ledger: Ledger, threshold: float | None) -> None:
    """Fill the column ``flagged_fdr`` of every part that has it otherwise."""
    for path in store.parts():
        table = pq.read_table(path, columns=["p_value", "flagged_fdr"])
        flags = pc.less_equal(table["p_value"], -1.0 if threshold is None else threshold)
        if table["flagged_fdr"].equals(flags):
            continue
        table = pq.read_table(path)
        at = table.column_names.index("flagged_fdr")
        store.write_table(path, run, table.set_column(at, table.schema.field(at), flags))
        ledger.refresh(path)


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


class _Distinct:
    """Counts distinct strings, by hash, in a file that goes away by itself."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("")  # a temporary file, once it outgrows the cache
        self._connection.execute("CREATE TABLE seen (hash INTEGER PRIMARY KEY)")

    def add(self, values: list[str]) -> int:
        """How many of them were not there before."""
        hashes = (hashlib.blake2b(value.encode(), digest_size=8).digest() for value in values)
        return self._connection.executemany(
            "INSERT OR IGNORE INTO seen VALUES (?)", ((int.from_bytes(h, signed=True),) for h in hashes)
        ).rowcount


def _score_edges(judge: Judge) -> np.ndarray:
    """Bins that hold nearly all reference scores, shape (41,)."""
    everything = np.concatenate([np.concatenate([b.human_scores, b.machine_scores]) for b in judge.buckets])
    low, high = np.quantile(everything, [0.002, 0.998])
    return np.linspace(low, max(high, low + 1e-6), 41)
