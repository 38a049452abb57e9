"""Speed, memory and overhead of ``detect batch``.

    python benchmarks/batch_speed.py scoring [--documents 100] [--layouts 1x1 1x2 2x1] [--words 40 400]
                                             [--model FOLDER --calibration FILE] [--quick]
    python benchmarks/batch_speed.py engine [--documents 1000 10000 100000]

``scoring`` judges texts of so many words with the embedded model, or another, for every layout of worker processes
x threads. With several sizes, "since the row above" is what each further document cost in processor time, start and
model loading left out: it should be the same in every row. ``engine`` measures everything but scoring: a stand-in
judge gives every document a row of real size at once, so that reading, hashing, ledger, parts, flags, summary and page
are all that takes time; it shows whether the cost of a document grows with the corpus, the peak of memory, and how
long a run takes that has nothing left to do.
Every measurement is a process of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "datasets" / "samples"


def write_corpus(path: Path, n: int, shortest: int, longest: int) -> None:
    """Write ``n`` different texts made by turning the samples over and over, as JSON Lines."""
    words = " ".join(sample.read_text(encoding="utf-8") for sample in sorted(SAMPLES.glob("*.txt"))).split()
    with path.open("w", encoding="utf-8") as file:
        for i in range(n):
            length = shortest + i * 89 % (longest - shortest + 1)
            text = f"Text {i}. " + " ".join((words[i * 37 % len(words) :] + words * 2)[:length])
            file.write(json.dumps({"id": f"document {i}", "text": text, "source": f"source {i % 10}"}) + "\n")


class StandIn:
    """Gives every document the row of one that was judged, under its own key, with a p-value of its own."""

    def __init__(self, template: dict) -> None:
        self.template = template

    def judged(self, batches, carried, keep_tokens) -> Iterator:  # type: ignore[no-untyped-def]  # see Engine
        """See ``Engine``."""
        import pyarrow as pa

        from detector.corpus.judging import Judged
        from detector.corpus.schema import results_schema

        schema = results_schema(carried)
        for batch in batches:
            rows = [
                self.template
                | {
                    "id": document.id,
                    "path": document.path,
                    "document_key": document.key,
                    "text_sha256": document.text_sha256,
                    "p_value": (1 + int(document.key[:8], 16) % 4000) / 4001,
                    "source": document.fields["source"],
                }
                for document in batch
            ]
            yield Judged(pa.Table.from_pylist(rows, schema=schema), None, 60 * len(batch))


def template_row() -> dict:
    """A row of real size, judged by the embedded model."""
    from detector import Detector
    from detector.corpus.documents import Document
    from detector.corpus.schema import Carried, row_of

    text = " ".join(sorted(SAMPLES.glob("*.txt"))[0].read_text(encoding="utf-8").split()[:60])
    result = Detector.load("small", device="cpu").detect(text)
    document = Document("x", None, text, fields={"source": "x"})
    return row_of(document, result, [Carried("source", "source", "string")])


def peak_mb() -> int:
    """Highest memory of this process so far (Linux); ``getrusage`` would count the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def one_run(arguments: argparse.Namespace) -> None:
    """One measurement, printed as JSON."""
    from detector.corpus.progress import Progress
    from detector.corpus.recipe import Recipe
    from detector.corpus.run import score_corpus

    last, judging_peak = Progress(), [0]

    def note(progress: Progress) -> None:
        nonlocal last
        last = progress
        if not progress.reports_wanted:
            judging_peak[0] = peak_mb()

    recipe = Recipe(arguments.model, "cpu", calibration=arguments.calibration, quick=arguments.quick)
    engine = StandIn(json.loads(arguments.template.read_text())) if arguments.template else None
    start = time.monotonic()
    score_corpus(
        arguments.source,
        arguments.out,
        recipe=recipe,
        engine=engine,
        reports="none",
        workers=arguments.workers,
        threads=arguments.threads,
        on_progress=note,
    )
    facts = {
        "wall_seconds": time.monotonic() - start,
        "judging_seconds": last.seconds,
        "store_seconds": last.store_seconds,
        "documents": last.judged,
        "tokens": last.tokens,
        "judging_peak_mb": judging_peak[0],
        "peak_mb": peak_mb(),
        "worker_peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "cpu_seconds": sum(
            getattr(resource.getrusage(who), kind)
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            for kind in ("ru_utime", "ru_stime")
        ),
    }
    print(json.dumps(facts))


def measured(source: Path, out: Path, *more: str) -> dict:
    """``one_run`` in a process of its own, with the seconds of the whole process."""
    start = time.monotonic()
    command = [sys.executable, __file__, "run", "--source", str(source), "--out", str(out), *more]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very program
    return json.loads(done.stdout.splitlines()[-1]) | {"process_seconds": time.monotonic() - start}


