"""Readings of tokens kept in a SQLite file as they come, so that a run that was broken off goes on.

A row belongs to a run, which is the model, the prompts and everything else that decides a reading;
nothing is ever read for another. A commit is on the disk before the next batch begins.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from detector.errors import InputError
from detector.vocabulary.in_context import TokenInContext
from detector.vocabulary.prompted_probability import SlotReading

Readings = tuple[SlotReading, ...]


class Ledger:
    """Readings by token of one run. Without a path they are kept in memory only."""

    def __init__(self, path: Path | None, run: str) -> None:
        self._path, self._run = path, run
        try:
            self._connection = sqlite3.connect(":memory:" if path is None else path, timeout=60)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS readings (run TEXT, token TEXT, readings TEXT, PRIMARY KEY (run, token))"
            )
            self._connection.commit()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def read(self, tokens: Iterable[TokenInContext]) -> dict[TokenInContext, Readings]:
        """What the ledger holds of ``tokens``."""
        readings_of: dict[TokenInContext, Readings] = {}
        try:
            for token in tokens:
                row = self._connection.execute(
                    "SELECT readings FROM readings WHERE run = ? AND token = ?", (self._run, _key(token))
                ).fetchone()
                if row is not None:
                    readings_of[token] = tuple(SlotReading.from_dict(values) for values in json.loads(row[0]))
        except (sqlite3.Error, ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._unusable(error) from error
        return readings_of

    def write(self, tokens: Sequence[TokenInContext], readings: Sequence[Readings]) -> None:
        """Add readings in one transaction; a token already there stays as it is."""
        rows = [
            (self._run, _key(token), json.dumps([reading.to_dict() for reading in of_token]))
            for token, of_token in zip(tokens, readings, strict=True)
        ]
        try:
            with self._connection:
                self._connection.executemany("INSERT OR IGNORE INTO readings VALUES (?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> InputError:
        return InputError(
            f"The file {self._path}, which keeps the tokens verified so far, cannot be used ({error}). "
            "Name another, or delete it to begin again."
        )


def _key(token: TokenInContext) -> str:
    return json.dumps([token.left, token.token_id, token.right])
