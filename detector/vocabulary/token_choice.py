"""Tokens and ranges of ids as a person names them."""

import re

from detector.errors import UsageError
from detector.vocabulary.tokenizer_analysis import Category, TokenizerAnalysis

_RANGE = re.compile(r"\s*(\d+)\s*:\s*(\d+)\s*")


def parse_token(analysis: TokenizerAnalysis, text: str) -> int:
    """Id of a token named by its id, its vocabulary string, or the text that it is.

    Digits are an id. Raises ``UsageError`` for what names no token.
    """
    if text.isascii() and text.isdigit():
        token_id = int(text)
        if token_id >= len(analysis) or analysis.categories[token_id] is Category.UNASSIGNED:
            raise UsageError(f"No token has the id {token_id}; the tokenizer has ids from 0 to {len(analysis) - 1}.")
        return token_id
    if text in analysis.pieces and text:
        return analysis.pieces.index(text)
    ids = analysis.encode(text) if text else []
    if len(ids) == 1:
        return ids[0]
    divided = f" is {len(ids)} tokens, {' and '.join(map(str, ids[:8]))}" if ids else " is no token"
    raise UsageError(f"{text!r}{divided}. Name one by its id, its vocabulary string, or a text that is one token.")


def parse_range(text: str, rows: int) -> range:
    """``177:188`` is the ids from 177 to 187. Raises ``UsageError`` for what is no range of the model's rows.

    >>> parse_range("177:188", rows=400)
    range(177, 188)
    """
    match = _RANGE.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is no range of ids. Write START:END, such as 177:188 for the ids 177 to 187.")
    start, end = int(match[1]), int(match[2])
    if start >= end:
        raise UsageError(f"The range {text} is empty: its end is not in it and must be above its start.")
    if end > rows:
        raise UsageError(f"The range {text} reaches beyond the model's vocabulary of {rows}; it may end at {rows}.")
    return range(start, end)
