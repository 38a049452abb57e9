"""``detect query DIR SQL``: questions to the results of ``detect batch``."""

from pathlib import Path
from typing import Annotated

import typer

from detector.commands.options import JsonOption, QuietOption, given, guarded, print_json, say


@guarded
def query(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder that detect batch wrote.")],
    sql: Annotated[str, typer.Argument(help="A query over the tables results and tokens.")] = "SELECT * FROM results",
    every: Annotated[bool, typer.Option("--all", help="Show every column, a line each.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the answer as a CSV file.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write it for a spreadsheet (.xlsx).")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Ask the results of `detect batch` in SQL (DuckDB).

    For example: SELECT verdict, count(*) FROM results GROUP BY verdict
    """
    import json

    from detector.corpus.query import is_finished
    from detector.corpus.query import query as ask
    from detector.report.spreadsheet import check_tables, write_tables

    files = given(csv=csv, xlsx=xlsx)
    check_tables(files)
    answer = ask(folder, sql)
    if not is_finished(folder) and not quiet:
        say("The run is not finished: documents, copies and flags may be missing. Give its command again to go on.")
    names, rows = answer.column_names, answer.to_pylist()
    write_tables(files, rows)
    if as_json:
        for row in rows:
            print_json(json.loads(json.dumps(row, default=str)))
    elif not files:
        from detector.report.rows_table import print_lists, print_table
        from detector.report.terminal import make_console

        if every:
            print_lists(make_console(), names, rows)
        elif (left_out := print_table(make_console(), names, rows)) and not quiet:
            n = len(left_out)
            say(f"{n} more column{'' if n == 1 else 's'}: {', '.join(left_out)}. Show them with --all, or name some.")
