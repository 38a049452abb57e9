"""Two Ray actors against one, each on a node with one core; and against as many worker processes without Ray.

    python benchmarks/cluster_speed.py [--engines ray local] [--workers 1 2] [--rounds 3] [--seconds 20]
                                       [--words 40 400] [--batch 16] [--model FOLDER --calibration FILE] [--json FILE]

Every measurement gives batches without end to a fresh engine, lets all of its workers come up (``--warm`` seconds
after the first answer), and counts what is judged in a window of so many seconds. Rounds alternate between the
layouts, so that other work on the machine meets all of them; documents per second of processor time that the workers
got (Linux) say what the machine would do if it were idle. The share of a core that the giving process used in the
window says how many workers one such process can feed.
"""

import argparse
import itertools
import json
import os
import statistics
import time
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
# Ray's own is 15, with which other work on the machine would decide the figures.
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - Ray writes it so
os.environ.setdefault("OMP_NUM_THREADS", "1")

SAMPLES = Path(__file__).parents[1] / "datasets" / "samples"


def make_batches(n: int, size: int, shortest: int, longest: int) -> list:
    """Make ``n`` batches of different texts by turning the samples over and over."""
    from detector.corpus.documents import Document, batches

    words = " ".join(path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt"))).split()
    lengths = [shortest + i * 89 % (longest - shortest + 1) for i in range(n * size)]
    texts = [" ".join((words[i * 37 % len(words) :] + words * 2)[:length]) for i, length in enumerate(lengths)]
    documents = (Document(f"d{i}", None, text, key=f"{i:032}") for i, text in enumerate(texts))
    return list(batches(documents, size))


def worker_cpu_seconds() -> float:
    """Processor time of the workers that run now: Ray's actors, and the processes started here."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        is_child = b"detector.corpus.worker" in command and int(after_name[1]) == os.getpid()
        if is_child or command.startswith(b"ray::_Worker"):
            ticks += int(after_name[11]) + int(after_name[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(engine, batches: list, warm: float, seconds: float) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """Documents and tokens a second within the window, and the share of a core used here."""
    begun = time.perf_counter()
    stream = engine.judged(itertools.cycle(batches), [], False)
    next(stream)
    first = time.perf_counter()
    for _ in stream:
        if time.perf_counter() - first > warm:
            break
    start, start_cpu, start_workers = time.perf_counter(), time.process_time(), worker_cpu_seconds()
    documents = tokens = 0
    for judged in stream:
        documents += len(judged.rows)
        tokens += judged.n_tokens
        if time.perf_counter() - start > seconds:
            break
    wall, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    worker_cpu = worker_cpu_seconds() - start_workers
    stream.close()
    return {
        "documents_per_second": documents / wall,
        "tokens_per_second": tokens / wall,
        "documents_per_worker_cpu_second": documents / worker_cpu,
        "cores_used_by_workers": worker_cpu / wall,
        "cores_used_by_driver": cpu / wall,
        "seconds_to_first_answer": first - begun,
        "load_average": os.getloadavg()[0],
    }


def main() -> None:
    """Measure in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", choices=("ray", "local"), default=["ray", "local"])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--warm", type=float, default=10.0)
    parser.add_argument("--words", nargs=2, type=int, default=[40, 400])
    parser.add_argument("--batch", type=int, default=16, help="documents in a batch; few where one takes long")
    parser.add_argument("--model", default="small")
    parser.add_argument("--calibration")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    from ray.cluster_utils import Cluster

    from detector.corpus.local_engine import LocalEngine
    from detector.corpus.ray_engine import RayEngine
    from detector.corpus.recipe import Recipe

    recipe = Recipe(given.model, "cpu", calibration=given.calibration)
    batches = make_batches(40, given.batch, *given.words)
    cluster = None
    if "ray" in given.engines:
        small = {"object_store_memory": 100 << 20, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
        for _ in range(max(given.workers)):
            cluster.add_node(num_cpus=1, **small)
    layouts = list(itertools.product(given.engines, given.workers))
    found: dict[str, list[dict[str, float]]] = {f"{engine} {workers}": [] for engine, workers in layouts}
    for round_, (name, workers) in itertools.product(range(given.rounds), layouts):
        if name == "ray":
            assert cluster is not None  # noqa: S101 - it was started
            engine = RayEngine(recipe, cluster.address, workers, threads=1)
        else:
            engine = LocalEngine(recipe, workers, threads=1)
        one = measure(engine, batches, given.warm, given.seconds)
        found[f"{name} {workers}"].append(one)
        print(round_ + 1, name, workers, {key: round(value, 3) for key, value in one.items()}, flush=True)
    if cluster is not None:
        cluster.shutdown()
    print("\n| engine, workers | documents/s, median (range) | tokens/s | per CPU second | cores: theirs, driver |")
    print("|---|---|---|---|---|")
    for layout, rounds in found.items():
        rates = [one["documents_per_second"] for one in rounds]
        median = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        print(
            f"| {layout} | {median['documents_per_second']:.2f} ({min(rates):.2f} to {max(rates):.2f}) "
            f"| {median['tokens_per_second']:.0f} | {median['documents_per_worker_cpu_second']:.2f} "
            f"| {median['cores_used_by_workers']:.2f}, {median['cores_used_by_driver']:.3f} |"
        )
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
