"""What was hidden or posed as something else, and how people are told: by the word, and no more than they can read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from detector.documents.unicode_table import describe_character

KINDS = (
    "invisible_character",
    "lookalike_letter",
    "combining_mark",
    "character_reference",
    "letter_spacing",
    "unusual_space",
)
"""Kinds of findings that are a disguise."""

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
    count: int


def in_order(disguises: Iterable[Disguise]) -> tuple[Disguise, ...]:
    """By where they are."""
    return tuple(sorted(disguises, key=lambda one: (one.start, one.end)))


def places_of(text: str, disguises: Iterable[Disguise]) -> Iterator[Place]:
    """The disguises of a text, in order, those of one kind in one word as one place; linear in both."""
    runs: dict[str, list[Disguise]] = {}
    for one in disguises:
        run = runs.get(one.kind)
        if run and not _is_same_word(text, run[-1].end, one.start):
            yield _place(run)
            run = None
        if run:
            run.append(one)
        else:
            runs[one.kind] = [one]
    for run in runs.values():
        yield _place(run)


def _is_same_word(text: str, end: int, start: int) -> bool:
    if start <= end:
        return True
    between = text[end:start] if start - end <= _WIDEST_GAP else " "
    return between.isalpha()


def _place(run: list[Disguise]) -> Place:
    first = run[0]
    return Place(first.kind, first.start, max(one.end for one in run), _detail(run), len(run))


def _detail(run: list[Disguise]) -> str:
    first = run[0]
    more = len(run) - 1
    if first.kind == "letter_spacing":
        return "a word set letter by letter"
    if first.kind == "character_reference":
        said = f"{first.character} in place of {first.meant}"
    else:
        said = describe_character(first.character[0])
        said += f" in place of {first.meant}" if first.meant else ""
    return f"{said}, and {more} more here" if more else said
