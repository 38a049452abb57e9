"""The output folder of a run: files that are whole or not there, and the run they belong to.

    DIR/run.json          what decides the numbers: model, calibration, settings, columns; see ``Run``
    DIR/results/*.parquet the rows. **These files are the truth.** A document is done when its row is in one
    DIR/absent/*.parquet  rows, in parts of the same name, of documents that the input holds no longer; they are
                          no part of the corpus, and return to results when their documents do
    DIR/tokens/*.parquet  token scores of the texts of the part of the same name, here or absent, if asked for
    DIR/ledger.sqlite     an index of the rows; made again from them where it is missing or behind
    DIR/summary.json, DIR/index.html, DIR/reports/   made from the rows at the end

A file is written under another name, synced, and renamed, and the folder is synced; so a file under its own
name is whole, and what a crash leaves under another name is removed by the next run. A part is named after
the keys of its rows: writing the same part twice changes nothing.
"""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from detector.corpus.schema import READABLE_VERSIONS, STORE_VERSION, Carried
from detector.corpus.sealed_parquet import check_sealed, damaged, to_sealed_parquet
from detector.errors import OutputError, UsageError
from detector.files import PRIVATE_FILE, TEMPORARY, make_folder, write_whole
from detector.methods import plain_methods

RESULTS, ABSENT, TOKENS, REPORTS = "results", "absent", "tokens", "reports"
RUN, LEDGER, SUMMARY, INDEX, LOCK = "run.json", "ledger.sqlite", "summary.json", "index.html", ".lock"
_OURS = {RESULTS, ABSENT, TOKENS, REPORTS, RUN, SUMMARY, INDEX, LOCK, LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm"}
_RUN_ID = b"detect.run"
_VERSION = b"detect.store_version"
_FAILED_PREFIX = "failed-"


@dataclass(frozen=True)
class Run:
    """What decides the numbers of a run. Two runs that differ in any of it are never mixed."""

    source: str
    text_field: str
    id_field: str | None
    most_characters: int
    keep_tokens: bool
    model: str
    """Name by which the model was asked for."""
    dtype: str
    model_fingerprint: str
    voices_fingerprint: str | None
    lexical_fingerprint: str | None
    calibration_sha256: str
    target_fpr: float
    program_version: str
    """That began the run. Another version goes on with it, for what a row is made of stands beside: ``STORE_VERSION``
    is raised with whatever changes a row."""
    token_analysis_sha256: str | None = None
    """Of the file that token findings come from; None without one."""
    methods: list[str] = field(default_factory=plain_methods)
    """The statistics that a row holds; a package may add some."""
    store_version: int = STORE_VERSION
    attempt: int = 1
    """Counts how often results of the folder were thrown away with --force."""
    quick: bool = False
    """Whether texts were read as far as an early layer alone."""

    @property
    def id(self) -> str:
        """32 hex digits over all of it."""
        record = asdict(self)
        if not self.quick:  # said only where it is so: runs that were begun before keep their id
            del record["quick"]
        return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:32]

    def differences(self, other: "Run") -> list[str]:
        """What ``other`` has otherwise, in words."""
        said = [
            f"{f.name.replace('_', ' ')} was {getattr(self, f.name)} and is {getattr(other, f.name)} now"
            for f in fields(self)
            if f.name not in ("attempt", "program_version", "methods")
            and getattr(self, f.name) != getattr(other, f.name)
        ]
        if changed := sorted({*self.methods} ^ {*other.methods}):
            said.append(f"the statistics differ by {', '.join(changed)}")
        return said


