"""Rows of any query as a table that fits the terminal: the columns people ask for first, numbers to be compared.

A row of results has more columns than a terminal; those that do not fit are named, and ``as_lists`` shows them all.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = Mapping[str, Any]

FIRST = ("id", "verdict", "reason", "p_value", "probability_machine", "n_words", "flagged_fdr", "share_machine")
"""Columns of the results that are shown before others where not all fit, in this order."""
_WIDEST_CELL = 40
_GAP = 2


def print_table(console: Console, names: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Print the rows with as many columns as fit; returns the names of those that did not."""
    cells = {name: [_shown(row[name]) for row in rows] for name in names}
    widths = {
        name: min(_WIDEST_CELL, max([len(name), *(Text(cell).cell_len for cell in cells[name])])) for name in names
    }
    chosen = _fitting(names, widths, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    for name in chosen:
        is_number = all(row[name] is None or _is_number(row[name]) for row in rows)
        table.add_column(
            Text(name),
            no_wrap=True,
            overflow="ellipsis",
            max_width=widths[name],
            justify="right" if is_number else "left",
        )
    for i in range(len(rows)):
        table.add_row(*(Text(cells[name][i]) for name in chosen))
    console.print(table)
    return [name for name in names if name not in chosen]


def print_lists(console: Console, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Print every column of every row, a line a column."""
    widest = max(map(len, names), default=0)
    for number, row in enumerate(rows, start=1):
        console.print(Text(f"row {number}", style="bold"))
        for name in names:
            console.print(Text(f"  {name:<{widest}}  {_shown(row[name])}"), soft_wrap=True)


def _fitting(names: Sequence[str], widths: Mapping[str, int], width: int) -> list[str]:
    """All columns if they fit, else those of ``FIRST`` and then the others, as far as there is room; in their order."""
    room = width + _GAP
    if sum(widths[name] + _GAP for name in names) <= room:
        return list(names)
    chosen = set[str]()
    for name in [*(name for name in FIRST if name in names), *(name for name in names if name not in FIRST)]:
        needed = widths[name] + _GAP
        if needed <= room or not chosen:
            chosen.add(name)
            room -= needed
    return [name for name in names if name in chosen]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
