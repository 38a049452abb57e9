"""What became of the labelled texts that were given: how many were read, left out and why, cut, and used for what.

>>> intake = Intake()
>>> intake.read(False), intake.read(True), intake.read(True)
(None, None, None)
>>> intake.drop("have under 40 words")
>>> intake.use("fit", [False, True])
>>> print(*intake.sentences())
3 texts were read: 1 human and 2 machine. Left out: 1 that have under 40 words. Used to fit: 1 human and 1 machine.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

_SIDES = {False: "human", True: "machine"}


@dataclass
class Intake:
    """Counts of texts, filled in on their way."""

    by_label: Counter[bool] = field(default_factory=Counter)
    """Texts read, by whether they are machine text."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Texts left out, by a clause that says why."""
    words_before: list[int] = field(default_factory=list)
    """Of each text that lost more than its last word when texts were cut to like length."""
    words_after: list[int] = field(default_factory=list)
    """Of the same."""
    used: dict[str, Counter[bool]] = field(default_factory=dict)
    """By role: fit, calibrate, evaluate."""
    spellings: set[str] = field(default_factory=set)
    """Labels that were given otherwise than as human or machine, with what they were taken for."""

    def read(self, is_machine: bool) -> None:
        """Count a text that a file holds."""
        self.by_label[is_machine] += 1

    def drop(self, why: str, n: int = 1) -> None:
        """Count texts that are left out; ``why`` goes on from "that"."""
        if n:
            self.dropped[why] += n

    def cut(self, before: int, after: int) -> None:
        """Note the words of a text before and after it was cut; the last word, which all lose, is no cut."""
        if after < before - 1:
            self.words_before.append(before)
            self.words_after.append(after)

    def use(self, role: str, are_machine: Iterable[bool]) -> None:
        """Count the texts that serve ``role``."""
        self.used.setdefault(role, Counter()).update(map(bool, are_machine))

    def sentences(self) -> Iterator[str]:
        """The whole for people."""
        n = self.by_label.total()
        yield f"{n:,} text{' was' if n == 1 else 's were'} read: {_both(self.by_label)}."
        if self.spellings:
            yield f"Labels: {', '.join(sorted(self.spellings))}."
        if self.dropped:
            reasons = ", ".join(f"{n:,} that {why}" for why, n in self.dropped.most_common())
            yield f"Left out: {reasons}."
        if n := len(self.words_before):
            yield (
                f"Cut: {n:,}, from {median(self.words_before):,.0f} words in the middle to "
                f"{median(self.words_after):,.0f}, so that length does not tell the author."
            )
        for role, counts in self.used.items():
            yield f"Used to {role}: {_both(counts)}."

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "read": {side: self.by_label[label] for label, side in _SIDES.items()},
            "left_out": dict(self.dropped.most_common()),
            "cut": len(self.words_before),
            "median_words_before": median(self.words_before) if self.words_before else None,
            "median_words_after": median(self.words_after) if self.words_after else None,
            "used": {role: {side: n[label] for label, side in _SIDES.items()} for role, n in self.used.items()},
        }


def _both(counts: Counter[bool]) -> str:
    return f"{counts[False]:,} human and {counts[True]:,} machine"
