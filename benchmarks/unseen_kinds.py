"""Whether people are accused who write what nobody thought of: verse, scripture, licences, manuals, what OCR read.

    python benchmarks/unseen_kinds.py FOLDER [--model smollm2] [--target-fpr 0.01]

FOLDER holds a folder for each kind, with one human text in each file. Of every kind: how many are accused (machine or
mixed), with the exact 95 % interval; how many get which verdict; and of those without one the reasons, with how often.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from detector import Detector
from detector.documents.reading import text_of
from detector.evaluation.metrics import Rate
from detector.records.result import Result

VERDICTS = ("human", "inconclusive", "mixed", "machine", "unscored")


def texts_of(folder: Path) -> dict[str, list[str]]:
    """Texts of each kind, by the name of its folder."""
    return {
        kind.name: [text_of(path.read_bytes(), path.name)[0] for path in sorted(kind.iterdir()) if path.is_file()]
        for kind in sorted(folder.iterdir())
        if kind.is_dir()
    }


def row(kind: str, results: Iterable[Result]) -> str:
    """A line of the table."""
    results = list(results)
    verdicts = Counter(result.verdict for result in results)
    accused = Rate(verdicts["machine"] + verdicts["mixed"], len(results))
    least, most = accused.interval
    reasons = Counter(result.reason for result in results if result.reason is not None)
    told = ", ".join(f"{reason} {n}" for reason, n in reasons.most_common())
    return (
        f"| {kind.replace('_', ' ')} | {len(results)} | {accused.share:.1%} [{least:.1%}, {most:.1%}] | "
        f"{' | '.join(str(verdicts[name]) for name in VERDICTS)} | {told} |"
    )


def rows(detector: Detector, kinds: dict[str, list[str]]) -> Iterator[str]:
    """A line for each kind, then one for all."""
    together: list[Result] = []
    for kind, texts in kinds.items():
        results = detector.detect_many(texts)
        together += results
        yield row(kind, results)
    yield row("all", together)


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--target-fpr", type=float, default=0.01)
    parser.add_argument("--quick", action="store_true", help="judge as `detect batch --quick` does")
    arguments = parser.parse_args()
    detector = Detector.load(arguments.model, target_fpr=arguments.target_fpr, quick=arguments.quick)
    print(f"| kind | texts | accused | {' | '.join(VERDICTS)} | reasons |\n|{'---|' * (4 + len(VERDICTS))}", flush=True)
    for line in rows(detector, texts_of(arguments.folder)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
