"""How a field of a record is declared: once, where the record holds it; whoever writes or describes records reads it.

``told`` gives a dataclass field its JSON schema and its words for people; ``told_fields`` lists what a class tells.
JSON records, Parquet columns, the OpenAPI document, data frames and the page for programs all follow from that list.

>>> from dataclasses import dataclass, field
>>> @dataclass
... class Walk:
...     length: float = field(metadata=told(NUMBER, "Of the way there and back.", unit="km"))
...     secret: int = 0
>>> [(f.name, f.arrow, f.schema["description"]) for f in told_fields(Walk)]
[('length', 'float64', 'Of the way there and back. Unit: km.')]
>>> record_of(Walk(2.5))
{'length': 2.5}
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

Schema = dict[str, Any]
"""A JSON schema."""

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
_KEY = "told"
_ARROW = {"string": "string", "integer": "int64", "number": "float64"}


@dataclass(frozen=True)
class ToldField:
    """One field of a record as the outside sees it."""

    name: str
    schema: Schema
    """JSON schema, with the words for people as its description."""
    value: Callable[[Any], Any]
    """Its value for JSON, of the object that holds it."""
    arrow: str
    """Name of the Arrow type of its column; empty where it is nested and its type follows from the schema."""
    is_nested: bool
    in_frame: bool
    """Whether a data frame of results has it as a column."""


def told(
    schema: Schema,
    says: str = "",
    *,
    unit: str = "",
    name: str = "",
    value: Callable[[Any], Any] | None = None,
    arrow: str = "",
    in_frame: bool = False,
) -> dict[str, ToldField]:
    """Metadata of a dataclass field that is told: ``name`` and ``value`` where they are not the field's own.

    ``arrow`` is the type of its column where that does not follow from the schema; ``string`` for a nested value
    makes it JSON there.
    """
    words = " ".join(part for part in (says, f"Unit: {unit}." if unit else "") if part)
    kind = _kind_of(schema)
    told_field = ToldField(
        name=name,
        schema=schema | ({"description": words} if words else {}),
        value=value or _itself,
        arrow=arrow or _ARROW.get(kind, ""),
        is_nested=kind not in _ARROW,
        in_frame=in_frame,
    )
    return {_KEY: told_field}


def _kind_of(schema: Schema) -> str:
    """Its JSON type, null apart."""
    kinds = schema.get("type", "string")  # an enum here is one of strings
    return kinds if isinstance(kinds, str) else next(kind for kind in kinds if kind != "null")


def _itself(holder: Any) -> Any:
    """Stands for the field's own value until ``told_fields`` knows its name."""
    raise NotImplementedError


def told_fields(record: type) -> tuple[ToldField, ...]:
    """What a dataclass tells, in the order in which it does."""
    found = []
    for field in fields(record):
        if (entry := field.metadata.get(_KEY)) is not None:
            value = _attribute(field.name) if entry.value is _itself else entry.value
            found.append(replace(entry, name=entry.name or field.name, value=value))
    return tuple(found)


def _attribute(name: str) -> Callable[[Any], Any]:
    return lambda holder: getattr(holder, name)


def record_of(holder: Any) -> dict[str, Any]:
    """The told fields of a dataclass instance, for JSON."""
    return {field.name: field.value(holder) for field in told_fields(type(holder))}


def optional(schema: Schema) -> Schema:
    """The same, or null."""
    return schema | {"type": [schema["type"], "null"]}


def one_of(values: tuple[str, ...]) -> Schema:
    """One of these strings."""
    return {"enum": list(values)}


def list_of(item: Schema) -> Schema:
    """An array of such items."""
    return {"type": "array", "items": item}


def object_with(properties: Mapping[str, Schema]) -> Schema:
    """An object with exactly these properties."""
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def schema_of(record: type) -> Schema:
    """The JSON schema of a dataclass that tells its fields."""
    return object_with({field.name: field.schema for field in told_fields(record)})
