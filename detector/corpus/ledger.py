"""Which documents are done, in a SQLite file beside the results.

The results are the truth and this is an index of them, so the order of a commit is: part file renamed into
place, then the ledger. A crash between the two leaves a part that the ledger does not know; ``reconcile``
reads the keys in it. A part that is gone, or has another size or time than the ledger remembers, is
forgotten or read again the same way, and a ledger that is lost or damaged is made from nothing.

A document is ``pending`` while it is under way, ``done`` once its row is in a part, ``failed`` where the row
says that scoring broke. What is pending when a run begins was lost with the last one and comes again. A pass is
one reading of the input; a document that was not met in the last one is absent.
"""

import hashlib
import json
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from detector.corpus.documents import Document, key_of
from detector.corpus.sealed_parquet import read_sealed_parquet
from detector.corpus.store import ABSENT, RESULTS, Store, is_failed
from detector.errors import DetectorWarning, OutputError, UsageError

Admission = Literal["new", "copy", "done"]

_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (number INTEGER PRIMARY KEY, name TEXT UNIQUE, size INTEGER, time INTEGER);
CREATE TABLE IF NOT EXISTS documents (
    key BLOB PRIMARY KEY, text BLOB, is_copy INTEGER, state TEXT, part INTEGER, pass INTEGER,
    repeats INTEGER DEFAULT 1
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_by_text_and_part ON documents (text, part);
CREATE INDEX IF NOT EXISTS documents_by_part ON documents (part);
CREATE TABLE IF NOT EXISTS copies (key BLOB PRIMARY KEY, document TEXT) WITHOUT ROWID;
"""


_ADOPT = "INSERT OR REPLACE INTO documents (key, text, is_copy, state, part, pass) VALUES (?, ?, ?, ?, ?, 0)"
_ADOPT_ABSENT = _ADOPT.replace("REPLACE", "IGNORE")
_NUMBER = "SELECT number FROM parts WHERE name = ?"


@dataclass(frozen=True)
class Copy:
    """A document whose text was scored for another, and the part where that one's row is."""

    document: Document
    """Without its text."""
    text_sha256: str
    part: str
    """Path below the store."""


class Ledger:
    """An open ledger of one run. Every method may raise ``OutputError``."""

    def __init__(self, connection: sqlite3.Connection, store: Store) -> None:
        self._connection = connection
        self._store = store
        self.current_pass = 1 + int(self.fact("pass") or 0)

    @classmethod
    @contextmanager
    def opened(cls, store: Store, run_id: str) -> Iterator["Ledger"]:
        """The ledger of ``store``, in agreement with its parts."""
        path = store.ledger_file()
        try:
            ledger = cls._agreed(path, run_id, store)
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:  # a message or value that is no text or number
            if _is_about_the_disk(error):
                raise _output_error(store, error) from error
            for suffix in ("-wal", "-shm"):  # damaged: the parts hold all that it held
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            with path.open("r+b") as file:
                file.truncate()
            ledger = cls._agreed(path, run_id, store)
        connection = ledger._connection
        try:
            ledger._begin_pass()
            yield ledger
        except sqlite3.DatabaseError as error:
            raise _output_error(store, error) from error
        finally:
            connection.close()

    @classmethod
    def _agreed(cls, path: Path, run_id: str, store: Store) -> "Ledger":
        """An open ledger in agreement with the parts; raises ``sqlite3.DatabaseError`` for a damaged one."""
        connection = _connect(path, run_id)
        try:
            ledger = cls(connection, store)
            ledger.reconcile()
        except BaseException:
            connection.close()
            raise
        return ledger

    def reconcile(self) -> None:
        """Agree with the parts on disk, whatever happened since; ``sqlite3.DatabaseError`` for a damaged ledger."""
        impossible = "SELECT 1 FROM documents WHERE typeof(pass) != 'integer' OR pass >= ?"
        if self._one(impossible, self.current_pass):  # SQLite has no checksums; this would count as met in this pass
            raise sqlite3.DatabaseError("it is damaged")
        self._connection.execute("DELETE FROM documents WHERE state = 'pending'")
        known = {name: (number, size, time) for number, name, size, time in self._all("SELECT * FROM parts")}
        found = {self._name(path): path for kind in (RESULTS, ABSENT) for path in self._store.parts(kind)}
        for name, (number, *_) in known.items():
            if name not in found:
                self._forget(number)
        for name, path in found.items():
            if name not in known or known[name][1:] != _stamp(path):
                if name in known:
                    self._forget(known[name][0])
                self._adopt(path)
        self._connection.execute("DELETE FROM copies")
        self._connection.commit()

    def admit(self, document: Document) -> tuple[Admission, Document]:
        """Whether a document of the input is to be scored, copied or passed over; unless it is done, it gets its key.

        Documents with the same path, id and text are told apart by counting them.
        """
        text = document.text_sha256
        base = key = key_of(document.path, document.id, text, 1)
        if self._seen(key):
            return "done", document
        repeats = self._one("SELECT repeats FROM documents WHERE key = ?", _blob(base))
        if repeats is not None:  # in this pass already, so it is one more of the same
            key = key_of(document.path, document.id, text, repeats[0] + 1)
            self._connection.execute("UPDATE documents SET repeats = repeats + 1 WHERE key = ?", (_blob(base),))
            if self._seen(key):
                return "done", document
        document = replace(document, key=key)
        is_copy = text is not None and self._one("SELECT 1 FROM documents WHERE text = ? LIMIT 1", _blob(text))
        self._connection.execute(
            "INSERT INTO documents (key, text, is_copy, state, pass) VALUES (?, ?, ?, 'pending', ?)",
            (_blob(key), _blob(text) if text else None, bool(is_copy), self.current_pass),
        )
        if not is_copy:
            return "new", document
        payload = [document.id, document.path, document.warnings, dict(document.fields)]
        self._connection.execute("INSERT INTO copies VALUES (?, ?)", (_blob(key), json.dumps(payload)))
        return "copy", document

    def record(self, part: Path, keys: list[str], failed: bool) -> None:
        """Note that the rows of these documents are in ``part``, which is on disk already."""
        number = self._add_part(part)
        state = "failed" if failed else "done"
        self._connection.executemany(
            "UPDATE documents SET state = ?, part = ? WHERE key = ?", ((state, number, _blob(key)) for key in keys)
        )
        self._connection.executemany("DELETE FROM copies WHERE key = ?", ((_blob(key),) for key in keys))
        self._connection.commit()

    def copies(self) -> Iterator[Copy]:
        """Documents that wait for the row of another, in the order of the parts those are in."""
        query = (
            "SELECT key, document, text, name FROM (SELECT copies.key, copies.document, waiting.text, ("
            # a look-up in the index: a join with all that have the text would be quadratic in them
            "SELECT min(part) FROM documents WHERE text = waiting.text AND part IS NOT NULL) AS number "
            "FROM copies JOIN documents AS waiting ON waiting.key = copies.key"
            ") JOIN parts USING (number) ORDER BY number"
        )
        for key, payload, text, part in self._all(query):
            name, path, warnings, fields = json.loads(payload)
            yield Copy(Document(name, path, None, tuple(warnings), fields, key=key.hex()), text.hex(), part)

    def misplaced(self) -> Iterator[tuple[str, set[str]]]:
        """Parts with rows that are no longer where they belong, once the input has been read to its end.

        Yields the name of a part and the keys of those of its rows, in results or absent, that the input holds.
        """
        named = self._all(
            "SELECT DISTINCT name FROM documents JOIN parts ON number = part WHERE (pass = ?) = (name LIKE ?)",
            self.current_pass,
            f"{ABSENT}/%",
        )
        for name in sorted({name.rpartition("/")[2] for (name,) in named.fetchall()}):
            keys = self._all(
                "SELECT key FROM documents JOIN parts ON number = part WHERE name IN (?, ?) AND pass = ?",
                f"{RESULTS}/{name}",
                f"{ABSENT}/{name}",
                self.current_pass,
            )
            yield name, {key.hex() for (key,) in keys.fetchall()}

    def move(self, name: str) -> None:
        """Note that both halves of a part were written again, and each row is where it belongs."""
        halves = [self._store.folder / kind / name for kind in (RESULTS, ABSENT)]
        old = [row[0] for half in halves if (row := self._one(_NUMBER, self._name(half)))]
        self._connection.executemany("DELETE FROM parts WHERE number = ?", ((number,) for number in old))
        new = [self._add_part(half) if half.exists() else None for half in halves]
        for number in old:
            self._connection.execute(
                "UPDATE documents SET part = CASE WHEN pass = ? THEN ? ELSE ? END WHERE part = ?",
                (self.current_pass, *new, number),
            )
        self._connection.commit()

    def refresh(self, part: Path) -> None:
        """Note that ``part`` was written again with the same keys."""
        size, time = _stamp(part)
        self._connection.execute("UPDATE parts SET size = ?, time = ? WHERE name = ?", (size, time, self._name(part)))
        self._connection.commit()

    def absent(self) -> int:
        """How many documents have a row and were not met in this pass."""
        row = self._one("SELECT count(*) FROM documents WHERE part IS NOT NULL AND pass != ?", self.current_pass)
        return row[0] if row else 0

    def orphaned_texts(self) -> set[str]:
        """Hashes of texts all of whose rows are copies of a row that is absent; next to always empty."""
        texts = self._all(
            "SELECT text FROM documents WHERE text IS NOT NULL AND pass = ? GROUP BY text HAVING min(is_copy) = 1",
            self.current_pass,
        )
        return {text.hex() for (text,) in texts}

    def state_of_parts(self) -> str:
        """A word that changes whenever any part does."""
        rows = self._all("SELECT name, size, time FROM parts ORDER BY name").fetchall()
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    def fact(self, name: str) -> str | None:
        """A remembered word about the run."""
        row = self._one("SELECT value FROM facts WHERE name = ?", name)
        return row[0] if row else None

    def set_fact(self, name: str, value: str) -> None:
        """Remember a word about the run."""
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))
        self._connection.commit()

    def _seen(self, key: str) -> bool:
        """Whether a document of an earlier pass has been met in this one, for the first time."""
        # One statement instead of two: this is all that a run does for a document that is done.
        cursor = self._connection.execute(
            "UPDATE documents SET pass = ?1, repeats = 1 WHERE key = ?2 AND pass != ?1", (self.current_pass, _blob(key))
        )
        return cursor.rowcount == 1

    def _begin_pass(self) -> None:
        self.set_fact("pass", str(self.current_pass))

    def _adopt(self, path: Path) -> None:
        rows = read_sealed_parquet(path, ["document_key", "text_sha256", "duplicate_of"]).to_pylist()
        keys = [row["document_key"] for row in rows]
        if original := self._copied_from(path, keys):
            path.unlink()
            warnings.warn(
                f"{path} held the rows of {original} once more, so it was removed.", DetectorWarning, stacklevel=2
            )
            return
        number = self._add_part(path)
        state = "failed" if is_failed(path) else "done"
        # A crash may have left a row in both halves of a part; then the one in results counts.
        self._connection.executemany(
            _ADOPT_ABSENT if path.parent.name == ABSENT else _ADOPT,
            (
                (
                    _blob(row["document_key"]),
                    _blob(row["text_sha256"]) if row["text_sha256"] else None,
                    row["duplicate_of"] is not None,
                    state,
                    number,
                )
                for row in rows
            ),
        )

    def _copied_from(self, path: Path, keys: list[str]) -> str | None:
        """The part of the same folder that holds all of these rows already; raises ``UsageError`` where it has some."""
        holder = "SELECT name FROM documents JOIN parts ON number = part WHERE key = ? AND name LIKE ? AND name != ?"
        holders = (self._one(holder, _blob(key), f"{path.parent.name}/%", self._name(path)) for key in keys)
        found = [row[0] for row in holders if row]
        if found and len(found) < len(keys):
            raise UsageError(
                f"{path} and {self._store.folder / found[0]} hold rows of the same documents, which would be counted "
                "twice. Delete the one that does not belong here and give the command again."
            )
        return found[0] if found else None

    def _add_part(self, part: Path) -> int:
        name, (size, time) = self._name(part), _stamp(part)
        self._connection.execute("DELETE FROM parts WHERE name = ?", (name,))
        cursor = self._connection.execute("INSERT INTO parts (name, size, time) VALUES (?, ?, ?)", (name, size, time))
        assert cursor.lastrowid is not None  # noqa: S101 - a row was inserted
        return cursor.lastrowid

    def _name(self, part: Path) -> str:
        return part.relative_to(self._store.folder).as_posix()

    def _forget(self, number: int) -> None:
        self._connection.execute("DELETE FROM documents WHERE part = ?", (number,))
        self._connection.execute("DELETE FROM parts WHERE number = ?", (number,))

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        return self._connection.execute(query, values).fetchone()

    def _all(self, query: str, *values: object) -> sqlite3.Cursor:
        return self._connection.execute(query, values)