class Store:
    """One output folder, held by one run at a time."""

    def __init__(self, folder: Path, is_shared: bool = False) -> None:
        """Others of this machine can read what is written if it ``is_shared``; a folder that is there stays as is."""
        self.folder = folder
        self._is_private = not is_shared
        self._rights = PRIVATE_FILE if self._is_private else 0o666

    @contextmanager
    def held(self) -> Iterator[None]:
        """The folder, made if need be, locked until the process ends; raises ``OutputError`` if another run has it."""
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputError(f"{self.folder} is a file, and --out names a folder.")
        with writing(self.folder):
            make_folder(self.folder, self._is_private)
            strangers = [name for name in os.listdir(self.folder) if name not in _OURS and not name.startswith(".")]
            if strangers and not (self.folder / RUN).exists():
                raise UsageError(
                    f"{self.folder} is not empty and holds no results of detect batch; name another folder with --out."
                )
            for name in (LOCK, LEDGER, RUN):
                if (self.folder / name).is_symlink():
                    raise OutputError(f"{self.folder / name} is a link; results are written into files, so remove it.")
            lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, self._rights)
        try:
            if not _lock(lock):
                raise OutputError(f"Another run is writing to {self.folder}; wait for it, or name another --out.")
            yield
        finally:
            os.close(lock)

    def ledger_file(self) -> Path:
        """The ledger, made empty where there is none, so that it has the rights of everything here."""
        path = self.folder / LEDGER
        with writing(self.folder):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, self._rights))
        return path

    def run(self) -> tuple[Run, list[Carried]] | None:
        """The run whose results are here, and its columns; None for none. Raises ``UsageError`` for other versions."""
        try:
            record = json.loads((self.folder / RUN).read_text(encoding="utf-8"))
            version = record["run"]["store_version"]
            if version not in READABLE_VERSIONS:
                raise UsageError(
                    f"{self.folder} was written in version {version} of the format, and this program writes "
                    f"{STORE_VERSION}. Name another folder with --out, or replace its results with --force."
                )
            return Run(**record["run"]), [Carried(**column) for column in record["carried"]]
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UsageError(
                f"{self.folder / RUN} is damaged ({error}). Name another folder with --out, or start over with --force."
            ) from None

    def begin(self, run: Run, carried: list[Carried]) -> None:
        """Make the folder that of ``run``; results of any other run are removed."""
        record = {"run": asdict(run), "carried": [asdict(column) for column in carried]}
        with writing(self.folder):
            for name in (LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm", SUMMARY, INDEX):
                (self.folder / name).unlink(missing_ok=True)
            for path in (self.folder / REPORTS).glob("*.html"):
                path.unlink()
            self.write(self.folder / RUN, lambda file: file.write(json.dumps(record, indent=1).encode()))
            self.tidy(run)

    def tidy(self, run: Run) -> None:
        """Remove what crashes and earlier runs left; raises ``UsageError`` for files of others among the results."""
        for name in (RESULTS, ABSENT, TOKENS, REPORTS):
            folder = self.folder / name
            if name == ABSENT and not folder.exists():
                continue
            with writing(self.folder):
                make_folder(folder, self._is_private)
                for path in list(folder.iterdir()):
                    is_ours = name == REPORTS or path.name.startswith(".") or self._belongs(path, run)
                    if path.name.endswith(TEMPORARY) or not is_ours:
                        path.unlink()
        with writing(self.folder):
            for path in self.folder.glob(f".*{TEMPORARY}"):
                path.unlink()
            rows = {path.name for kind in (RESULTS, ABSENT) for path in self.parts(kind)}
            for path in self.parts(TOKENS):
                if path.name not in rows:  # its rows were never written, so they will come again
                    path.unlink()

    def parts(self, kind: str = RESULTS) -> list[Path]:
        """Finished parts by name."""
        return sorted((self.folder / kind).glob("*.parquet"))

    def write_part(self, run: Run, rows: pa.Table, tokens: pa.Table | None = None, failed: bool = False) -> Path:
        """Rows as one part; once this returns they survive a crash. Tokens go first, so that no row lacks them."""
        keys = "".join(sorted(rows["document_key"].to_pylist()))
        name = f"{_FAILED_PREFIX if failed else 'part-'}{hashlib.sha256(keys.encode()).hexdigest()[:20]}.parquet"
        if tokens is not None and len(tokens):
            self.write_table(self.folder / TOKENS / name, run, tokens)
        return self.write_table(self.folder / RESULTS / name, run, rows)

    def write_table(self, path: Path, run: Run, table: pa.Table) -> Path:
        """One Parquet file of ``run``, whole or not at all."""
        metadata = {_RUN_ID: run.id.encode(), _VERSION: str(STORE_VERSION).encode()}
        marked = table.replace_schema_metadata(metadata)
        data = to_sealed_parquet(marked)
        self.write(path, lambda file: file.write(data))
        return path

    def write(self, path: Path, fill: Callable[[IO[bytes]], Any]) -> None:
        """A file, whole or not at all; raises ``OutputError`` in a sentence."""
        with writing(self.folder):
            write_whole(path, fill, self._is_private)

    def rewrite_part(self, run: Run, path: Path, rows: pa.Table) -> None:
        """Other rows in place of those of a part; without any it is removed."""
        with writing(self.folder):
            make_folder(path.parent, self._is_private)
            if not len(rows):
                path.unlink(missing_ok=True)
                return
        self.write_table(path, run, rows)

    def outdate(self) -> None:
        """Remove summary and page, which speak of rows that are about to change."""
        with writing(self.folder):
            for name in (SUMMARY, INDEX):
                (self.folder / name).unlink(missing_ok=True)

    def drop_failed(self) -> int:
        """Remove the rows of documents at which scoring broke, so that they come again; returns how many parts."""
        with writing(self.folder):
            failed = [path for kind in (RESULTS, ABSENT) for path in self.parts(kind) if is_failed(path)]
            for path in failed:
                path.unlink()
        return len(failed)

    def _belongs(self, path: Path, run: Run) -> bool:
        try:
            run_id = (pq.read_schema(path).metadata or {}).get(_RUN_ID) if path.suffix == ".parquet" else None
        except (pa.ArrowException, OSError) as error:
            raise damaged(path, error) from None
        if run_id is None:
            raise UsageError(f"{path} is no file of a run of detect batch; move it elsewhere.")
        if run_id == run.id.encode():
            return True
        check_sealed(path)  # it is about to be removed, and may be ours with one bit of its mark turned over
        return False


def is_failed(part: Path) -> bool:
    """Whether a part holds documents at which scoring broke."""
    return part.name.startswith(_FAILED_PREFIX)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Failures to write as sentences that say what is left and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutputError(
                f"The disk of {folder} is full. What was finished is safe; make room and give the command again."
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise OutputError(f"{folder} cannot be written to ({error.strerror}); name another --out.") from error
        raise OutputError(
            f"Writing to {folder} failed ({error.strerror or error}). What was finished is safe; give the command "
            "again, or name another --out."
        ) from error


def _lock(handle: int) -> bool:
    """An exclusive lock, or False if another has it; where there are no locks, everyone gets one."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES)
    return True
