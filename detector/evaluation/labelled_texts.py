"""Texts labelled human or machine: read, cleaned of what gives the source away, cut to like length.

A data set is a ``NAME.jsonl`` or ``NAME.jsonl.zst`` file of objects with ``text``, ``label``
(``human`` or ``machine``, or another spelling of ``LABELS``) and, where known, ``pair_id``, ``domain``,
``generator``, ``attack`` and ``language``. A machine text and the human text it answers share a ``pair_id``.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from detector.documents.hashing import unit_hash
from detector.documents.jsonl import read_jsonl
from detector.documents.selection import select
from detector.errors import InputError
from detector.evaluation.intake import Intake

FEWEST_WORDS = 40
LENGTHS_IN_WORDS = (55, 90, 140, 200, 300, 450, 700)
"""A pair is cut to one of these, chosen by hash, so that length says nothing about the author."""

LABELS = {
    "human": False,
    "0": False,
    "human-written": False,
    "machine": True,
    "1": True,
    "ai": True,
    "ai-generated": True,
    "generated": True,
    "llm": True,
    "machine-generated": True,
}
"""What a label may be, numbers and any case included, and whether it means machine text."""
SHINGLE_WORDS = 8
KEY_WORDS = 30
_SHINGLE_WORD = re.compile(r"[a-z0-9]+")

# What a chat model says around a text, not in it: with it, no detector is needed.
_REMNANTS = re.compile(
    r"\b(as an ai\b|as a language model|i'm sorry, but i|i apologi[sz]e, but)"
    r"|\bi cannot (?:fulfill|assist|provide|generate)"
    r"|\[your name\]"
    r"|^\W*(?:sure|certainly|of course|absolutely)\b[^.]{0,30}[!,:.]"
    r"|^\W*here(?:'s| is| are)\b[^.]{0,80}:",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class LabelledText:
    """One text of a data set."""

    text: str
    is_machine: bool
    dataset: str
    pair_id: str
    is_paired: bool = True
    """Whether ``pair_id`` was given; if not, it is unique to the text."""
    domain: str = ""
    generator: str = ""
    attack: str = ""
    n_words_given: int = 0
    """Before it was cut."""


def read_labelled(path: Path, intake: Intake | None = None) -> Iterator[LabelledText]:
    """The usable English texts of a data set, folded as the verdict folds them; ``intake`` counts the others too.

    Raises ``InputError`` for a label that is none of ``LABELS``.
    """
    intake = intake or Intake()
    dataset = path.name.split(".jsonl")[0]
    for number, record in read_jsonl(path, required=("text",)):
        is_machine = _is_machine(record.get("label"), f"{path.name}, line {number}", intake)
        intake.read(is_machine)
        if record.get("language", "en") != "en":
            intake.drop("are not in English")
            continue
        text = select(record["text"].replace("\\'", "'")).folded().text
        if _REMNANTS.search(text[:300]):
            intake.drop("hold what a chat model says around a text, such as a refusal or a preface")
            continue
        if len(text.split()) < FEWEST_WORDS:
            intake.drop(f"have under {FEWEST_WORDS} words")
            continue
        yield LabelledText(
            text,
            is_machine,
            dataset,
            pair_id=str(record.get("pair_id") or f"{dataset}:{number}"),
            is_paired=bool(record.get("pair_id")),
            domain=record.get("domain") or "",
            generator=record.get("generator") or "",
            attack=record.get("attack") or "",
            n_words_given=len(text.split(" ")),
        )


def _is_machine(label: object, where: str, intake: Intake) -> bool:
    """What a label says; another spelling than human and machine is noted."""
    given = str(int(label)) if isinstance(label, bool | int) or label in (0.0, 1.0) else label
    name = given.strip().lower().replace("_", "-") if isinstance(given, str) else None
    if name not in LABELS:
        seen = "missing" if label is None else repr(label)
        raise InputError(f"{where}: label is {seen}; allowed: {', '.join(LABELS)} (1 is machine).")
    if name not in ("human", "machine"):
        intake.spellings.add(f"{name} was taken as {'machine' if LABELS[name] else 'human'}")
    return LABELS[name]


def cut_alike(texts: Iterable[LabelledText]) -> list[LabelledText]:
    """Cut the texts of one data set so that length says nothing about the author.

    Both sides of a pair are cut to the same number of words: at most one of ``LENGTHS_IN_WORDS``,
    the shortest human text and the median machine text of the pair. Texts without a pair are cut
    to the lower quartile of the shorter side of the set, and those below it are left out. Every
    text loses at least its last word, so that none ends in a full stop because its author finished
    and another in mid-sentence because it was cut.
    """
    pairs: dict[str, list[LabelledText]] = defaultdict(list)
    unpaired: list[LabelledText] = []
    for text in texts:
        if text.is_paired:
            pairs[text.pair_id].append(text)
        else:
            unpaired.append(text)
    result = []
    for pair_id, members in pairs.items():
        limit = LENGTHS_IN_WORDS[int(unit_hash("length:" + pair_id) * len(LENGTHS_IN_WORDS))]
        human, machine = _word_counts(members)
        result += [
            _cut(member, min([limit, *sorted(human)[:1], int(median(machine or [limit]))])) for member in members
        ]
    if unpaired:
        # Where all are of one length, the quartile is that length, and they lose their last word all the same.
        limits = [min(sorted(side)[len(side) // 4], max(side) - 1) for side in _word_counts(unpaired) if side]
        limit = min(limits)
        result += [_cut(text, limit) for text in unpaired if len(text.text.split(" ")) > limit]
    return [text for text in result if len(text.text.split(" ")) >= FEWEST_WORDS - 1]


def _word_counts(texts: list[LabelledText]) -> tuple[list[int], list[int]]:
    """Lengths in words of the human and of the machine texts."""
    human = [len(t.text.split(" ")) for t in texts if not t.is_machine]
    machine = [len(t.text.split(" ")) for t in texts if t.is_machine]
    return human, machine


def _cut(text: LabelledText, limit: int) -> LabelledText:
    words = text.text.split(" ")
    return replace(text, text=" ".join(words[: min(limit, len(words) - 1)]))


def sample(texts: Iterable[LabelledText], humans: int, machines: int, seed: str) -> list[LabelledText]:
    """At most ``humans`` human texts a data set and ``machines`` machine texts a generator, chosen by hash."""
    groups: dict[tuple[str, bool, str], list[LabelledText]] = defaultdict(list)
    for text in texts:
        groups[text.dataset, text.is_machine, text.generator].append(text)
    chosen = []
    for (_, is_machine, _), members in groups.items():
        members.sort(key=lambda t: unit_hash(f"{seed}:{t.pair_id}:{t.text[:80]}"))
        chosen += members[: machines if is_machine else humans]
    return chosen


def without_repeats(texts: Iterable[LabelledText]) -> list[LabelledText]:
    """Leave out texts that begin like one before with the same label: data sets borrow from each other."""
    seen: set[tuple[bool, str]] = set()
    kept = []
    for text in texts:
        key = text.is_machine, text.text[:150].lower()
        if key not in seen:
            seen.add(key)
            kept.append(text)
    return kept


def text_key(text: str) -> str:
    """12 hexadecimal digits that texts with the same first ``KEY_WORDS`` words share, case and marks aside."""
    words = _SHINGLE_WORD.findall(text.lower()[: 40 * KEY_WORDS])[:KEY_WORDS]
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:12]


def word_shingles(text: str) -> list[int]:
    """Hashes of the runs of ``SHINGLE_WORDS`` words of a text, case and punctuation aside."""
    words = _SHINGLE_WORD.findall(text.lower())
    return [hash(tuple(words[i : i + SHINGLE_WORDS])) for i in range(len(words) - SHINGLE_WORDS + 1)]


def without_overlap(texts: Iterable[LabelledText], known: set[int], most: float = 0.2) -> list[LabelledText]:
    """Leave out texts of which more than ``most`` of the shingles are among the ``known``."""
    kept = []
    for text in texts:
        shingles = word_shingles(text.text)
        if sum(shingle in known for shingle in shingles) <= most * len(shingles):
            kept.append(text)
    return kept
