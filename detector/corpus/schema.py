"""Columns of ``results/*.parquet`` and ``tokens/*.parquet``, version 4.

A row of the results is the JSON record of one document. Nested numbers are nested there too: ``confidence_interval`` a
list, ``methods`` a struct with a field for each statistic (null without scores), ``segments`` and ``features`` lists of
structs; what is words for people, such as ``findings`` and ``warnings``, is JSON in a string. Beside the record:

- ``document_key``: 32 hex digits that tell the row from all others;
- ``text_sha256``: of the text in UTF-8; null where there is none;
- ``duplicate_of``: id of the document with the very same text that was scored in its place;
- ``flagged_fdr``: whether the text is among those flagged at the run's false-discovery rate; null for a
  document without a p-value, and in every row until the run has finished;
- ``reading_warnings``: how many of the warnings, the first ones, say how this document was read;
- ``other_fields``: JSON of the input's fields that have no column of their own;
- the other columns of the input, under their own name, or with ``input_`` before it where a result has that name.

Files of the folder ``absent`` have the same columns; ``flagged_fdr`` is null there.

A row of the tokens is one distinct scored text: aligned lists, one entry a token, offsets in the text as given.
Texts whose documents are absent keep theirs.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from detector.corpus.documents import Document
from detector.methods import plain_methods
from detector.records.fields import Schema, ToldField, told_fields
from detector.records.result import Result

STORE_VERSION = 5
"""Version 3 added the three shares; version 4 nested types, numbers as given, edits and more; version 5 the estimated
share of a machine in a mixed text."""
READABLE_VERSIONS = (2, 3, 4, 5)
"""Those whose results can be queried; only ``STORE_VERSION`` is written, and rows of two versions are never mixed."""

FieldType = Literal["string", "integer", "number", "boolean"]
_ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}

_TOLD = told_fields(Result)
_OPEN_NAMES = {"methods": plain_methods()}
"""What a field holds whose schema leaves the names open."""


def _arrow_type(schema: Schema, names: Sequence[str] = ()) -> pa.DataType | None:
    """Type of the values that a JSON schema allows; None where it does not say what is in them."""
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else next(kind for kind in kinds if kind != "null")
    if kind in _ARROW:
        return _ARROW[kind]
    if kind == "array":
        item = _arrow_type(schema["items"])
        return None if item is None else pa.list_(item)
    of_open_names: Schema = schema.get("additionalProperties") or {}
    schemas: dict[str, Schema] = schema.get("properties") or dict.fromkeys(names, of_open_names)
    inside = [(name, _arrow_type(inner)) for name, inner in schemas.items()]
    return pa.struct(inside) if inside and all(kind is not None for _, kind in inside) else None


def _column_type(field: ToldField) -> pa.DataType:
    """JSON in a string where nothing else follows."""
    if field.arrow:
        return pa.type_for_alias(field.arrow)
    return _arrow_type(field.schema, _OPEN_NAMES.get(field.name, ())) or pa.string()


_RECORD = [(field.name, _column_type(field)) for field in _TOLD]
AS_JSON = tuple(
    field.name for field, (_, kind) in zip(_TOLD, _RECORD, strict=True) if field.is_nested and kind == "string"
)
"""Fields of the record that are JSON strings in a row."""
_CORPUS = [
    ("document_key", pa.string()),
    ("text_sha256", pa.string()),
    ("duplicate_of", pa.string()),
    ("flagged_fdr", pa.bool_()),
    ("reading_warnings", pa.int32()),
    ("other_fields", pa.string()),
]
TOKENS_SCHEMA = pa.schema(
    [
        ("text_sha256", pa.string()),
        ("token_ids", pa.list_(pa.int32())),
        ("start_char", pa.list_(pa.int32())),
        ("end_char", pa.list_(pa.int32())),
        ("log_prob_nats", pa.list_(pa.float32())),
        ("rank", pa.list_(pa.int32())),
        ("entropy_nats", pa.list_(pa.float32())),
        ("evidence_nats", pa.list_(pa.float64())),
    ]
)

_SIGNED_64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Carried:
    """A column of the input that is carried through."""

    field: str
    column: str
    """Its name in the results."""
    type: FieldType


def carried_columns(documents: Iterable[Document]) -> list[Carried]:
    """Columns for the fields of the first documents of a corpus; a field takes the narrowest type that fits all."""
    types: dict[str, FieldType | None] = {}
    for document in documents:
        for name, value in document.fields.items():
            types[name] = _joined(types.get(name), _type_of(value))
    taken = {name.lower() for name, _ in (*_RECORD, *_CORPUS)}
    numbers: dict[str, int] = {}
    carried = []
    for name, type_ in types.items():
        column = name
        if column.lower() in taken:  # case apart, columns are the same to SQL
            column = f"input_{name}"
        number = numbers.get(column.lower(), 1)
        numbered = column
        while numbered.lower() in taken:
            number += 1
            numbered = f"{column}_{number}"
        numbers[column.lower()] = number
        taken.add(numbered.lower())
        carried.append(Carried(name, numbered, type_ or "string"))
    return carried


def results_schema(carried: Sequence[Carried]) -> pa.Schema:
    """Schema of every part of one run."""
    return pa.schema([*_RECORD, *_CORPUS, *((c.column, _ARROW[c.type]) for c in carried)])


def row_of(document: Document, result: Result, carried: Sequence[Carried]) -> dict[str, Any]:
    """The row of one judged document."""
    return _row(document, result.to_dict(), carried)


def unscored_row(
    document: Document,
    reason: str,
    explanation: str,
    model: Mapping[str, str],
    carried: Sequence[Carried],
) -> dict[str, Any]:
    """The row of a document about which nothing can be said; ``model`` holds name and fingerprint."""
    unscored = Result.unscored(
        reason,
        explanation,
        id=document.id,
        path=document.path,
        model_name=model["name"],
        model_fingerprint=model["fingerprint"],
        warnings=document.warnings,
    )
    return row_of(document, unscored, carried)


def copied_row(
    original: Mapping[str, Any], document: Document, text_sha256: str, carried: Sequence[Carried]
) -> dict[str, Any]:
    """The row of a document whose text was scored for another; ``original`` is that other's row."""
    of_the_text = json.loads(original["warnings"])[original["reading_warnings"] :]
    row = dict(original) | {
        "id": document.id,
        "path": document.path,
        "warnings": _json([*document.warnings, *of_the_text]),
        "reading_warnings": len(document.warnings),
        "document_key": document.key,
        "text_sha256": text_sha256,
        "duplicate_of": original["duplicate_of"] or original["id"],
        "flagged_fdr": None,
    }
    return row | _carried_values(document, carried)


