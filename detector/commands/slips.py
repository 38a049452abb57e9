"""What people type first: a command misspelt, or a text where the name of a file belongs."""

import os
import shlex
from collections.abc import Collection, Sequence
from difflib import get_close_matches

_WANTED_AS_OPTIONS = {"help": "--help", "version": "--version"}
_LIKENESS = 0.7
_LEAST_PREFIX = 3
_FEWEST_BLANKS = 3
_LONGEST_QUOTED = 40


def meant_command(arguments: Sequence[str], commands: Collection[str]) -> str | None:
    """The command line that was probably meant, where the first word is neither a command nor a file; else None.

    >>> meant_command(["reprot", "x y.txt"], ["report", "score"])
    "detect report 'x y.txt'"
    >>> meant_command(["essay.txt"], ["report", "score"]) is None
    True
    """
    word, *rest = arguments
    if not word.isidentifier() or os.path.exists(word):
        return None
    begun = [name for name in sorted(commands) if len(word) >= _LEAST_PREFIX and name.startswith(word)]
    known = begun or get_close_matches(word, sorted(commands), n=1, cutoff=_LIKENESS)
    meant = _WANTED_AS_OPTIONS.get(word) or (known[0] if known else None)
    return None if meant is None else shlex.join(["detect", meant, *rest])


def is_pasted_text(path: str) -> bool:
    """Whether what stands where a file's name belongs is a text."""
    return not os.path.exists(path) and ("\n" in path or len(path.split()) > _FEWEST_BLANKS)


def on_pasted_text(text: str) -> str:
    """What to say of it."""
    words = " ".join(text.split())
    shown = words if len(words) <= _LONGEST_QUOTED else words[:_LONGEST_QUOTED].rstrip() + "\u2026"
    return f'"{shown}" is no file. For a text that is in none, type detect - and paste it.'
