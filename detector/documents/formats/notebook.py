"""Jupyter notebooks (.ipynb): the text of their Markdown cells."""

import json
from typing import Any

from detector.documents.decoding import decode
from detector.documents.formats.prose import LINE, PARAGRAPH
from detector.documents.markdown import parse
from detector.errors import InputError


def read(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """(text, warnings); raises ``InputError``."""
    source, doubts = decode(data, name)
    try:
        notebook = json.loads(source)
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        kinds = [(cell.get("cell_type"), _source_of(cell)) for cell in cells]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise InputError(f"{name} is a Jupyter notebook that is damaged. Save it anew.") from None
    texts = [text for kind, source in kinds if kind in ("markdown", "heading") and (text := _shown(source))]
    code = sum(kind == "code" for kind, _ in kinds)
    left_out = f"its {code:,} code cell{'' if code == 1 else 's'}" if code else "signs"
    warning = (
        f"The text was taken from the Markdown cells of a Jupyter notebook; {left_out}, output, tables and code in the "
        "text were left out, so places refer to the text as it was read."
    )
    return PARAGRAPH.join(texts), (*doubts, warning)


def _source_of(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(map(str, source))


def _shown(markdown: str) -> str:
    text, was_tight = "", False
    for block in parse(markdown, is_certain=True).blocks:
        parting = "" if not text else LINE if was_tight and block.is_tight else PARAGRAPH
        text += parting + "".join(one.character for one in block.shown)
        was_tight = block.is_tight
    return text
