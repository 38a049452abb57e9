"""A document on its way through a corpus run, and how a list of them becomes a table and is cut into batches."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_DOCUMENTS = {"cpu": 16, "cuda": 1024, "mps": 256}
"""Documents given to a worker at once, by kind of device; within them texts are sorted by length.

For a GPU they are several groups (``LOOKAHEAD_TEXTS``), since one is scored while that before it is judged.
"""
BATCH_CHARACTERS = {"cpu": 400_000, "cuda": 6_400_000, "mps": 1_600_000}


@dataclass(frozen=True)
class Problem:
    """Why a document got no text to judge."""

    reason: str
    """Code such as ``unreadable``."""
    explanation: str


@dataclass(frozen=True)
class Document:
    """One text of a corpus, or the fact that it cannot be had."""

    id: str
    path: str | None
    text: str | None
    """None where there is a problem."""
    warnings: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The other columns of its record: strings, numbers, booleans, None, or JSON in a string."""
    problem: Problem | None = None
    key: str = ""
    """32 hex digits that stand for path, id, text and, of the same again, which one it is; see ``key_of``."""

    @cached_property
    def text_sha256(self) -> str | None:
        """Of the text in UTF-8, 64 hex digits."""
        return None if self.text is None else hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


def key_of(path: str | None, id: str, text_sha256: str | None, occurrence: int) -> str:
    """What tells one row of the results from all others, whatever stands before it in the input."""
    parts = [path or "", id, text_sha256 or "", str(occurrence)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def batches(
    documents: Iterable[Document],
    most_documents: int = BATCH_DOCUMENTS["cpu"],
    most_characters: int = BATCH_CHARACTERS["cpu"],
) -> Iterator[list[Document]]:
    """Documents in their order, so many at a time; one longer than ``most_characters`` goes alone."""
    batch: list[Document] = []
    characters = 0
    for document in documents:
        length = len(document.text or "")
        if batch and (len(batch) == most_documents or characters + length > most_characters):
            yield batch
            batch, characters = [], 0
        batch.append(document)
        characters += length
    if batch:
        yield batch


def table_of(documents: Sequence[Document]) -> "pa.Table":
    """Documents as an Arrow table, which any engine can carry to another process or machine."""
    import pyarrow as pa

    schema = pa.schema(
        [
            ("key", pa.string()),
            ("id", pa.string()),
            ("path", pa.string()),
            ("text", pa.large_string()),
            ("warnings", pa.list_(pa.string())),
            ("fields", pa.string()),
            ("reason", pa.string()),
            ("explanation", pa.string()),
        ]
    )
    rows = [
        {
            "key": document.key,
            "id": document.id,
            "path": document.path,
            "text": document.text,
            "warnings": list(document.warnings),
            "fields": json.dumps(dict(document.fields)),
            "reason": document.problem.reason if document.problem else None,
            "explanation": document.problem.explanation if document.problem else None,
        }
        for document in documents
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def documents_of(table: "pa.Table") -> list[Document]:
    """The inverse of ``table_of``."""
    return [
        Document(
            id=row["id"],
            path=row["path"],
            text=row["text"],
            warnings=tuple(row["warnings"]),
            fields=json.loads(row["fields"]),
            problem=Problem(row["reason"], row["explanation"]) if row["reason"] else None,
            key=row["key"],
        )
        for row in table.to_pylist()
    ]
