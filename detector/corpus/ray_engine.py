"""Workers on a Ray cluster: plain actors that load the model once and judge batch after batch.

Every batch leaves this process as an Arrow table and comes back as rows; files, ledger and store stay here, so
a run on a cluster keeps the promises of a run on one machine (``ray_actors.py`` says how).

Ray Data is not used, for reasons that benchmarks/scale.md gives; ``ray_data.py`` is for pipelines that do.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from detector.corpus.documents import Document
from detector.corpus.judging import Judged
from detector.corpus.ray_actors import Actors
from detector.corpus.ray_cluster import connected, count_places
from detector.corpus.recipe import Recipe
from detector.corpus.schema import Carried
from detector.errors import UsageError


class RayEngine:
    """``workers`` actors on the cluster at ``address``, each with ``threads`` CPUs and ``gpus`` of a GPU.

    ``address`` is ``auto`` (the cluster that this machine belongs to), ``host:port``, or ``local`` for one that
    lives as long as the run. Without ``workers`` there are as many as the cluster has room for when the run
    begins; ask for more where it grows on demand. ``gpus`` is 1 where the recipe asks for ``cuda``, or for
    ``auto`` on a cluster that has any. Raises ``UsageError``, also where Ray is not installed.
    """

    def __init__(
        self,
        recipe: Recipe,
        address: str = "auto",
        workers: int | None = None,
        threads: int | None = None,
        gpus: float | None = None,
    ) -> None:
        try:
            import ray  # noqa: F401 - only asked for
        except ImportError:
            raise UsageError("The engine ray needs Ray: pip install 'detect-text[scale]'") from None
        for option, number in (("--workers", workers), ("--threads", threads)):
            if number is not None and number < 1:
                raise UsageError(f"{option} is {number}; at least 1 is needed.")
        kind = recipe.device.split(":")[0]
        if kind not in ("auto", "cpu", "cuda"):
            raise UsageError(f"--device is {recipe.device!r}; on a Ray cluster allowed are: auto, cpu, cuda.")
        if gpus is not None and not 0 <= gpus <= 1:
            raise UsageError(f"--gpus is {gpus}; a worker takes 1 GPU, a share of one such as 0.25, or 0.")
        if gpus is not None and bool(gpus) != (kind == "cuda") and kind != "auto":
            raise UsageError(f"--gpus {gpus:g} and --device {recipe.device} contradict each other.")
        self.recipe, self.address, self.workers = recipe, address, workers
        self.threads = threads or 1
        self.gpus = 1.0 if gpus is None and kind == "cuda" else gpus

    def judged(self, batches: Iterator[list[Document]], carried: list[Carried], keep_tokens: bool) -> Iterator[Judged]:
        """See ``Engine``. The cluster is joined when the first batch comes, and left at the end."""
        first = next(batches, None)
        if first is None:
            return
        with connected(self.address) as ray:
            gpus = self._gpus_on(ray)
            workers = self.workers or count_places(ray, self.threads, gpus)
            actors = Actors(ray, self.recipe, workers, self.threads, gpus, carried, keep_tokens)
            try:
                yield from actors.judged(chain([first], batches))
            finally:
                actors.stop()

    def _gpus_on(self, ray: Any) -> float:
        if self.gpus is None:
            return 1.0 if self.recipe.device == "auto" and ray.cluster_resources().get("GPU") else 0.0
        return self.gpus
