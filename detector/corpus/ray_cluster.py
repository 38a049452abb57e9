"""A Ray cluster as a run finds it: joined and left again, asked what room it has, watched for its end."""

import logging
import os
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from detector.errors import DetectorWarning, ModelError, UsageError

WORD_SECONDS = 20.0
"""Wait for something that the cluster owes, until it is said."""
_CONNECTION_SECONDS = 10.0


class HeadIsGoneError(ModelError):
    """After which a call to Ray would never come back."""


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Ray, connected; a connection that was there before is used and left."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    if ray.is_initialized():
        yield ray
        return
    own: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    try:
        if address != "local":
            _look_for(address)
        with _warn_when_slow(address):
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except (OSError, ValueError) as error:
        raise _no_cluster(address, reason_of(error)) from None
    except RuntimeError as error:
        raise UsageError(
            f"The Ray cluster at {address!r} cannot be joined ({' '.join(str(error).split())}). Every machine needs "
            "the same versions of Ray and Python."
        ) from None
    is_there = True
    try:
        yield ray
    except HeadIsGoneError:
        is_there = False
        raise
    finally:
        if is_there:
            ray.shutdown()


def _look_for(address: str) -> None:
    """Raise ``UsageError`` or ``OSError`` where nobody listens: Ray itself would try again for many minutes."""
    if address == "auto":
        try:
            from ray._private.services import get_ray_address_from_environment
        except ImportError:  # another version of Ray may keep it elsewhere
            return
        head = get_ray_address_from_environment("auto", None)
    else:
        head = address
    host, colon, port = head.rpartition(":")
    if not (host and colon and port.isdecimal()) or "://" in head:
        raise _no_cluster(head, "an address is host:port, as 'ray start --head' says it, mostly port 6379")
    check_listening(head)


def check_listening(head: str) -> None:
    """Raise ``OSError`` where nobody listens at ``host:port``."""
    host, _, port = head.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECTION_SECONDS).close()


@contextmanager
def _warn_when_slow(address: str) -> Iterator[None]:
    """Say that somebody listens there who does not speak like Ray, to which Ray gives many minutes."""
    words = (
        f"Ray has not joined the cluster at {address!r} yet and goes on trying. If that is no cluster's head, break "
        "off with Ctrl-C."
    )
    timer = threading.Timer(WORD_SECONDS, warnings.warn, (words, DetectorWarning))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _no_cluster(address: str, why: str) -> UsageError:
    return UsageError(
        f"There is no Ray cluster at {address!r} ({why}). Start one with 'ray start --head', name one with "
        "--address host:port, or take --address local."
    )


def reason_of(error: Exception, line: int = 0) -> str:
    """A line of what an error says."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return words.strip().splitlines()[line].strip().rstrip(".")


def count_places(ray: Any, threads: int, gpus: float) -> int:
    """Actors that the nodes of the cluster have room for; raises ``UsageError`` for none."""
    places = 0
    for node in ray.nodes():
        if node["Alive"]:
            has = node["Resources"]
            cpus = int(has.get("CPU", 0) // threads)
            places += min(cpus, int(has.get("GPU", 0)) * int(1 / gpus)) if gpus else cpus
    if not places:
        raise UsageError(
            f"No node of the cluster has room for a worker ({worker_words(threads, gpus)}); the cluster has "
            f"{resource_words(ray)} in all. Ask for less with --threads or --gpus, or say how many --workers to wait "
            "for where it grows on demand."
        )
    return places


def worker_words(threads: int, gpus: float) -> str:
    """What one worker takes."""
    return f"{threads} CPU, {gpus:g} GPU"


def resource_words(ray: Any) -> str:
    """What the cluster has in all."""
    has = ray.cluster_resources()
    return f"{has.get('CPU', 0):g} CPU, {has.get('GPU', 0):g} GPU"