def _row(document: Document, record: Mapping[str, Any], carried: Sequence[Carried]) -> dict[str, Any]:
    row = {
        name: _json(record[name]) if name in AS_JSON and record[name] is not None else record[name]
        for name, _ in _RECORD
    }
    row["methods"] = row["methods"] or None  # without scores there are none, rather than each a null
    row |= {
        "document_key": document.key,
        "text_sha256": document.text_sha256,
        "duplicate_of": None,
        "flagged_fdr": None,
        "reading_warnings": len(document.warnings),
    }
    return row | _carried_values(document, carried)


def _carried_values(document: Document, carried: Sequence[Carried]) -> dict[str, Any]:
    others = dict(document.fields)
    values: dict[str, Any] = {}
    for column in carried:
        value = others.get(column.field)
        fits = _joined(column.type, _type_of(value)) == column.type
        values[column.column] = (value if column.type != "string" else _as_text(value)) if fits else None
        if fits:
            others.pop(column.field, None)
    values["other_fields"] = _json(others) if others else None
    return values


def _type_of(value: Any) -> FieldType | None:
    """Narrowest type for a value; None for no value, which fits them all."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if value in _SIGNED_64 else "string"
    return "number" if isinstance(value, float) else "string"


def _joined(a: FieldType | None, b: FieldType | None) -> FieldType | None:
    """Narrowest type that holds both."""
    if a is None or b is None or a == b:
        return a or b
    return "number" if {a, b} == {"integer", "number"} else "string"


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
