"""``detect query DIR SQL``: questions to the results of ``detect batch``."""

from typing import Annotated

import typer

from detector.commands.options import JsonOption, QuietOption, guarded, print_json, say

_WIDEST_CELL = 60


@guarded
def query(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder that detect batch wrote.")],
    sql: Annotated[str, typer.Argument(help="A query over the tables results and tokens.")],
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Ask the results of `detect batch` in SQL (DuckDB).

    For example: SELECT verdict, count(*) FROM results GROUP BY verdict
    """
    from detector.corpus.query import is_finished
    from detector.corpus.query import query as ask

    rows = ask(folder, sql)
    if not is_finished(folder) and not quiet:
        say("The run is not finished: documents, copies and flags may be missing. Give its command again to go on.")
    if as_json:
        import json

        for row in rows.to_pylist():
            print_json(json.loads(json.dumps(row, default=str)))
        return
    from rich.table import Table
    from rich.text import Text

    from detector.report.terminal import make_console

    table = Table(*rows.column_names, box=None)
    for row in rows.to_pylist():
        table.add_row(*(Text(_shown(value)) for value in row.values()))
    make_console().print(table)


def _shown(value: object) -> str:
    text = "" if value is None else str(value)
    text = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return text if len(text) <= _WIDEST_CELL else text[: _WIDEST_CELL - 1] + "\u2026"
