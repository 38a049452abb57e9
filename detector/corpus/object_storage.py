"""Corpora and results at a URL that fsspec knows: ``s3://…``, ``gs://…``, ``az://…``, ``sftp://…`` and others.

Documents are fetched a few files at a time into a temporary folder and read there like any others. Results
are made in a temporary folder too, which begins as a copy of the parts at the URL; every part is published as
soon as it is finished. The parts are the truth of a run and its ledger is made again from them, so a run goes
on from the URL alone, on whatever machine.

One run at a time may write to a URL. There is no lock out there, so a run leaves its mark and renews it
whenever it publishes: another run that finds a fresh mark does not begin, and a run that finds the mark of
another in place of its own publishes nothing more.
"""

import json
import os
import re
import shutil
import socket
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any
from uuid import uuid4

from detector.corpus.documents import Document, Problem
from detector.corpus.progress import OnRunProgress, Progress
from detector.corpus.sources import OneFile, printable
from detector.corpus.store import ABSENT, INDEX, REPORTS, RESULTS, RUN, SUMMARY, TOKENS
from detector.corpus.tables import Layout, Reading
from detector.errors import DetectorError, InputError, OutputError, UsageError

_FILES_AT_ONCE = 256
_BYTES_AT_ONCE = 1 << 28
"""Fetched together, so that a store with slow answers is asked for many files at a time."""
_SECONDS_BETWEEN = 15.0
"""Between two looks for parts to publish: what a lost machine may take with it."""
_PUBLISHED = (TOKENS, ABSENT, RESULTS, REPORTS)
"""In this order, so that no row is there without its tokens."""
_MARK = ".writing.json"
_SECONDS_ALIVE = 120.0
"""A mark that is older is that of a run that was killed."""
_OURS = re.compile(r"((part|failed)-)?[0-9a-f]{20}\.(parquet|html)")


def is_url(given: object) -> bool:
    """Whether this names a place in object storage rather than a path."""
    return isinstance(given, str) and re.match(r"[a-z][a-z0-9+.-]*://", given) is not None


@dataclass(frozen=True)
class _Fetched:
    """A file at a URL and the copy of it."""

    remote: str
    local: Path
    problem: str | None = None
    """Why there is no copy."""


