"""Answers for programs."""

import json
from typing import Any


def as_json(record: Any) -> bytes:
    """Strict JSON in UTF-8."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")
