"""What the attacks of RAID cost the verdict: clean, attacked as given, and with the attack undone as far as it can be.

    python benchmarks/attacks.py DETECTION [--model small] [--texts 200] [--words N] [--cache FILE] [--only NAME,NAME]

DETECTION is the folder of labelled sets. Texts are human and machine texts of the dev sets, --texts of each label,
chosen by hash, whole or their first --words words; every attack is made on both labels. A row is printed as soon as it
is known. With --cache every judged text is kept in FILE (JSON lines: a hash and numbers, no text), so that a run that
was broken off goes on.

AUROC and the true-positive rate at a false-positive rate of 1 % compare attacked human with attacked machine texts; a
false alarm is a human text called machine or mixed, or as given one whose p-value is at most the target. A text that
gets no verdict is no alarm and scores below all others.
"""

import argparse
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from detector import Detector
from detector.documents.hashing import unit_hash
from detector.evaluation.attacks import ATTACKS
from detector.evaluation.labelled_texts import LabelledText
from detector.evaluation.metrics import auroc, tpr_at_fpr
from detector.records.result import Result
from detector.training.roles import select

_BATCH = 16


@dataclass(frozen=True)
class Numbers:
    """What is kept of a judged text."""

    score: float | None
    accused: bool
    score_as_given: float | None
    p_value_as_given: float | None
    reason: str | None

    @classmethod
    def of(cls, result: Result) -> "Numbers":
        """Of a result; a text without a disguise is as given what it is mended."""
        accused = result.verdict in ("machine", "mixed")
        undone = result.score_as_given is not None
        return cls(
            result.score,
            accused,
            result.score_as_given if undone else result.score,
            result.p_value_as_given if undone else result.p_value,
            result.reason,
        )


class Judged:
    """Judges texts, and keeps what came of them in a file if there is one."""

    def __init__(self, detector: Detector, cache: Path | None) -> None:
        self._detector, self._cache = detector, cache
        calibration = hashlib.sha256(json.dumps(asdict(detector.classifier), sort_keys=True).encode()).hexdigest()
        self._made_by = f"{detector.language_model.fingerprint}:{calibration}:{detector.target_fpr}"
        self._known: dict[str, Numbers] = {}
        if cache is not None and cache.exists():
            for line in cache.read_text(encoding="utf-8").splitlines():
                if line.endswith("}"):  # the last one may be cut off
                    record = json.loads(line)
                    key = record.pop("text")
                    self._known[key] = Numbers(**record)

    def numbers(self, texts: Sequence[str]) -> list[Numbers]:
        """Of each text; those that are not known yet are judged and written down as they come."""
        keys = [
            hashlib.sha256(f"{self._made_by}:{text}".encode("utf-8", "surrogatepass")).hexdigest() for text in texts
        ]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        results = self._detector.detect_stream((key, None, text, ()) for key, text in missing.items())
        for result in results:
            self._known[result.id] = Numbers.of(result)
            if self._cache is not None:
                with self._cache.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"text": result.id, **asdict(self._known[result.id])}) + "\n")
        return [self._known[key] for key in keys]


def chosen(data: Path, n: int) -> tuple[list[LabelledText], list[LabelledText]]:
    """At most ``n`` human and ``n`` machine texts of the dev sets, over the sets and generators by hash."""
    texts = sorted(select(data, "dev", n, n), key=lambda text: unit_hash("attacks:" + text.pair_id + text.text[:80]))
    return tuple([text for text in texts if text.is_machine == side][:n] for side in (False, True))  # type: ignore[return-value]


def beginning(text: str, n_words: int | None) -> str:
    """The first words of a text with what parts them; None for all."""
    ends = [word.end() for word in re.finditer(r"\S+", text)]
    return text if n_words is None or len(ends) <= n_words else text[: ends[n_words - 1]]


def row(human: Sequence[Numbers], machine: Sequence[Numbers], as_given: bool, target: float) -> str:
    """AUROC, true-positive rate and false alarms, as cells of a table."""

    def scores(side: Sequence[Numbers]) -> list[float]:
        found = [one.score_as_given if as_given else one.score for one in side]
        return [-np.inf if score is None else score for score in found]

    alarms = [
        one.p_value_as_given is not None and one.p_value_as_given <= target if as_given else one.accused
        for one in human
    ]
    left, right = scores(human), scores(machine)
    return f"{auroc(left, right):.3f} | {tpr_at_fpr(left, right, 0.01):.3f} | {np.mean(alarms):.1%}"


def rows(judged: Judged, human: Sequence[str], machine: Sequence[str], only: set[str], target: float) -> Iterator[str]:
    """A row for the texts as they are, then one for each attack."""
    clean = judged.numbers(human), judged.numbers(machine)
    shown = row(*clean, False, target)
    yield f"| none | | {shown} | {shown} | {unscored(*clean)} |"
    for attack in ATTACKS:
        if only and attack.name not in only:
            continue
        sides = [[attack(text) for text in side] for side in (human, machine)]
        left, right = (judged.numbers(side) for side in sides)
        changed = np.mean([new != old for new, old in zip([*sides[0], *sides[1]], [*human, *machine], strict=True)])
        yield (
            f"| {attack.name.replace('_', ' ')} | {changed:.0%} | {row(left, right, True, target)} "
            f"| {row(left, right, False, target)} | {unscored(left, right)} |"
        )


def unscored(human: Sequence[Numbers], machine: Sequence[Numbers]) -> str:
    """How many of either label got no verdict, as cells of a table."""
    return " | ".join(str(sum(one.score is None for one in side)) for side in (human, machine))


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("detection", type=Path)
    parser.add_argument("--model", default="small")
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--words", type=int, help="cut texts to their first so many words")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--only", default="", help="names of attacks, parted by commas")
    arguments = parser.parse_args()
    human, machine = chosen(arguments.detection, arguments.texts)
    detector = Detector.load(arguments.model)
    judged = Judged(detector, arguments.cache)
    length = f"the first {arguments.words} words" if arguments.words else "whole"
    print(f"{len(human)} human and {len(machine)} machine texts, {length}, {arguments.model}\n")
    measured = "AUROC | TPR at 1 % FPR | false alarms"
    given = measured.replace(" |", ", as given |") + ", as given"
    print(
        f"| attack | texts changed | {given} | {measured} | human unscored | machine unscored |\n|{'---|' * 10}",
        flush=True,
    )
    only = set(filter(None, arguments.only.split(",")))
    texts = [[beginning(text.text, arguments.words) for text in side] for side in (human, machine)]
    for line in rows(judged, *texts, only, detector.target_fpr):
        print(line, flush=True)


if __name__ == "__main__":
    main()
