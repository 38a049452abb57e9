"""How many threads a model computes with, and how they wait for each other.

By itself torch takes a thread for every core that the process may be scheduled on. A container may allow less time than
that, and where other programs want the same cores a thread that is kept waiting has all others spin: the more threads,
the slower. So threads sleep while they wait, and none are started beyond what the process may use.
"""

import math
import os
from pathlib import Path

from detector.errors import UsageError

_CGROUPS = Path("sys/fs/cgroup")


def wait_asleep() -> None:
    """Have threads that wait for others sleep rather than spin, unless the environment says otherwise.

    The OpenMP library reads this when it is loaded, so that it must be said before torch is imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def use_threads(wanted: int | None = None) -> int:
    """Have torch compute with ``wanted`` threads, or with no more than the process may use; the number that it uses.

    Without ``wanted``, fewer threads that were asked for elsewhere, as by OMP_NUM_THREADS, stay.
    Raises ``UsageError`` below 1.
    """
    import torch

    if wanted is not None and wanted < 1:
        raise UsageError(f"--threads is {wanted}; at least 1 is needed.")
    chosen = wanted or min(torch.get_num_threads(), usable_cores())
    if chosen != torch.get_num_threads():
        torch.set_num_threads(chosen)
    return chosen


def usable_cores(root: Path = Path("/")) -> int:
    """Cores that this process may use, by its affinity and by the quota of its control group; at least 1.

    ``root`` holds the folders ``proc`` and ``sys``.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # A quota of 1.5 cores is one thread's: two would be stopped for a quarter of the time, and wait for each other.
    return max(1, min([allowed, *map(math.floor, _quotas(root))]))


def _quotas(root: Path) -> list[float]:
    """Cores allowed by each control group that the process is in, of those that set a limit."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if not controllers:
            found += [_quota_v2(folder) for folder in _folder_and_parents(root / _CGROUPS, path)]
        elif "cpu" in controllers.split(","):
            found += [_quota_v1(folder) for folder in _folder_and_parents(root / _CGROUPS / "cpu", path)]
    return [quota for quota in found if quota is not None]


def _folder_and_parents(top: Path, path: str) -> list[Path]:
    """The folders of a group and of those around it; in a container some may not be there."""
    names = [name for name in path.split("/") if name not in ("", ".", "..")]
    return [top.joinpath(*names[:depth]) for depth in range(len(names), -1, -1)]


def _quota_v2(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        return int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # no such group, or "max"
        return None


def _quota_v1(folder: Path) -> float | None:
    try:
        quota, period = (
            int((folder / f"cpu.cfs_{name}_us").read_text(encoding="ascii")) for name in ("quota", "period")
        )
    except (OSError, ValueError):
        return None
    return quota / period if quota > 0 and period > 0 else None
