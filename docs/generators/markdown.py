"""Markdown that shows what it is given: tables, and words in which no character means anything."""

import re
from collections.abc import Iterable, Sequence
from html import escape

_CODE_SPAN = re.compile(r"(`[^`]+`)")
_SPECIAL = re.compile(r"([\\*_\[\]<>|#~])")
_ACCIDENT = re.compile(r"^(\d+)([.)])(?=\s)|^([-+])(?=\s)")
"""A line that begins like an item of a list."""


def plain(words: str) -> str:
    r"""Words as Markdown; what stands between backticks, single or double, is code.

    >>> plain("p_t of ``a_b`` < 1")
    'p\\_t of `a_b` \\< 1'
    >>> plain("in [0, 1]")
    'in \\[0, 1\\]'
    """
    parts = _CODE_SPAN.split(words.replace("``", "`"))
    shown = [part if _CODE_SPAN.fullmatch(part) else _SPECIAL.sub(r"\\\1", part) for part in parts]
    return _ACCIDENT.sub(lambda found: f"{found[1] or ''}\\{found[2] or found[3]}", "".join(shown))


def code(words: str) -> str:
    """Code that may stand in a cell; within backticks, renderers disagree about an escaped bar.

    >>> code("a_b"), code("[a|b]")
    ('`a_b`', '<code>[a&#124;b]</code>')
    """
    return f"<code>{escape(words).replace('|', '&#124;')}</code>" if "|" in words else f"`{words}`"


def cell(words: str) -> str:
    r"""What may stand in a cell: no line break, and no bar that is not escaped."""
    return re.sub(r"(?<!\\)\|", r"\\|", re.sub(r"[ \t\n]+", " ", words).strip())


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Lines of a table; ``right`` numbers the columns that are set to the right.

    >>> table(["name", "n"], [["a", "1"]], right=[1])
    ['| name | n |', '|---|---:|', '| a | 1 |', '']
    """
    rules = ["---:" if i in right else "---" for i in range(len(headings))]
    lines = [f"| {' | '.join(headings)} |", f"|{'|'.join(rules)}|"]
    lines += [f"| {' | '.join(map(cell, row))} |" for row in rows]
    return [*lines, ""]


def interval(figure: str) -> str:
    r"""A figure with its interval, which is not broken between lines.

    >>> interval("0.5 [0.4, 0.6] (1/2)") == "0.5 \\[0.4,\u00a00.6] (1/2)"
    True
    """
    return re.sub(r"\[(\S+), (\S+)\]", "\\\\[\\1,\u00a0\\2]", figure)


def fenced(text: str, language: str = "text") -> list[str]:
    """A block of code."""
    return [f"```{language}", *text.splitlines(), "```", ""]


def page(title: str, *blocks: str | Iterable[str]) -> str:
    """A page from its title and blocks: a paragraph each, or lines."""
    lines = [f"# {title}", ""]
    for block in blocks:
        lines += [block, ""] if isinstance(block, str) else block
    return "\n".join(lines).rstrip("\n") + "\n"