class RemoteSource:
    """A file of records, a text, or every file below a URL; ids are those of a local copy."""

    def __init__(self, url: str, layout: Layout, leave_out: str = "") -> None:
        """Files below the URL ``leave_out`` are passed over. Raises ``UsageError`` and ``InputError``."""
        self.name = url.rstrip("/")
        self._layout = layout
        self._system, root = _system(url)
        self._root = root.rstrip("/")
        self._leave_out = _system(leave_out)[1].rstrip("/") + "/" if is_url(leave_out) else None
        self._folder = Path(mkdtemp(prefix="detect-input-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._fetched: list[_Fetched] = []
        self.is_one_file = False

    def documents(self, reading: Reading | None = None) -> Iterator[Document]:
        """See ``Source``. A file that cannot be fetched is a document with a problem, unless it is the only one."""
        sizes = self._sizes()
        self.is_one_file = is_one = list(sizes) == [self._root]
        if reading is not None:
            reading.total = sum(sizes.values())
        for group in _groups(sizes):
            for fetched in self._fetch(group):
                below = _below(self._root, fetched.remote)
                url, named = (self.name, self.name) if is_one else (f"{self.name}/{below}", below)
                try:
                    yield from self._read(fetched, url, named)
                except (InputError, UsageError) as error:
                    if is_one:
                        raise
                    yield Document(named, url, None, problem=Problem("unreadable", str(error)))
                if reading is not None:
                    reading.done += sizes[fetched.remote]

    def _sizes(self) -> dict[str, int]:
        """Every file to be read, by path, with its size in bytes."""
        try:
            found = self._system.find(self._root, detail=True)
        except Exception as error:  # every file system has errors of its own
            raise InputError(f"{self.name} cannot be read ({_reason_of(error)}).") from error
        if not found:
            raise InputError(f"{self.name}: there is no file here.")
        return {
            path: int(about.get("size") or 0)
            for path, about in sorted(found.items())
            if not any(step.startswith(".") for step in _below(self._root, path).split("/"))
            and not (self._leave_out and path.startswith(self._leave_out))
        }

    def _fetch(self, group: list[str]) -> list[_Fetched]:
        """Copies of a group of files; those of the group before are removed."""
        if [fetched.remote for fetched in self._fetched] == group:
            return self._fetched
        for fetched in self._fetched:
            fetched.local.unlink(missing_ok=True)
        copies = []
        for number, remote in enumerate(group):
            (self._folder / str(number)).mkdir(exist_ok=True)
            # A key may hold anything, so nothing but the end of its last step becomes a name here.
            name = re.sub(r"[\0/\\]", "_", remote.rpartition("/")[2])[-100:]
            copies.append(_Fetched(remote, self._folder / str(number) / name))
        try:
            self._system.get(group, [str(copy.local) for copy in copies])
            self._fetched = copies
        except Exception:  # one of them is at fault
            self._fetched = [self._fetch_one(copy) for copy in copies]
        return self._fetched

    def _fetch_one(self, copy: _Fetched) -> _Fetched:
        try:
            self._system.get_file(copy.remote, str(copy.local))
        except Exception as error:  # every file system has errors of its own
            copy.local.unlink(missing_ok=True)
            return replace(copy, problem=_reason_of(error))
        return copy

    def _read(self, fetched: _Fetched, url: str, named: str) -> Iterator[Document]:
        if fetched.problem is not None:
            raise InputError(f"{url} cannot be fetched ({fetched.problem}).")
        shown = printable(fetched.local)
        try:
            for document in OneFile(fetched.local, self._layout).documents():
                yield _renamed(document, shown, url, named)
        except (InputError, UsageError) as error:
            raise type(error)(str(error).replace(shown, url)) from None


@dataclass(frozen=True)
class _Mark:
    """What a run that writes to a URL says of itself there."""

    run: str
    host: str
    process: int
    time: float
    """When it said so, seconds since 1970."""

    @property
    def seconds(self) -> float:
        """Since then; clocks may differ."""
        return abs(time.time() - self.time)

    @property
    def is_alive(self) -> bool:
        """Whether that run may still be writing."""
        if self.host == socket.gethostname() and os.name == "posix":
            if self.process == os.getpid():
                return False
            try:
                os.kill(self.process, 0)
            except ProcessLookupError:
                return False
            except OSError:  # it is there and not ours
                pass
        return self.seconds < _SECONDS_ALIVE


class Place:
    """Where a run puts its results: a folder of this machine that is also published at a URL."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url.rstrip("/"), folder
        self._system, self._root = _system(url)
        self._root = self._root.rstrip("/")
        self._there: dict[str, tuple[int, int]] = {}
        self._last = time.monotonic()
        self._name = uuid4().hex

    def fetch(self) -> None:
        """Begin with what is at the URL; raises ``UsageError`` where that is something else.

        Raises ``OutputError`` where another run is writing there.
        """
        with self._reaching():
            if (mark := self._mark()) is not None and mark.is_alive:
                raise OutputError(
                    f"Another run on {mark.host} wrote to {self.url} {mark.seconds:.0f} seconds ago; wait for it, or "
                    f"name another --out. If it was killed, give the command again in {_SECONDS_ALIVE:.0f} seconds."
                )
            found = [_below(self._root, path) for path in self._system.find(self._root)]
        if RUN not in found and any(not name.startswith(".") for name in found):
            raise UsageError(f"{self.url} is not empty and holds no results of detect batch; name another with --out.")
        wanted = [name for name in found if name == RUN or _is_ours(name)]
        with self._reaching():
            for name in _PUBLISHED:
                (self.folder / name).mkdir()
            if wanted:
                remote = [f"{self._root}/{name}" for name in wanted]
                self._system.get(remote, [str(self.folder / name) for name in wanted])
            self._set_mark()
            for name in found:  # what a lost machine had half done
                if name.endswith(".tmp"):
                    self._system.rm_file(f"{self._root}/{name}")
        self._there = {name: _stamp(self.folder / name) for name in wanted}

    def publish(self) -> None:
        """Bring the URL to what the folder holds; a file appears there whole or not at all.

        Raises ``OutputError`` where another run has begun to write there.
        """
        with self._reaching():
            if (mark := self._mark()) is not None and mark.run != self._name:
                raise OutputError(
                    f"Another run on {mark.host} has begun to write to {self.url}, so this one ends. What it "
                    "published is safe; when the other has ended, the same command says whether anything is missing."
                )
            self._set_mark()
            here = {name: _stamp(self.folder / name) for name in self._names()}
            changed = [name for name, stamp in here.items() if self._there.get(name) != stamp]
            # What has shrunk goes last: the rows it lost stand in a part that has grown.
            for name in sorted(changed, key=lambda name: name in self._there and here[name] < self._there[name]):
                self._put(name)
                self._there[name] = here[name]
            for name in [name for name in self._there if name not in here]:
                self._system.rm_file(f"{self._root}/{name}")
                del self._there[name]
        self._last = time.monotonic()

    def close(self) -> None:
        """Publish for the last time, and take the mark away."""
        self.publish()
        with self._reaching():
            self._system.rm_file(f"{self._root}/{_MARK}")

    def watched(self, on_progress: OnRunProgress) -> OnRunProgress:
        """The same, which publishes now and then."""

        def told(progress: Progress) -> None:
            on_progress(progress)
            if time.monotonic() - self._last > _SECONDS_BETWEEN:
                self.publish()

        return told

    def _names(self) -> Iterator[str]:
        for name in (RUN, *_PUBLISHED, SUMMARY, INDEX):
            path = self.folder / name
            if path.is_dir():
                yield from (f"{name}/{file.name}" for file in sorted(path.iterdir()) if _OURS.fullmatch(file.name))
            elif path.exists():
                yield name

    def _put(self, name: str) -> None:
        remote = f"{self._root}/{name}"
        folder, _, last = remote.rpartition("/")
        temporary = f"{folder}/.{last}.{uuid4().hex[:8]}.tmp"
        self._system.makedirs(folder, exist_ok=True)
        self._system.put_file(str(self.folder / name), temporary)
        self._system.mv(temporary, remote)

    def _mark(self) -> "_Mark | None":
        try:
            return _Mark(**json.loads(self._system.cat_file(f"{self._root}/{_MARK}")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _set_mark(self) -> None:
        mark = _Mark(self._name, socket.gethostname(), os.getpid(), time.time())
        self._system.makedirs(self._root, exist_ok=True)
        self._system.pipe_file(f"{self._root}/{_MARK}", json.dumps(asdict(mark)).encode())

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except DetectorError:
            raise
        except Exception as error:  # every file system has errors of its own
            raise OutputError(
                f"{self.url} cannot be reached or written ({_reason_of(error)}). What was published is safe; give the "
                "command again."
            ) from error


class LocalPlace:
    """A folder of this machine and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def watched(self, on_progress: OnRunProgress) -> OnRunProgress:
        """The same."""
        return on_progress


@contextmanager
def place_of(out: str | Path) -> Iterator[Place | LocalPlace]:
    """Where a run writes; at a URL what was finished is published whatever ends the run."""
    if not is_url(out):
        yield LocalPlace(Path(out))
        return
    with TemporaryDirectory(prefix="detect-results-") as folder:
        place = Place(str(out), Path(folder))
        place.fetch()
        try:
            yield place
        finally:
            place.close()


def source_at(given: str, layout: Layout, out: str | Path = "") -> str | RemoteSource:
    """A ``RemoteSource`` where ``given`` is a URL; anything else as it is."""
    return RemoteSource(given, layout, str(out)) if is_url(given) else given


def _system(url: str) -> tuple[Any, str]:
    """(file system, path in it) of a URL; raises ``UsageError`` where fsspec or what it needs is missing."""
    try:
        import fsspec

        return fsspec.core.url_to_fs(url)
    except ImportError as error:
        what = "pip install 'detect-text[scale]'" if error.name == "fsspec" else str(error).rstrip(".")
        raise UsageError(f"{url} needs another library: {what}.") from None
    except ValueError as error:
        raise UsageError(f"{url} is no URL of a known kind ({error}).") from None


def _groups(sizes: dict[str, int]) -> Iterator[list[str]]:
    group: list[str] = []
    total = 0
    for path, size in sizes.items():
        if group and (len(group) == _FILES_AT_ONCE or total + size > _BYTES_AT_ONCE):
            yield group
            group, total = [], 0
        group.append(path)
        total += size
    if group:
        yield group


def _renamed(document: Document, shown: str, url: str, named: str) -> Document:
    """A document as if it had been read where it lies."""
    problem = document.problem
    return replace(
        document,
        id=named + document.id.removeprefix(shown) if document.id.startswith(shown) else document.id,
        path=url,
        warnings=tuple(warning.replace(shown, url) for warning in document.warnings),
        problem=replace(problem, explanation=problem.explanation.replace(shown, url)) if problem else None,
    )


def _is_ours(name: str) -> bool:
    """Whether this is a part or a report by its name: nothing else is taken from a place that others write to."""
    folder, _, file = name.partition("/")
    return folder in _PUBLISHED and _OURS.fullmatch(file) is not None


def _below(root: str, path: str) -> str:
    return path.removeprefix(root.rstrip("/")).lstrip("/")


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _reason_of(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0].rstrip(".")[:200] or type(error).__name__
