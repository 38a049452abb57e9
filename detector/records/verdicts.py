"""What can be said of a text, in the order in which pages list it."""

from typing import Literal, get_args

Verdict = Literal["machine", "mixed", "inconclusive", "human", "unscored"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
ACCUSED: tuple[Verdict, ...] = ("machine", "mixed")
"""Those that accuse the author: what the false-alarm rate counts."""
