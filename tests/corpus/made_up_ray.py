"""A made-up Ray in this process, whose actors die when a test says so."""

import random
from types import SimpleNamespace

from detector.corpus.documents import Document
from detector.corpus.ray_actors import Worker
from detector.corpus.recipe import Recipe

RECIPE = Recipe(device="cpu")


def corpus(n_batches, size=4):
    return [
        [Document(f"{i}-{j}", None, f"Text {i} {j}.", key=f"{i}-{j}") for j in range(size)] for i in range(n_batches)
    ]


class MadeUpWorker(Worker):
    """The actor with a judge that needs no model."""

    def load(self, recipe, files, threads, carried, keep_tokens):
        self._detector, self._carried, self._keep_tokens = None, carried, keep_tokens


class RayError(Exception):
    """An answer that never came."""


class RayTaskError(RayError):
    """What an actor raised."""

    def __init__(self, cause):
        self.cause = cause


class MadeUpRay:
    """Actors in this process. ``dies(actor number, documents)`` says where one is lost; the order is by chance."""

    HEAD = "127.0.0.1:6379"
    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self, dies=lambda actor, documents: False, seed=0, room=10**9):
        self.dies, self.room = dies, room
        self.chance = random.Random(seed)
        self.dead, self.killed, self.calls, self.asked, self.started = set(), [], {}, [], 0
        self.fetched, self.outcomes = set(), {}

    def remote(self, worker):
        self.worker = worker
        return self

    def options(self, **options):
        self.asked_for = options
        return SimpleNamespace(remote=self._start)

    def _start(self):
        self.started += 1
        number, actor = self.started, self.worker()
        handle = SimpleNamespace(number=number)
        for name in ("version", "load", "judge"):
            call = lambda *given, name=name: self._call(number, getattr(actor, name), given)  # noqa: E731
            setattr(handle, name, SimpleNamespace(remote=call))
        return handle

    def _call(self, number, method, given):
        reference = f"call {len(self.calls)}"
        self.calls[reference] = number, method, given
        return reference

    def wait(self, references, timeout):
        assert len(set(references)) == len(references)
        can = [r for r in references if self.calls[r][0] <= self.room]
        return [self.chance.choice(can)] if can else [], []

    def get(self, reference):
        assert reference not in self.fetched
        self.fetched.add(reference)
        number = self.calls[reference][0]
        for other in [other for other in self.calls if self.calls[other][0] == number]:  # an actor goes by the order
            if other not in self.outcomes:
                self.outcomes[other] = self._outcome(*self.calls[other])
            if other == reference:
                break
        if isinstance(self.outcomes[reference], Exception):
            raise self.outcomes[reference]
        return self.outcomes[reference]

    def _outcome(self, number, method, given):
        if number in self.dead:
            return RayError()
        documents = given[0].to_pylist() if method.__name__ == "judge" else []
        self.asked.append([d["id"] for d in documents])
        if self.dies(number, documents):
            self.dead.add(number)
            return RayError()
        try:
            return method(*given)
        except Exception as error:
            return RayTaskError(error)

    def kill(self, handle):
        self.killed.append(handle.number)

    def cluster_resources(self):
        return {"CPU": 2.0}

    def get_runtime_context(self):
        return SimpleNamespace(gcs_address=self.HEAD)
