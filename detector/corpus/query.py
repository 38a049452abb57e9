"""SQL over the results of a run, through DuckDB."""

from pathlib import Path

import pyarrow as pa

from detector.corpus.sealed_parquet import check_sealed
from detector.corpus.store import RESULTS, SUMMARY, TOKENS, Store
from detector.errors import InputError, UsageError


def query(folder: str | Path, sql: str) -> pa.Table:
    """The answer to ``sql`` over the views ``results`` and, where they were kept, ``tokens``.

    The database may read the run's files and nothing else. Raises ``InputError`` where ``folder`` holds no
    results, ``UsageError`` where the query is wrong or DuckDB is missing.
    """
    try:
        import duckdb
    except ImportError:
        raise UsageError("Queries need DuckDB: pip install 'detect-text[query]'") from None
    if isinstance(folder, str) and "://" in folder:
        raise UsageError(
            f"Queries read a folder of this machine: copy {folder} here first, or let DuckDB itself read "
            f"{folder.rstrip('/')}/{RESULTS}/*.parquet."
        )
    store = Store(Path(folder))
    if not store.folder.is_dir() or store.run() is None or not store.parts():
        raise InputError(f"{folder} holds no results; make some with: detect batch INPUT --out {folder}")
    with duckdb.connect(":memory:") as connection:
        for view in (RESULTS, TOKENS):
            parts = store.parts(view)
            for path in parts:  # DuckDB does not look at checksums
                check_sealed(path)
            if files := [str(path.resolve()) for path in parts]:
                connection.read_parquet(files).create_view(view)
        allowed = ", ".join(
            "'" + str(store.folder.resolve() / kind).replace("'", "''") + "/'" for kind in (RESULTS, TOKENS)
        )
        connection.execute(f"SET allowed_directories = [{allowed}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            found = connection.sql(sql)
            return pa.table({}) if found is None else found.to_arrow_table()
        except duckdb.Error as error:
            said = str(error).splitlines()[0].rstrip(".!")
            tables = " and ".join(view for view in (RESULTS, TOKENS) if store.parts(view))
            raise UsageError(f"The query cannot be answered: {said}. What can be asked: {tables}.") from None


def is_finished(folder: str | Path) -> bool:
    """Whether the run came to its end, so that its flags and copies are there."""
    return (Path(folder) / SUMMARY).exists()
