"""The actors of a run on a Ray cluster, and which batch is where.

A batch counts as judged when its rows have arrived, and is given again when its actor, or the node under it, is
lost first. Judging has no side effects and one process commits, so what happens at least once is kept exactly once.
"""

import os
import time
import warnings
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from detector.corpus.documents import Document, documents_of, table_of
from detector.corpus.judging import Judged, failed_row, judge
from detector.corpus.ray_cluster import (
    WORD_SECONDS,
    HeadIsGoneError,
    check_listening,
    reason_of,
    resource_words,
    worker_words,
)
from detector.corpus.recipe import Recipe
from detector.corpus.schema import Carried, results_schema
from detector.corpus.worker import packed, unpacked
from detector.errors import DetectorError, DetectorWarning, ModelError, UsageError
from detector.version import __version__

AHEAD = 2
"""Batches under way or waiting, an actor: while one is judged the next is there. This is the back-pressure:
no more is read than the actors can take."""
_DEATHS_OF_A_DOCUMENT = 2
"""Actors that may die over one document; the first death may have been that of its node."""
_PATIENCE_SECONDS = 600.0
"""Longest wait without any actor that has a place."""
_HEAD_SECONDS = 40.0
"""Longest time without the cluster's head; after 60 Ray itself would end this process."""


@dataclass
class _Task:
    batch: list[Document]
    deaths: int = 0
    """Actors that died over it."""


@dataclass
class _Actor:
    handle: Any
    is_placed: bool = False
    """Whether it runs on some node."""
    under_way: int = 0