def _connect(path: Path, run_id: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60)
    try:
        _prepare(connection, run_id)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, run_id: str) -> None:
    """Raises ``sqlite3.DatabaseError`` for a ledger that is damaged or of another run."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes from it is read from the parts
    connection.executescript(_TABLES)
    if connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("it is damaged")
    if _schema(connection) != _own_schema():  # SQLite has no checksums; a column may have another name
        raise sqlite3.DatabaseError("its tables are not those of a ledger")
    row = connection.execute("SELECT value FROM facts WHERE name = 'run'").fetchone()
    if row is None:
        connection.execute("INSERT INTO facts VALUES ('run', ?)", (run_id,))
        connection.commit()
    elif row[0] != run_id:  # a crash between two runs left it
        raise sqlite3.DatabaseError("it belongs to another run")


def _schema(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Tables and indexes as they were made."""
    return connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()


@cache
def _own_schema() -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_TABLES)
        return _schema(connection)


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _blob(digits: str) -> bytes:
    return bytes.fromhex(digits)


def _is_about_the_disk(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and any(
        word in str(error) for word in ("full", "readonly", "unable to open", "I/O", "locked")
    )


def _output_error(store: Store, error: Exception) -> OutputError:
    return OutputError(
        f"The ledger in {store.folder} cannot be written ({error}). What was finished is safe; make room, or mend "
        "the rights of the folder, and give the command again."
    )
