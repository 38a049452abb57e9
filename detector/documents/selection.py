"""What of a text is judged: prose in English. Markdown's signs, code, tables and other languages are set apart.

Nothing is moved: a selection knows where each of its characters stands in the text as given.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.documents.disguises import Disguise, in_order
from detector.documents.folding import FoldedText, fold, mend
from detector.documents.language import Language, foreign_passages, language_of
from detector.documents.markdown import Block, Parsed, Shown, is_markdown_name, looks_like_markdown, parse
from detector.documents.sentences import sentence_spans

Places = NDArray[np.int32]

_FEWEST_WORDS = 20
"""That are left of a text by what is in other languages, and judged."""


@dataclass(frozen=True)
class SetApart:
    """A place in the text as given that is not judged, and why."""

    kind: str
    """``code``, ``table``, ``markup`` or ``other_language``."""
    start: int
    end: int
    what: str
    """In words, such as "code" or "German"."""


@dataclass(frozen=True, eq=False)
class Selection:
    """The part of a text that is judged; all of it, mostly."""

    text: str
    starts: Places | None
    """First character in the text as given behind each character, shape (len(text),); None where all is kept."""
    ends: Places | None
    """One past the last."""
    blocks: tuple[int, ...]
    """Where in ``text`` a heading, a list item or what follows something set apart begins: so does a sentence."""
    apart: tuple[SetApart, ...]
    language: Language
    """Of what is judged; where nothing is left, of the whole."""
    is_markdown: bool
    disguises: tuple[Disguise, ...] = ()
    """What was undone before the selection was made, in the order of the text as given."""
    full_width: tuple[int, ...] = ()
    """Places in the text as given of marks and digits that were read as plain ones before."""

    def folded(self) -> FoldedText:
        """The selection folded for judging; its places are those of the text as given."""
        folded = fold(self.text)
        if self.starts is None or self.ends is None:
            return folded
        starts, ends = self.starts, self.ends
        return replace(
            folded,
            starts=starts[folded.starts],
            ends=ends[folded.ends - 1],
            disguises=in_order([*self.disguises, *self._moved(folded.disguises)]),
            full_width=tuple(sorted((*self.full_width, *(int(starts[at]) for at in folded.full_width)))),
            closed_up=tuple(int(starts[at]) for at in folded.closed_up),
        )

    def _moved(self, disguises: Sequence[Disguise]) -> list[Disguise]:
        """From places in ``text`` to places in the text as given."""
        assert self.starts is not None  # noqa: S101 - asked of a selection that knows its places
        assert self.ends is not None  # noqa: S101
        return [replace(one, start=int(self.starts[one.start]), end=int(self.ends[one.end - 1])) for one in disguises]

    def sentences(self, folded: FoldedText) -> list[tuple[int, int]]:
        """(start, end) of each sentence of ``folded``, which is this selection folded; blocks begin one."""
        spans = sentence_spans(folded.text)
        if self.starts is None or not self.blocks:
            return spans
        breaks = np.unique(np.searchsorted(folded.starts, self.starts[list(self.blocks)])).tolist()
        return _cut(folded.text, spans, breaks)


def select(text: str, name: str = "") -> Selection:
    r"""What of a text is judged; ``name`` is that of its file, which says whether it is Markdown for certain.

    >>> selected = select("# Tea\n\nIt **is** the leaf of a shrub, and you pour hot water over the leaves.")
    >>> selected.text
    'Tea\n\nIt is the leaf of a shrub, and you pour hot water over the leaves.'
    """
    mended = mend(text)
    if mended.text == text:
        return _selected(text, name)
    selection = _selected(mended.text, name)
    starts, ends = mended.starts, mended.ends
    if selection.starts is not None and selection.ends is not None:
        starts, ends = mended.starts[selection.starts], mended.ends[selection.ends - 1]
    apart = tuple(
        replace(one, start=place[0], end=place[1])
        for one in selection.apart
        for place in [mended.original_span(one.start, one.end)]
    )
    return replace(
        selection,
        starts=starts,
        ends=ends,
        apart=apart,
        disguises=mended.disguises,
        full_width=mended.full_width,
    )


def _selected(text: str, name: str) -> Selection:
    """The same of a text without disguises."""
    is_certain = is_markdown_name(name)
    is_markdown = is_certain or looks_like_markdown(text)
    starts: Places | None = None
    ends: Places | None = None
    blocks: tuple[int, ...] = ()
    apart: list[SetApart] = []
    chosen = text
    if is_markdown:
        parsed = parse(text, is_certain)
        apart = [SetApart(one.kind, one.start, one.end, one.kind) for one in parsed.apart]
        chosen, starts, ends, blocks = _laid_out(parsed)
    passages = foreign_passages(chosen)
    kept = _outside([(passage.start, passage.end) for passage in passages], len(chosen))
    rest = "".join(chosen[a:b] for a, b in kept)
    language = language_of(rest)
    if passages and len(rest.split()) < min(_FEWEST_WORDS, sum(len(chosen[p.start : p.end].split()) for p in passages)):
        language = passages[0].language  # too little to tell, such as a heading
    elif passages and language.is_english:
        if starts is None or ends is None:
            starts = np.arange(len(chosen), dtype=np.int32)
            ends = starts + 1
        for passage in passages:
            begin, end = int(starts[passage.start]), int(ends[passage.end - 1])
            apart.append(SetApart("other_language", begin, end, passage.language.nearest or "another language"))
        blocks = tuple(sorted({*blocks, *(passage.end for passage in passages)}))
        chosen, starts, ends, blocks = _kept(chosen, starts, ends, blocks, kept)
    if starts is not None and ends is not None:
        _lead_to_the_next(text, chosen, starts, ends)
    return Selection(
        chosen, starts, ends, blocks, tuple(sorted(apart, key=lambda one: one.start)), language, is_markdown
    )


def _laid_out(parsed: Parsed) -> tuple[str, Places, Places, tuple[int, ...]]:
    """Blocks one under the other: text, places and where each begins."""
    shown: list[Shown] = []
    begins: list[int] = []
    before: Block | None = None
    for block in parsed.blocks:
        if before is not None:
            parting = "\n" if before.is_tight and block.is_tight else "\n\n"
            shown += [Shown(character, before.shown[-1].end, before.shown[-1].end) for character in parting]
        begins.append(len(shown))
        shown += block.shown
        before = block
    return (
        "".join(one.character for one in shown),
        np.array([one.start for one in shown], dtype=np.int32),
        np.array([one.end for one in shown], dtype=np.int32),
        tuple(begins),
    )


def _kept(
    chosen: str, starts: Places, ends: Places, blocks: Sequence[int], kept: Sequence[tuple[int, int]]
) -> tuple[str, Places, Places, tuple[int, ...]]:
    """The same of the ``kept`` spans alone, parted by blank lines."""
    pieces = [np.arange(a, b) for a, b in kept]
    places = np.concatenate(pieces)
    # subtle: a block that begins within what was left out begins with what comes next
    begins = {int(at) for at in np.searchsorted(places, blocks)}
    return (
        "".join(chosen[a:b] for a, b in kept),
        starts[places],
        ends[places],
        tuple(sorted(at for at in begins if at < len(places))),
    )


def _lead_to_the_next(text: str, chosen: str, starts: Places, ends: Places) -> None:
    """Let blanks before something left out stand behind it, so that no place of a word runs over it."""
    for at in range(len(chosen) - 2, -1, -1):
        if chosen[at].isspace() and ends[at] < starts[at + 1]:
            ends[at] = following = starts[at + 1]
            starts[at] = following - (following > 0 and text[following - 1].isspace())


def _outside(spans: Sequence[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """What of 0 to ``length`` lies outside of the spans, which are in order."""
    edges = [0, *(edge for span in spans for edge in span), length]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]


def _cut(text: str, spans: Sequence[tuple[int, int]], breaks: Sequence[int]) -> list[tuple[int, int]]:
    """The spans cut at ``breaks``, without the blanks this leaves at their ends."""
    found = []
    for start, end in spans:
        edges = [start, *(at for at in breaks if start < at < end), end]
        for a, b in itertools.pairwise(edges):
            piece = text[a:b]
            if stripped := piece.strip():
                begin = a + len(piece) - len(piece.lstrip())
                found.append((begin, begin + len(stripped)))
    return found