class Actors:
    """The actors of one run, and which batch is where. ``ray`` is the module, or what stands in for it."""

    def __init__(
        self, ray: Any, recipe: Recipe, workers: int, threads: int, gpus: float, carried: list[Carried], tokens: bool
    ) -> None:
        self._ray, self._recipe, self._carried = ray, recipe, carried
        self._workers, self._threads, self._gpus = workers, threads, gpus
        # SPREAD, so that the loss of a node takes as few actors as can be.
        self._remote = ray.remote(Worker).options(
            num_cpus=threads, num_gpus=gpus, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD"
        )
        self._order = (on_a_node(recipe, gpus), files_of(recipe), threads, carried, tokens)
        self._starting: dict[Any, _Actor] = {}
        self._ready: list[_Actor] = []
        self._working: dict[Any, tuple[_Actor, _Task]] = {}
        self._again: deque[_Task] = deque()
        self._is_over = False
        self._deaths_in_a_row = 0
        self._head = ray.get_runtime_context().gcs_address
        self._begun = self._last_placed = self._head_seen = time.monotonic()
        self._is_said = False

    def judged(self, batches: Iterator[list[Document]]) -> Iterator[Judged]:
        """What became of each batch; a document stands in exactly one of them."""
        for _ in range(self._workers):
            self._start()
        while True:
            while (actor := self._free()) and (task := self._next(batches)):
                actor.under_way += 1
                self._working[actor.handle.judge.remote(table_of(task.batch))] = (actor, task)
            if self._is_over and not self._working and not self._again:
                return
            done = self._first_done()
            if done in self._starting:
                self._arrived(done)
            elif done is not None:
                yield from self._answered(done)

    def stop(self) -> None:
        """End the actors; what they are at is lost."""
        for actor in (*self._starting.values(), *self._ready):
            self._ray.kill(actor.handle)

    def _start(self) -> None:
        actor = _Actor(self._remote.remote())
        self._starting[actor.handle.version.remote()] = actor

    def _free(self) -> _Actor | None:
        actor = min(self._ready, key=lambda actor: actor.under_way, default=None)
        return actor if actor is not None and actor.under_way < AHEAD else None

    def _next(self, batches: Iterator[list[Document]]) -> _Task | None:
        if self._again:
            return self._again.popleft()
        batch = next(batches, None)
        self._is_over = batch is None
        return _Task(batch) if batch is not None else None

    def _first_done(self) -> Any:
        """The reference of what is finished first, well or badly; None after a while without."""
        done, _ = self._ray.wait([*self._working, *self._starting], timeout=1.0)
        now = time.monotonic()
        placed = len(self._ready) + sum(actor.is_placed for actor in self._starting.values())
        if placed:
            self._last_placed = now
        if done:
            return done[0]
        if self._is_head_there(now):
            self._wait_with_patience(placed, now)
        return None

    def _is_head_there(self, now: float) -> bool:
        """Whether somebody listens there; raises ``ModelError`` when nobody has for long: no answer will come."""
        try:
            check_listening(self._head)
        except OSError as error:
            if now - self._head_seen > _HEAD_SECONDS:
                self._starting, self._ready = {}, []  # nobody can be stopped any more
                raise HeadIsGoneError(
                    f"The head of the Ray cluster, at {self._head}, is gone ({reason_of(error)}). What was finished is "
                    "safe; when the cluster is back, give the same command again."
                ) from None
            return False
        self._head_seen = now
        return True

    def _wait_with_patience(self, placed: int, now: float) -> None:
        """Say once that workers have no place, and raise ``UsageError`` when none has had one for long."""
        wanted, patience = worker_words(self._threads, self._gpus), f"{_PATIENCE_SECONDS / 60:.0f} minutes"
        if now - self._last_placed > _PATIENCE_SECONDS:
            raise UsageError(
                f"For {patience} no worker ({wanted}) has come up on the cluster, which has "
                f"{resource_words(self._ray)} in all. What was finished is safe; end other work there, add nodes, or "
                "ask for less with --threads or --gpus."
            )
        if placed < self._workers and now - self._begun > WORD_SECONDS and not self._is_said:
            self._is_said = True
            end = "." if placed else f"; after {patience} without any the run ends."
            warnings.warn(
                f"{placed} of {self._workers} workers ({wanted} each) have a place on the cluster, which has "
                f"{resource_words(self._ray)} in all. The others join when there is room{end}",
                DetectorWarning,
                stacklevel=2,
            )

    def _arrived(self, reference: Any) -> None:
        """An actor has its place, or its model as well."""
        actor = self._starting.pop(reference)
        try:
            answer = self._got(reference)
        except self._ray.exceptions.RayError as error:
            if getattr(error, "actor_init_failed", False):  # it has nothing to do there but to import this module
                raise UsageError(
                    f"A node of the cluster cannot run detect-text ({reason_of(error, -1)}). Install the same version "
                    "on every node: pip install 'detect-text[scale]'"
                ) from None
            self._mourn()
            self._start()
            return
        if actor.is_placed:
            self._ready.append(actor)
            return
        if answer != __version__:
            raise UsageError(
                f"A node of the cluster has detect-text {answer} and this machine {__version__}; install the same "
                "version on every node."
            )
        actor.is_placed = True
        self._starting[actor.handle.load.remote(*self._order)] = actor

    def _answered(self, reference: Any) -> Iterator[Judged]:
        """What became of a batch; where its actor is gone, of all that the actor had."""
        actor = self._working[reference][0]
        if (judged := self._taken(reference)) is not None:
            actor.under_way -= 1
            del self._working[reference]
            yield judged
            return
        self._ready.remove(actor)
        self._ray.kill(actor.handle)  # it may only be out of reach
        self._mourn()
        self._start()
        given = [(other, task) for other, (whose, task) in self._working.items() if whose is actor]
        is_blamed = False
        for other, task in given:  # in the order in which the actor came to them, not that of the bad news
            judged = None if other == reference else self._taken(other)
            del self._working[other]
            if judged is not None:
                yield judged
            elif is_blamed:
                self._again.append(task)  # it had only been waiting
            else:
                is_blamed = True
                yield from self._blamed(task)

    def _taken(self, reference: Any) -> Judged | None:
        """The answer for a batch, or None where its actor is gone."""
        try:
            rows, tokens, n_tokens = self._got(reference)
        except self._ray.exceptions.RayError:
            return None
        self._deaths_in_a_row = 0
        table = unpacked(rows)
        assert table is not None  # noqa: S101 - a batch is never empty
        return Judged(table, unpacked(tokens), n_tokens)

    def _got(self, reference: Any) -> Any:
        """What an actor answered. Its own errors end the run; ``RayError`` says that there is no answer."""
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            cause = error.cause
            if isinstance(cause, DetectorError):
                raise cause from None
            raise ModelError(
                f"Scoring broke off ({type(cause).__name__}: {cause}); what was finished is safe."
            ) from None

    def _blamed(self, task: _Task) -> Iterator[Judged]:
        """What an actor died over comes again: whole at first, then in halves, until one document stands alone."""
        deaths, middle = task.deaths + 1, len(task.batch) // 2
        if deaths < _DEATHS_OF_A_DOCUMENT:
            self._again.append(_Task(task.batch, deaths))
        elif middle:
            self._again += [_Task(task.batch[:middle], deaths - 1), _Task(task.batch[middle:], deaths - 1)]
        else:
            classifier = self._recipe.classifier()
            model = {"name": classifier.model_name, "fingerprint": classifier.model_fingerprint}
            why = "the processes that scored it died, probably for want of memory"
            row = failed_row(task.batch[0], why, model, self._carried)
            yield Judged(pa.Table.from_pylist([row], schema=results_schema(self._carried)))

    def _mourn(self) -> None:
        """Count the dead since the last answer: halving a large batch takes ten, and the loss of every node all."""
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row > 16 + 2 * self._workers:
            raise ModelError(
                "Workers on the cluster die one after the other, so its nodes are short of something, most likely "
                "memory. What was finished is safe; try fewer --workers a node, that is more --threads for each."
            )


