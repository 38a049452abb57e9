"""The record of one text, read off the fields that declare it, and the columns that a corpus run adds."""

import inspect
from collections.abc import Iterable, Iterator

import pyarrow as pa

from detector.corpus import schema as corpus
from detector.records.fields import Schema, ToldField, told_fields
from detector.records.result import Result
from docs.generators.markdown import code, page, plain, table

INTRODUCTION = """\
What `detect PATH --json` prints, one object a line; what `POST /api/detect` answers; and, a row a document, what
`detect batch` writes as Parquet. It is declared once, at the fields of `detector.Result`, and this page is read off
them.
"""
CONVENTIONS = """\
- A number that does not exist is null: all of them where a text is `unscored`, one where a statistic is undefined.
- Log-probabilities and evidence are in nats, ranks count from 1.
- Places count characters of the text as given, from 0; the end is the place after the last character.
- `schema_version` changes where a field changes its meaning or goes; new fields may come without that."""


def record_page() -> str:
    """The page of the record."""
    fields = told_fields(Result)
    types = {column.name: _column_type(column.type) for column in corpus.results_schema([])}
    told = {field.name for field in fields}
    return page(
        "The record",
        INTRODUCTION.rstrip(),
        CONVENTIONS,
        "## Fields",
        _field_table(fields, types),
        *(block for field in fields for block in _nested(field.name, field.schema)),
        "## Columns of a corpus run",
        "`results/*.parquet` has a column for each field above, of the type named there, and these beside them. A "
        "column of your own data keeps its name, with `input_` before it where a field has that name.",
        _columns([(name, kind) for name, kind in types.items() if name not in told], _corpus_words()),
        "With `--keep-tokens`, `tokens/*.parquet` has a row for each distinct text that was scored, with aligned "
        "lists, an entry a token:",
        table(["column", "type"], ((code(column.name), _column_type(column.type)) for column in corpus.TOKENS_SCHEMA)),
    )


def _field_table(fields: Iterable[ToldField], types: dict[str, str]) -> list[str]:
    rows = (
        (code(field.name), _kind(field.schema), types.get(field.name, ""), plain(field.schema.get("description", "")))
        for field in fields
    )
    return table(["field", "JSON", "Parquet", ""], rows)


def _kind(schema: Schema) -> str:
    """Its JSON type in words.

    >>> _kind({"type": ["array", "null"], "items": {"type": "number"}})
    'list of numbers or null'
    >>> _kind({"enum": ["human", "machine"]})
    '`"human"`, `"machine"`'
    """
    if "enum" in schema:
        return ", ".join(code(f'"{value}"') for value in schema["enum"])
    if "const" in schema:
        return code(str(schema["const"]))
    kinds = schema.get("type", "any")
    if isinstance(kinds, list):
        return " or ".join(_one_kind(kind, schema) for kind in kinds)
    return _one_kind(kinds, schema)


def _one_kind(kind: str, schema: Schema) -> str:
    if kind == "array" and "type" in schema.get("items", {}):
        return f"list of {schema['items']['type']}s"
    return "list" if kind == "array" else kind


def _nested(name: str, schema: Schema) -> Iterator[str | list[str]]:
    """A table for an object with named properties, or a list of such."""
    inner = schema.get("items", schema)
    if properties := inner.get("properties"):
        yield f"### {'Each of' if 'items' in schema else 'In'} `{name}`"
        rows = ((code(key), _kind(value), plain(value.get("description", ""))) for key, value in properties.items())
        yield table(["field", "JSON", ""], rows)


def _column_type(kind: pa.DataType) -> str:
    """An Arrow type in words.

    >>> _column_type(pa.list_(pa.struct([("a", pa.int32())])))
    'list of `struct`'
    >>> _column_type(pa.map_(pa.string(), pa.float64()))
    'map from `string` to `double`'
    """
    if pa.types.is_list(kind):
        return f"list of {_column_type(kind.value_type)}"
    if pa.types.is_map(kind):
        return f"map from {_column_type(kind.key_type)} to {_column_type(kind.item_type)}"
    return code("struct" if pa.types.is_struct(kind) else str(kind))


def _columns(columns: Iterable[tuple[str, str]], words: dict[str, str]) -> list[str]:
    return table(["column", "type", ""], ((code(name), kind, plain(words.get(name, ""))) for name, kind in columns))


def _corpus_words() -> dict[str, str]:
    """What the module says of each column, from its list."""
    words: dict[str, str] = {}
    name = ""
    for line in (inspect.getdoc(corpus) or "").splitlines():
        if line.startswith("- ``"):
            name, _, rest = line.removeprefix("- ``").partition("``: ")
            words[name] = rest
        elif line.startswith("  ") and name:
            words[name] += f" {line.strip()}"
        else:
            name = ""
    return {name: f"{said[0].upper()}{said[1:].rstrip(';.')}." for name, said in words.items()}
