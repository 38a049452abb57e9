"""The core of every engine: a list of documents → a table of rows. Pure: no files, no ledger, no processes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from detector.corpus.documents import Document
from detector.corpus.schema import TOKENS_SCHEMA, Carried, results_schema, row_of, unscored_row

if TYPE_CHECKING:
    from detector.records.result import Result
    from detector.verdict.detector import Detector

FAILED = "failed"
"""Reason of a document at which the scoring itself broke; ``--retry-failed`` tries those again."""
_SYSTEMATIC = 8
"""Failures in a row, without a success among them, after which the fault is not the documents'."""


@dataclass(frozen=True)
class Judged:
    """What became of one batch."""

    rows: pa.Table
    """``results_schema``, one row a document, in their order."""
    tokens: pa.Table | None = None
    """``TOKENS_SCHEMA``, one row a scored document; None unless asked for."""
    n_tokens: int = 0


def judge(
    detector: "Detector", documents: Sequence[Document], carried: Sequence[Carried] = (), keep_tokens: bool = False
) -> Judged:
    """One row for each document, whatever happens to it.

    A row does not depend on the documents beside it (scores agree to the rounding of float32). A document
    at which scoring breaks becomes a row with the reason ``failed``; raises what was raised if all of many do.
    """
    rows, tokens, n_tokens = [], [], 0
    model = {"name": detector.language_model.name, "fingerprint": detector.language_model.fingerprint}
    readable = [document for document in documents if document.text is not None]
    results = iter(_results(detector, readable))
    for document in documents:
        if document.problem is not None:
            rows.append(unscored_row(document, document.problem.reason, document.problem.explanation, model, carried))
            continue
        result = next(results)
        if isinstance(result, Exception):
            rows.append(failed_row(document, result, model, carried))
            continue
        rows.append(row_of(document, result, carried))
        n_tokens += result.n_tokens or 0
        if keep_tokens and result.evidence is not None:
            tokens.append(_token_row(document, result))
    return Judged(
        pa.Table.from_pylist(rows, schema=results_schema(carried)),
        pa.Table.from_pylist(tokens, schema=TOKENS_SCHEMA) if keep_tokens else None,
        n_tokens,
    )


def failed_row(
    document: Document, error: Exception | str, model: dict[str, str], carried: Sequence[Carried]
) -> dict[str, object]:
    """The row of a document at which scoring broke."""
    said = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return unscored_row(document, FAILED, f"Scoring broke off at this document ({said}).", model, carried)


def _results(detector: "Detector", documents: list[Document]) -> "list[Result | Exception]":
    try:
        return list(_stream(detector, documents))
    except Exception as error:
        if len(documents) == 1:
            return [error]
    results: list[Result | Exception] = []
    for document in documents:  # one by one, so that the one at fault stands alone
        try:
            results += _stream(detector, [document])
        except Exception as error:
            results.append(error)
            if len(results) >= _SYSTEMATIC and all(isinstance(outcome, Exception) for outcome in results):
                raise
    return results


def _stream(detector: "Detector", documents: list[Document]) -> "Iterator[Result]":
    return detector.detect_stream((d.id, d.path, d.text or "", d.warnings) for d in documents)


def _token_row(document: Document, result: "Result") -> dict[str, object]:
    evidence = result.evidence
    assert evidence is not None  # noqa: S101 - the caller looked
    starts, ends = zip(*evidence.spans, strict=True)
    scores = evidence.scores
    return {
        "text_sha256": document.text_sha256,
        "token_ids": scores.token_ids,
        "start_char": starts,
        "end_char": ends,
        "log_prob_nats": scores.log_prob_nats,
        "rank": scores.rank,
        "entropy_nats": scores.entropy_nats,
        "evidence_nats": evidence.token_evidence,
    }
