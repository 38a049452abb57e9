"""What the author had no hand in is folded away before a text is judged, and disguises are undone.

Line breaks, spaces, curly quotes and invisible characters depend on the editor and the website, not on who wrote the
text; in public data sets they alone tell human from machine (AUROC up to 0.99), which is a leak and not evidence.
What poses as something else becomes what it poses as: letters of other alphabets, in other dresses, behind references
of HTML, under marks, set letter by letter. ``fold`` does all of it, and its text is what the verdict sees; ``mend``
undoes disguises alone, for commands that take a text as it stands. Both lead back to the text as given, character by
character, and tell where they found a disguise.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from detector.documents.disguises import Disguise, in_order
from detector.documents.dressed import dressed_edits, mark_edits
from detector.documents.edits import Edit, MappedText
from detector.documents.invisible import has_invisible, invisible_edits
from detector.documents.lookalikes import lookalikes
from detector.documents.marks import composed_edits, mark_removals
from detector.documents.references import reference_edits
from detector.documents.spacing import FEWEST_CLOSED_UP, closed_up_edits, closes_up, unusual_spaces

_REPLACEMENTS = {
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "\u00b4": "'", "`": "'",
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u2033": '"', "\u00ab": '"', "\u00bb": '"',
    "\u2026": "...",
    "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st",
}  # fmt: skip
# Of whitespace what may change: all but a plain space between words.
_SPECIAL = re.compile(
    "[\ud800-\udfff" + "".join(map(re.escape, _REPLACEMENTS)) + r"]|\A\s+|\s+\Z|\s{2,}|[^\S ]| (?=[,.;:!?)])"
)
_UNUSUAL = re.compile(
    "[^\\t-\\r -~\u0085\u00a0-\u00ac\u00ae-\u0130\u0132-\u017e\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]"
)
"""What may hide or pose, or need what does: most texts have none of it, and are spared the search."""
_MOST_ROUNDS = 4
"""Times that a text is searched again, for what was hidden behind what was undone."""


@dataclass(frozen=True, eq=False)
class FoldedText(MappedText):
    """A folded text and, for each of its characters, where it came from."""

    disguises: tuple[Disguise, ...] = ()
    """What was undone, in the order of the text as given."""
    full_width: tuple[int, ...] = ()
    """Places in the text as given of punctuation and digits that were read as plain ones."""
    closed_up: tuple[int, ...] = ()
    """The same of spaces that were taken out before punctuation."""


def fold(text: str) -> FoldedText:
    r"""Disguises undone, whitespace runs one space (none at the ends), quotes straight, punctuation closed up.

    >>> fold(" \u201cOne\u200b\r\n\r\ntwo\u2026\u201d ").text
    '"One two..."'
    """
    now = MappedText.of(text)
    found = _Found()
    for _ in range(_MOST_ROUNDS):
        before = now
        now = _laid_out(_mended(now, found), found)
        if now is before:
            break
    return found.told_with(now)


def mend(text: str) -> FoldedText:
    r"""Disguises undone, all else as it stands.

    >>> mend(" \u201cp\u0430\u200bss\u201d  ").text == " \u201cpass\u201d  "
    True
    """
    found = _Found()
    return found.told_with(_mended(MappedText.of(text), found))


def as_given(text: str) -> FoldedText:
    """Nothing undone, and nothing told."""
    same = MappedText.of(text)
    return FoldedText(same.text, same.starts, same.ends)


def lay_out(text: str) -> FoldedText:
    """Layout folded away and disguises left, which is what the model would see of a text if nobody looked."""
    edits, _ = _layout_edits(text)
    now = MappedText.of(text).edited(edits)
    return FoldedText(now.text, now.starts, now.ends)


@dataclass
class _Found:
    """What was found on the way, in places of the text as given."""

    disguises: list[Disguise] = field(default_factory=list)
    full_width: list[int] = field(default_factory=list)
    closed_up: list[int] = field(default_factory=list)

    def told_with(self, now: MappedText) -> FoldedText:
        """The text that came of it, with what was found in order."""
        return FoldedText(
            now.text,
            now.starts,
            now.ends,
            in_order(self.disguises),
            tuple(sorted(self.full_width)),
            tuple(sorted(self.closed_up)),
        )


def _mended(now: MappedText, found: _Found) -> MappedText:
    for _ in range(_MOST_ROUNDS):
        before = now
        now = _without_references(now, found.disguises)
        for step in _STEPS if _UNUSUAL.search(now.text) else _STEPS_OF_USUAL_TEXT:
            now = step(now, found.disguises)
        marks = mark_edits(now.text)
        found.full_width += [int(now.starts[at]) for at, _, _ in marks]
        now = now.edited(marks)
        if now is before:
            break
    return now


def _laid_out(now: MappedText, found: _Found) -> MappedText:
    references, _ = reference_edits(now.text)
    now = now.edited(references)
    now = now.edited(composed_edits(now.text))
    edits, closed_up = _layout_edits(now.text)
    found.closed_up += now.starts[closed_up].tolist() if closed_up else []
    return now.edited(edits)


def _layout_edits(text: str) -> tuple[list[Edit], list[int]]:
    """Edits, and the places of the spaces before punctuation among them: one or two are a slip and stay."""
    edits: list[Edit] = []
    closed_up: list[int] = []
    for match in _SPECIAL.finditer(text):
        begin, finish = match.span()
        found = match.group()
        if found in _REPLACEMENTS:
            edits.append((begin, finish, _REPLACEMENTS[found]))
        elif "\ud800" <= found <= "\udfff":
            edits.append((begin, finish, "\ufffd"))  # half a character: no tokenizer can read it
        elif begin == 0 or finish == len(text):
            edits.append((begin, finish, ""))
        elif closes_up(text, begin, finish):
            edits.append((begin, finish, ""))
            closed_up.append(begin)
        elif found != " ":
            edits.append((begin, finish, " "))
    if len(closed_up) < FEWEST_CLOSED_UP:
        slips = set(closed_up)
        return [(begin, finish, " " if begin in slips else piece) for begin, finish, piece in edits], []
    return edits, closed_up


def _without_invisible(now: MappedText, disguises: list[Disguise]) -> MappedText:
    if not has_invisible(now.text):
        return now
    edits, hidden = invisible_edits(now.text)
    for start, end in hidden:
        disguises += [
            Disguise("invisible_character", *now.original_span(at, at + 1), now.text[at]) for at in range(start, end)
        ]
    return now.edited(edits)


def _without_references(now: MappedText, disguises: list[Disguise]) -> MappedText:
    edits, hidden = reference_edits(now.text)
    meant = {start: piece for start, _, piece in edits}
    disguises += [
        Disguise("character_reference", *now.original_span(start, end), now.text[start:end], meant[start])
        for start, end in hidden
    ]
    letters = [edit for edit in edits if _may_pose(now.text[edit[0] : edit[1]], edit[2])]
    return now.edited(letters)


def _may_pose(reference: str, meant: str) -> bool:
    """Whether it may be a part of a disguise: a letter by its number, or what leaves no mark."""
    return ("#" in reference and meant.isalnum()) or has_invisible(meant)


def _without_marks(now: MappedText, disguises: list[Disguise]) -> MappedText:
    edits, places = mark_removals(now.text)
    disguises += [
        Disguise("combining_mark", *now.original_span(start, end), now.text[start:end]) for start, end in places
    ]
    return now.edited(edits)


def _undressed(now: MappedText, disguises: list[Disguise]) -> MappedText:
    edits, told = dressed_edits(now.text)
    letters = {start: piece for start, _, piece in edits}
    disguises += [
        Disguise("lookalike_letter", *now.original_span(start, end), now.text[start], letters[start])
        for start, end in told
    ]
    return now.edited(edits)


def _plain_letters(now: MappedText, disguises: list[Disguise]) -> MappedText:
    found = lookalikes(now.text)
    disguises += [
        Disguise("lookalike_letter", *now.original_span(at, at + 1), now.text[at], letter)
        for at, letter in found.items()
    ]
    return now.edited([(at, at + 1, letter) for at, letter in found.items()])


def _closed_up(now: MappedText, disguises: list[Disguise]) -> MappedText:
    edits, places = closed_up_edits(now.text)
    disguises += [
        Disguise("letter_spacing", *now.original_span(start, end), now.text[start:end]) for start, end in places
    ]
    return now.edited(edits)


def _plain_spaces(now: MappedText, disguises: list[Disguise]) -> MappedText:
    places = unusual_spaces(now.text)
    disguises += [
        Disguise("unusual_space", *now.original_span(start, end), now.text[start:end]) for start, end in places
    ]
    return now.edited([(start, end, " ") for start, end in places])


_STEPS: tuple[Callable[[MappedText, list[Disguise]], MappedText], ...] = (
    _without_invisible,
    _without_marks,
    _undressed,
    _plain_letters,
    _closed_up,
    _plain_spaces,
)
_STEPS_OF_USUAL_TEXT = (_without_marks, _closed_up)
