"""What a token is shown to a model in: alone, or between the neighbours that complete its characters."""

from collections.abc import Sequence
from dataclasses import dataclass

from detector.vocabulary.token_bytes import is_utf8
from detector.vocabulary.tokenizer_analysis import Category, TokenizerAnalysis


@dataclass(frozen=True, order=True)
class TokenInContext:
    """A token and the ids that must stand beside it; both sides are empty for whole characters."""

    token_id: int
    left: tuple[int, ...] = ()
    right: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """The token between its neighbours."""
        return (*self.left, self.token_id, *self.right)


def in_context(analysis: TokenizerAnalysis, token_id: int) -> TokenInContext:
    """The token with the fewest of its true neighbours that make whole characters of it.

    The neighbours are those the tokenizer itself puts beside the token in a text that holds it. A part
    of a character that no text holds, such as an impossible byte, stands alone.
    """
    if analysis.categories[token_id] is not Category.PARTIAL_UTF8 or token_id not in analysis.examples:
        return TokenInContext(token_id)
    ids = analysis.encode(analysis.examples[token_id])
    if token_id not in ids:
        return TokenInContext(token_id)
    start, end = whole_characters(analysis.token_bytes, ids, ids.index(token_id))
    at = ids.index(token_id)
    return TokenInContext(token_id, tuple(ids[start:at]), tuple(ids[at + 1 : end]))


def whole_characters(token_bytes: Sequence[bytes], ids: Sequence[int], at: int) -> tuple[int, int]:
    r"""Borders of the shortest run of ``ids`` around place ``at`` whose bytes are whole characters.

    >>> whole_characters([b"a", b"\xe2", b"\x80", b"\x94"], [0, 1, 2, 3, 0], at=2)
    (1, 4)
    """
    for length in range(1, len(ids) + 1):
        for start in range(max(0, at - length + 1), min(at, len(ids) - length) + 1):
            if is_utf8(b"".join(token_bytes[i] for i in ids[start : start + length])):
                return start, start + length
    return 0, len(ids)
