"""What a whole corpus comes to, in numbers: one pass over its rows, in memory that does not grow with them."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.corpus.judging import FAILED
from detector.corpus.ledger import Ledger
from detector.corpus.likeness import Likeness, LikenessCounter
from detector.corpus.multiple_testing import benjamini_hochberg, fewest_flaggable
from detector.corpus.prevalence import Prevalence, PrevalenceEstimator
from detector.corpus.sealed_parquet import read_sealed_parquet
from detector.corpus.store import Store
from detector.records.verdicts import ACCUSED
from detector.verdict.classifier import Classifier

UNREADABLE = ("unreadable", FAILED)
"""Reasons that are a fault of a file or of the scoring, and not of what the text is."""
OUT_OF_RANGE = "out_of_range"
"""Reason of a text that is unlike all references."""
_MOST_NAMED = 5
"""Documents without a text to judge that the summary names."""
_ROWS_AT_ONCE = 1024
_SCORE_BINS = 40


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
    score_counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Distinct texts in each bin of ``score_edges``, shape (n_bins,)."""
    score_edges: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """Shape (n_bins + 1,)."""
    likeness: Likeness | None = None
    """How the corpus lies to the references; None for an empty one."""
    length_counts: Counter[int] = field(default_factory=Counter)
    """Distinct scored texts by the least tokens of their length bucket."""


class _Row(NamedTuple):
    """The columns that are counted, under their names in the results."""

    id: str
    text_sha256: str | None
    duplicate_of: str | None
    verdict: str
    reason: str | None
    explanation: str
    score: float | None
    p_value: float | None
    n_words: int | None
    n_tokens: int | None
    register_distance: float | None


def statistics(store: Store, ledger: Ledger, classifier: Classifier, fdr: float) -> Statistics:
    """Of all rows; ``fdr`` is the false-discovery rate at which texts are flagged."""
    edges = _score_edges(classifier)
    numbers = Statistics(absent=ledger.absent(), score_edges=edges, score_counts=np.zeros(len(edges) - 1, np.int64))
    estimator = PrevalenceEstimator(classifier)
    counter = LikenessCounter(classifier)
    least_tokens = sorted(bucket.least_tokens for bucket in classifier.buckets)
    orphans = ledger.orphaned_texts()
    ids = _Distinct()
    for rows in _rows(store):
        _count_documents(numbers, rows, ids)
        texts = list(_texts_once(numbers, rows, orphans))
        _count_likeness(counter, texts)
        judged = [row for row in texts if row.p_value is not None]
        if judged:
            _count_texts(numbers, judged, least_tokens, estimator)
    numbers.length_counts = Counter(dict(sorted(numbers.length_counts.items())))
    numbers.texts_with_p_value = sum(numbers.p_values.values())
    numbers.prevalence = estimator.estimate()
    numbers.likeness = counter.likeness()
    if numbers.texts_with_p_value:
        _find_threshold(numbers, classifier, fdr)
    return numbers


def _rows(store: Store) -> Iterator[list[_Row]]:
    """The rows of every part, so many at a time."""
    for path in store.parts():
        for batch in read_sealed_parquet(path, _Row._fields).to_batches(_ROWS_AT_ONCE):
            columns = batch.to_pydict()
            yield [_Row(*values) for values in zip(*(columns[name] for name in _Row._fields), strict=True)]


def _count_documents(numbers: Statistics, rows: list[_Row], ids: "_Distinct") -> None:
    """Everything that counts each document."""
    numbers.documents += len(rows)
    numbers.repeated_ids += len(rows) - ids.add(row.id for row in rows)
    for row in rows:
        numbers.words += row.n_words or 0
        numbers.tokens += row.n_tokens or 0
        numbers.verdicts[row.verdict] += 1
        if row.reason:
            numbers.reasons[row.reason] += 1
        if row.reason in UNREADABLE and len(numbers.first_unreadable) < _MOST_NAMED:
            numbers.first_unreadable.append((row.id, row.explanation))


def _texts_once(numbers: Statistics, rows: list[_Row], orphans: set[str]) -> Iterator[_Row]:
    """A row a distinct text, copies counted; ``orphans`` are texts of which only copies are left."""
    for row in rows:
        if row.duplicate_of is not None:
            if row.text_sha256 not in orphans:
                numbers.copies += 1
                continue
            orphans.discard(row.text_sha256)
        yield row


def _count_texts(
    numbers: Statistics, judged: list[_Row], least_tokens: list[int], estimator: PrevalenceEstimator
) -> None:
    """Everything that counts each distinct text with a score."""
    scores = [row.score for row in judged if row.score is not None]
    tokens = [row.n_tokens for row in judged if row.n_tokens is not None]
    estimator.add(scores, tokens)
    numbers.p_values.update(row.p_value for row in judged if row.p_value is not None)
    numbers.texts_called_machine += sum(row.verdict in ACCUSED for row in judged)
    clipped = np.clip(scores, numbers.score_edges[0], numbers.score_edges[-1])
    numbers.score_counts += np.histogram(clipped, numbers.score_edges)[0]
    least = np.array(least_tokens)
    buckets = least[np.maximum(np.searchsorted(least, tokens, side="right") - 1, 0)]
    numbers.length_counts.update(buckets.tolist())


def _count_likeness(counter: LikenessCounter, texts: list[_Row]) -> None:
    for row in texts:
        is_out = row.reason == OUT_OF_RANGE
        if is_out or row.p_value is not None:
            counter.add(row.register_distance, row.n_tokens or 0, is_out, row.verdict in ACCUSED)


def _find_threshold(numbers: Statistics, classifier: Classifier, fdr: float) -> None:
    """Which p-values are flagged, and how many texts that takes at the least."""
    numbers.flag_threshold = benjamini_hochberg(numbers.p_values, fdr)
    smallest = min(map(classifier.smallest_p_value, numbers.length_counts))
    numbers.fewest_flaggable = fewest_flaggable(smallest, numbers.texts_with_p_value, fdr)
    if numbers.flag_threshold is not None:
        numbers.texts_flagged = sum(n for p, n in numbers.p_values.items() if p <= numbers.flag_threshold)


class _Distinct:
    """Counts distinct strings, by hash, in a file that goes away by itself."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("")  # a temporary file, once it outgrows the cache
        self._connection.execute("CREATE TABLE seen (hash INTEGER PRIMARY KEY)")

    def add(self, values: Iterable[str]) -> int:
        """How many of them were not there before."""
        hashes = (hashlib.blake2b(value.encode(), digest_size=8).digest() for value in values)
        return self._connection.executemany(
            "INSERT OR IGNORE INTO seen VALUES (?)", ((int.from_bytes(h, signed=True),) for h in hashes)
        ).rowcount


def _score_edges(classifier: Classifier) -> NDArray[np.float64]:
    """Bins that hold nearly all reference scores, shape (n_bins + 1,)."""
    everything = np.concatenate([np.concatenate([b.human_scores, b.machine_scores]) for b in classifier.buckets])
    low, high = np.quantile(everything, [0.002, 0.998])
    return np.linspace(low, max(high, low + 1e-6), _SCORE_BINS + 1)
