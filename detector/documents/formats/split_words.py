"""Words that a line end has split, put together again; a compound keeps its hyphen."""

import itertools
import re
from dataclasses import dataclass

_SOFT_HYPHEN = "\u00ad"
HYPHENS = f"-\u2010{_SOFT_HYPHEN}"
# no suspended hyphen, as in "pre- and postwar"
_SPLIT_WORD = re.compile(rf"(?<![^\W\d_])([^\W\d_]++)([{HYPHENS}])\n(?!(?:and|or|to)\b)(?=([^\W\d_]++))")
_SPLIT_COMPOUND = re.compile(rf"(?<=\w[{HYPHENS}])\n(?!(?:and|or|to)\b)(?=\w)")
_WORD = re.compile(r"[^\W\d_]++(?:[-\u2010][^\W\d_]++)*+")
_OFTEN_HYPHENATED = frozenset(
    """
    all cross half high long low non self short well one two three four five six seven eight nine twenty thirty forty
    fifty sixty seventy eighty ninety
    """.split()  # noqa: SIM905 - a list of words is easier to read in lines
)
# Before these it is a syllable's end, as in "crossing"; "ex" is one before all but a few words.
_ENDINGS_OF_WORDS = frozenset(
    """
    age ages een est fold hood ing ings ish land less light lights ly ness road roads self selves sense some teen
    teens teenth ties tieth way ways
    """.split()  # noqa: SIM905
)
_ONCE = frozenset(
    "boyfriend boss chairman chief colleague girlfriend husband lover minister partner president soldier wife".split()  # noqa: SIM905
)


def join_split_words(text: str) -> str:
    r"""The text with each pair of halves joined alike, as a word or as a compound.

    >>> join_split_words("an exam-\nple of a well-\nknown, well-known kind, pre-\nand postwar")
    'an example of a well-known, well-known kind, pre-\nand postwar'
    """
    vocabulary = _Vocabulary.of(text)

    def without_line_end(split: re.Match[str]) -> str:
        """The first half, its hyphen only if it belongs there; the line end behind it goes with compounds, below."""
        first, hyphen, second = split.groups()
        is_word = first[-1].islower() and second[0].islower() and not vocabulary.is_compound(first, second)
        return first if is_word or hyphen == _SOFT_HYPHEN else split[0]

    return _SPLIT_COMPOUND.sub("", _SPLIT_WORD.sub(without_line_end, text))


@dataclass(frozen=True)
class _Vocabulary:
    """How a text writes its words elsewhere, in small letters."""

    words: frozenset[str]
    compounds: frozenset[tuple[str, str]]
    """Pairs that stand on either side of a hyphen."""

    @classmethod
    def of(cls, text: str) -> "_Vocabulary":
        words: set[str] = set()
        compounds: set[tuple[str, str]] = set()
        for written in _WORD.findall(text):
            first, *others = written.lower().replace("\u2010", "-").split("-")
            if not others:
                words.add(first)
            compounds.update(itertools.pairwise([first, *others]))
        return cls(frozenset(words), frozenset(compounds))

    def is_compound(self, first: str, second: str) -> bool:
        """Whether the hyphen between two halves belongs there: as the text has it elsewhere, else by custom."""
        first, second = first.lower(), second.lower()
        if first + second in self.words:
            return False
        if (first, second) in self.compounds:
            return True
        if first == "ex":
            return second in _ONCE
        return first in _OFTEN_HYPHENATED and second not in _ENDINGS_OF_WORDS
