"""What was hidden or posed as something else, and how people are told: by the word, and in a sentence."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from detector.documents.unicode_table import describe_character

DISGUISES = {
    "invisible_character": ("invisible character", "invisible characters"),
    "lookalike_letter": ("look-alike letter", "look-alike letters"),
    "combining_mark": ("mark upon a letter", "marks upon letters"),
    "character_reference": ("letter written as a reference", "letters written as references"),
    "letter_spacing": ("passage set letter by letter", "passages set letter by letter"),
    "unusual_space": ("space of unusual width", "spaces of unusual width"),
}
"""Kinds of findings that are a disguise, one and several of them in words."""

_WIDEST_GAP = 20
"""Characters of one word between two places that are told as one."""


@dataclass(frozen=True)
class Disguise:
    """One place of the text as given."""

    kind: str
    start: int
    end: int
    character: str
    """What stands there."""
    meant: str = ""
    """What it was read as; nothing where it was taken out."""


@dataclass(frozen=True)
class Place:
    """A run of disguises of one kind in one word, for people."""

    kind: str
    start: int
    end: int
    detail: str


def in_order(disguises: Iterable[Disguise]) -> tuple[Disguise, ...]:
    """By where they are."""
    return tuple(sorted(disguises, key=lambda one: (one.start, one.end)))


def counts_of(disguises: Iterable[Disguise]) -> dict[str, int]:
    """How many there are of each kind, kinds that there are."""
    counts = Counter(one.kind for one in disguises)
    return {kind: counts[kind] for kind in DISGUISES if counts[kind]}


def in_words(disguises: Iterable[Disguise]) -> str:
    """How many there are of which kind; empty where there is none.

    >>> in_words([Disguise("invisible_character", at, at + 1, "-") for at in (1, 5)])
    '2 invisible characters'
    """
    parts = [f"{n:,} {DISGUISES[kind][n > 1]}" for kind, n in counts_of(disguises).items()]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def places_of(text: str, disguises: Iterable[Disguise]) -> Iterator[Place]:
    """Those of one kind in one word of the text as one place, kind by kind in order; linear in both.

    ``disguises`` are in order.
    """
    runs: dict[str, list[Disguise]] = {}
    for one in disguises:
        run = runs.get(one.kind)
        if run and _are_in_one_word(text, run[-1].end, one.start):
            run.append(one)
            continue
        if run:
            yield _place(run)
        runs[one.kind] = [one]
    for run in runs.values():
        yield _place(run)


def _are_in_one_word(text: str, end: int, start: int) -> bool:
    return start <= end or (start - end <= _WIDEST_GAP and text[end:start].isalpha())


def _place(run: list[Disguise]) -> Place:
    first = run[0]
    return Place(first.kind, first.start, max(one.end for one in run), _detail(first, len(run) - 1))


def _detail(first: Disguise, more: int) -> str:
    if first.kind == "letter_spacing":
        said = "letters with spaces between them, read as words"
    elif first.kind == "character_reference":
        said = f"{first.character} in place of {first.meant}"
    else:
        said = describe_character(first.character[0]) + (f" in place of {first.meant}" if first.meant else "")
    return f"{said}, and {more:,} more in this word" if more else said
