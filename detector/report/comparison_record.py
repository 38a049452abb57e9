"""Two results side by side as a record for programs: both verdicts, and every statistic of both."""

from typing import Any

import numpy as np

from detector.methods import METHODS
from detector.records.fields import NUMBER, TEXT, Schema, list_of, object_with, optional, schema_of
from detector.records.result import VERSION_SCHEMA, Result

COMPARISON_SCHEMA: Schema = object_with(
    {
        "schema_version": VERSION_SCHEMA,
        "first": schema_of(Result),
        "second": schema_of(Result),
        "methods": list_of(
            object_with(
                {
                    "name": TEXT,
                    "first": optional(NUMBER),
                    "second": optional(NUMBER),
                    "more_machine_like": {
                        "enum": ["first", "second", None],
                        "description": "By the direction of the literature; null where they are equal or undefined.",
                    },
                }
            )
        ),
    }
)


def comparison_record(first: Result, second: Result) -> dict[str, Any]:
    """Ready for JSON. Two texts differ in length, topic and occasion before they differ in author."""
    records = first.to_dict(), second.to_dict()
    methods = [
        {
            "name": name,
            "first": records[0]["methods"].get(name),
            "second": records[1]["methods"].get(name),
            "more_machine_like": more_machine_like(first, second, name),
        }
        for name in dict.fromkeys([*first.methods, *second.methods])
    ]
    return {
        "schema_version": first.schema_version,
        "first": records[0],
        "second": records[1],
        "methods": methods,
    }


def more_machine_like(first: Result, second: Result, method: str) -> str | None:
    """Which of two texts lies further in the direction that the literature gives for machine text."""
    one, other = (result.methods.get(method, float("nan")) for result in (first, second))
    if not (np.isfinite(one) and np.isfinite(other)) or one == other or method not in METHODS:
        return None
    return "first" if (one > other) == METHODS[method]().higher_is_machine else "second"