def scoring(arguments: argparse.Namespace, folder: Path) -> None:
    """The embedded model, by layout."""
    print(
        f"{'workers x threads':18} {'documents':>9} {'documents/s':>11} {'tokens/s':>9} {'tokens per CPU s':>16} "
        f"{'CPU ms a document':>17} {'since the row above':>19} {'store':>6} {'main MB':>7} {'worker MB':>9} "
        f"{'finishing s':>11} {'again s':>7}"
    )
    model = ["--model", arguments.model]
    if arguments.calibration:
        model += ["--calibration", arguments.calibration]
    if arguments.quick:
        model.append("--quick")
    for layout in arguments.layouts:
        workers, threads = layout.split("x")
        before = {"cpu_seconds": 0.0, "documents": 0}
        for n in sorted(arguments.documents or [100]):
            source, out = folder / f"{n}.jsonl", folder / f"{n}-{layout}"
            if not source.exists():
                write_corpus(source, n, *arguments.words)
            options = ["--workers", workers, "--threads", threads, *model]
            facts = measured(source, out, *options)
            again = measured(source, out, *options)
            seconds, documents = facts["judging_seconds"], facts["documents"]
            further = (facts["cpu_seconds"] - before["cpu_seconds"]) / (documents - before["documents"]) * 1000
            since = f"{further:.2f}" if before["documents"] else "-"
            print(
                f"{layout:18} {documents:9,} {documents / seconds:11.2f} {facts['tokens'] / seconds:9,.0f} "
                f"{facts['tokens'] / facts['cpu_seconds']:16,.0f} {facts['cpu_seconds'] / documents * 1000:17.2f} "
                f"{since:>19} {facts['store_seconds'] / seconds:6.2%} {facts['judging_peak_mb']:7,} "
                f"{facts['worker_peak_mb']:9,} {facts['wall_seconds'] - seconds:11.1f} {again['process_seconds']:7.1f}",
                flush=True,
            )
            before = facts
    print(f"score_texts alone, one thread: {engine_rate(arguments, folder):,.0f} tokens per CPU s")


def engine_rate(arguments: argparse.Namespace, folder: Path) -> float:
    """Tokens a second of processor time of the engine with the same model on the same documents, loading left out."""
    from detector import Detector, score_texts

    source = folder / f"{max(arguments.documents or [100])}.jsonl"
    texts = [json.loads(line)["text"] for line in source.read_text(encoding="utf-8").splitlines()]
    detector = Detector.load(
        arguments.model, "cpu", calibration=arguments.calibration, threads=1, quick=arguments.quick
    )
    probe = detector.probe_model.probe if detector.probe_model else None
    voices = detector.voices

    def score(some: list[str]) -> int:
        found = score_texts(
            detector.language_model, some, probe=probe, voices=voices, probabilities=not arguments.quick
        )
        return sum(len(scores) for scores in found)

    score(texts[:2])
    start = time.process_time()
    n_tokens = score(texts)
    return n_tokens / (time.process_time() - start)


def engine(arguments: argparse.Namespace, folder: Path) -> None:
    """Everything but scoring, by size."""
    template = folder / "template.json"
    template.write_text(json.dumps(template_row()))
    print(
        f"{'documents':>9} {'ms a document':>13} {'of it store':>11} {'CPU ms a document':>17} {'finishing s':>11} "
        f"{'judging MB':>10} {'peak MB':>7} {'again s':>7} {'MB on disk':>10}"
    )
    for n in arguments.documents or [1000, 10_000, 100_000]:
        source, out = folder / f"{n}.jsonl", folder / f"out-{n}"
        write_corpus(source, n, 40, 60)
        facts = measured(source, out, "--template", str(template))
        again = measured(source, out, "--template", str(template))
        size = sum(path.stat().st_size for path in (out / "results").iterdir()) / 2**20
        print(
            f"{n:9,} {facts['judging_seconds'] / n * 1000:13.3f} {facts['store_seconds'] / n * 1000:11.3f} "
            f"{facts['cpu_seconds'] / n * 1000:17.3f} {facts['wall_seconds'] - facts['judging_seconds']:11.1f} "
            f"{facts['judging_peak_mb']:10,} {facts['peak_mb']:7,} {again['process_seconds']:7.1f} {size:10.1f}",
            flush=True,
        )


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["scoring", "engine", "run"])
    parser.add_argument("--documents", type=int, nargs="+")
    parser.add_argument("--layouts", nargs="+", default=["1x1", "1x2", "2x1"], metavar="WORKERSxTHREADS")
    parser.add_argument("--words", type=int, nargs=2, default=[40, 400], metavar=("FEWEST", "MOST"))
    parser.add_argument("--model", default="small")
    parser.add_argument("--calibration", help="classifier of another model")
    parser.add_argument("--quick", action="store_true", help="read each text to an early layer alone")
    for name in ("--source", "--out", "--template"):
        parser.add_argument(name, type=Path, help=argparse.SUPPRESS)
    for name in ("--workers", "--threads"):
        parser.add_argument(name, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.what == "run":
        one_run(arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        (scoring if arguments.what == "scoring" else engine)(arguments, Path(folder))


if __name__ == "__main__":
    main()
