"""What it costs to take documents apart in a process of their own, and what files made to do harm cost.

    python benchmarks/reading_speed.py cost [--times 200]
    python benchmarks/reading_speed.py hostile [FILE ...]

``cost`` reads a document of each format so many times, in this process and in the other, and says what the first one
costs, for which the other process is started. ``hostile`` reads files that unfold to something huge, or those that are
named, each from a process of its own, and says how long that took, the peak memory of the process that read it and of
the one that asked, and what was said.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
WORDS = (ROOT / "datasets" / "samples").glob("*.txt")

READ_ONE = """
import resource, sys, time
from detector.documents.isolated_reading import stop_reading
from detector.documents.reading import read_source
from detector.errors import InputError
begun = time.monotonic()
try:
    said = f"{len(read_source(sys.argv[1]).text):,} characters"
except InputError as error:
    said = str(error).replace(sys.argv[1], "").strip()
seconds = time.monotonic() - begun
stop_reading()
peaks = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF))
print(f"{seconds:.2f}", *(f"{peak:.0f}" for peak in peaks), said, sep="\\t")
"""


def cost(times: int) -> None:
    """Milliseconds a document, on the clock and of both processes' processors."""
    from detector.documents.isolated_reading import isolated_text_of, stop_reading
    from detector.documents.reading import text_of
    from tests.documents.files_made_here import epub, open_document, pdf, word

    text = " ".join(path.read_text(encoding="utf-8") for path in WORDS).split()[:2000]
    paragraphs = [" ".join(text[at : at + 100]) for at in range(0, len(text), 100)]
    ascii_lines = [" ".join(text[at : at + 12]).encode("ascii", "replace").decode() for at in range(0, len(text), 12)]

    def marked(tag: str, inside: str = "{}") -> str:
        name = tag.split()[0]
        return "".join(f"<{tag}>{inside.format(escaped(p))}</{name}>" for p in paragraphs)

    def escaped(paragraph: str) -> str:
        return paragraph.replace("&", "&amp;").replace("<", "&lt;")

    files = {
        "pdf": pdf([ascii_lines[at : at + 50] for at in range(0, len(ascii_lines), 50)]),
        "docx": word(marked("w:p", "<w:r><w:t>{}</w:t></w:r>")),
        "odt": open_document(marked("text:p")),
        "epub": epub({"a": marked("p")}, ["a"]),
        "html": f"<html>{marked('p')}</html>".encode(),
        "txt": "\n\n".join(paragraphs).encode(),
    }
    print("| format | in this process, ms | in the other, ms | of it processor | first, ms |\n|---|---|---|---|---|")
    for name, data in files.items():
        begun = time.monotonic()
        isolated_text_of(data, name)
        first = time.monotonic() - begun
        text_of(data, name)
        milliseconds = []
        for read in (text_of, isolated_text_of):
            begun, used = time.monotonic(), _processor_seconds()
            for _ in range(times):
                read(data, name)
            milliseconds.append((time.monotonic() - begun) / times * 1000)
        stop_reading()
        processor = (_processor_seconds() - used) / times * 1000
        here, there = milliseconds
        print(f"| {name} | {here:.2f} | {there:.2f} | {processor:.2f} | {first * 1000:.0f} |", flush=True)


def _processor_seconds() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def hostile(paths: list[Path]) -> None:
    """A line for each file."""
    from tests.documents.hostile_files import HOSTILE

    print("| file | bytes | seconds | reader, MB | caller, MB | said |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, make in {} if paths else HOSTILE.items():
            paths = [*paths, Path(folder) / name]
            paths[-1].write_bytes(make())
        for path in paths:
            command = [sys.executable, "-c", READ_ONE, str(path)]
            told = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - a file
            cells = [path.name, f"{path.stat().st_size:,}", *told.stdout.strip().split("\t")]
            print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    commands.add_parser("cost").add_argument("--times", type=int, default=200)
    commands.add_parser("hostile").add_argument("files", type=Path, nargs="*")
    given = parser.parse_args()
    if given.what == "cost":
        cost(given.times)
    else:
        hostile([path.resolve() for path in given.files])


if __name__ == "__main__":
    main()