class Worker:
    """The actor: one detector on some node."""

    def version(self) -> str:
        """Of the program on that node."""
        return __version__

    def load(
        self, recipe: Recipe, files: dict[str, bytes], threads: int, carried: list[Carried], keep_tokens: bool
    ) -> None:
        """Make it ready with what ``files_of`` read. Raises what ``Recipe.load`` raises."""
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        import torch

        torch.set_num_threads(threads)
        self._carried, self._keep_tokens = carried, keep_tokens
        with TemporaryDirectory() as folder:
            places = {name: Path(folder) / name for name in files}
            for name, place in places.items():
                place.write_bytes(files[name])
            here = replace(
                recipe,
                calibration=str(places["calibration.json"]) if "calibration.json" in places else None,
                token_analysis=str(places["token_analysis.json"]) if "token_analysis.json" in places else None,
            )
            self._detector = here.load()

    def judge(self, documents: pa.Table) -> tuple[bytes, bytes, int]:
        """Rows, tokens and how many of them; as bytes, which outlive the connection to the cluster."""
        judged = judge(self._detector, documents_of(documents), self._carried, self._keep_tokens)
        return packed(judged.rows), packed(judged.tokens), judged.n_tokens


def files_of(recipe: Recipe) -> dict[str, bytes]:
    """Files that the recipe names, which are on the machine that gave the command; each named after its argument.

    A probe has the name of the calibration that it stands beside.
    """
    named = {"calibration.json": recipe.calibration, "token_analysis.json": recipe.token_analysis}
    places = {name: Path(given) for name, given in named.items() if given is not None}
    if recipe.calibration is not None and (probe := Path(recipe.calibration).with_suffix(".safetensors")).is_file():
        places["calibration.safetensors"] = probe
    return {name: place.read_bytes() for name, place in places.items()}


def on_a_node(recipe: Recipe, gpus: float) -> Recipe:
    """The recipe for an actor, which sees the GPU it was given as the first and only one."""
    model = Path(recipe.model)
    return replace(
        recipe, device="cuda" if gpus else "cpu", model=str(model.resolve()) if model.is_dir() else recipe.model
    )
