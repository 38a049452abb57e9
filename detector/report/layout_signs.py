"""What of a text is layout and no wording: Markdown signs, numbers of lists and pages, footers, running heads.

It is part of what the model reads and of the score. No mark sits on it, for a reader would take it for a word that
speaks for a machine, where it says how a text was laid out.
"""

import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

_SIGNS = re.compile(
    r"""
      ^[ \t>]*\#{1,6}(?=[ \t])                                    # heading
    | ^[ \t]*(?:=|-|\*|_)(?:[ \t]*(?:=|-|\*|_)){2,}[ \t]*$        # rule, or line below a heading
    | ^[ \t>]*[-*+\u2022\u2023\u25aa\u25e6\u2013][ \t]+(?:\[[ xX]\])?  # bullet, box to tick
    | ^[ \t>]*\(?(?:\d{1,3}|[a-z](?=\)))[.)](?=[ \t])             # number of a list
    | ^[ \t]*>+                                                   # quotation
    | \*+ | `+ | ~~ | __+ | (?<!\w)_(?=\w) | (?<=\w)_(?!\w)       # emphasis, code
    | !?\[(?=[^\]\n]*\]\() | \]\([^)\s]*\)                        # link, and where it leads
    | ^[ \t]*\|[ \t:|-]*$ | (?:^[ \t]*)?\|                        # table
    """,
    re.MULTILINE | re.VERBOSE,
)
_FOOTERS = re.compile(
    r"""
      ^[ \t]*(?:page[ \t]*|p\.[ \t]*)?\d{1,4}(?:[ \t]*(?:of|/)[ \t]*\d{1,4})?[ \t]*$   # page number
    | ^[ \t]*[-\u2013\u2014][ \t]*\d{1,4}[ \t]*[-\u2013\u2014][ \t]*$
    | ^[ \t]*(?:\u00a9|\(c\)[ \t]|copyright\b).*$
    """,
    re.MULTILINE | re.VERBOSE | re.IGNORECASE,
)
_RUNNING = 3
"""Times that a short line without an end of sentence stands in a text before it is a running head."""
_LONGEST_HEAD = 60


def layout_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each piece of layout, in no particular order; they may overlap.

    >>> [("1. **Salt** first"[a:b]) for a, b in layout_spans("1. **Salt** first")]
    ['1.', '**', '**']
    """
    found = [match.span() for pattern in (_SIGNS, _FOOTERS) for match in pattern.finditer(text)]
    lines = [(match.span(), match[0].strip()) for match in re.finditer(r"[^\n]+", text)]
    often = Counter(line for _, line in lines if line and len(line) <= _LONGEST_HEAD and line[-1] not in ".!?:,;")
    return found + [span for span, line in lines if often[line] >= _RUNNING]


def layout_mask(text: str) -> NDArray[np.bool_]:
    """Whether each character of the text is layout, shape (len(text),); no blank is."""
    is_layout = np.zeros(len(text), dtype=bool)
    pieces = layout_spans(text)
    for start, end in pieces:
        is_layout[start:end] = True
    if pieces:
        is_layout &= np.array([not character.isspace() for character in text])
    return is_layout


def are_layout(text: str, spans: list[tuple[int, int]]) -> NDArray[np.bool_]:
    """Whether each of the ``spans`` of the text holds layout and nothing else but punctuation, shape (n,)."""
    is_layout = layout_mask(text)
    if not spans or not is_layout.any():
        return np.zeros(len(spans), dtype=bool)
    is_wording = np.array([character.isalnum() for character in text]) & ~is_layout
    starts, ends = np.array(spans, dtype=np.int64).T

    def counted(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
        sums = np.append(0, np.cumsum(flags))
        return sums[ends] - sums[starts]

    return (counted(is_layout) > 0) & (counted(is_wording) == 0)
