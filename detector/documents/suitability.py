"""Whether a text is of the kind the verdict was calibrated on: enough English prose.

These checks need no model. They are coarse on purpose: each refuses only what is plainly outside.
"""

import re

PROSE_SHARE = 0.6
"""Least share of letters and spaces in prose."""

CODE_SHARE = 0.18
"""Most words of prose that look like code; programs have a quarter and more, dialogues up to 0.15."""
_CODE_WORD = re.compile(
    r"[a-zA-Z]_[a-zA-Z]|[a-z]\.[a-z_]+\(|[a-zA-Z]\([^)s]|\(\)|[{}]|</?[a-zA-Z!]"
    r"|^(==|!=|=|->|=>|\|\||&&|\+=)$|[a-z)];$|=[\"'\[(]|\[\"|\w\]|^[-\w]+:[\"']?$"
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--|<!doctype", re.IGNORECASE)
WORDS_PER_TAG = 50
"""Fewest words of prose for each tag of markup."""

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")


def words_of(text: str) -> list[str]:
    """Runs of letters, apostrophes within them kept."""
    return _WORD.findall(text)


def count_words(text: str) -> int:
    """Words as a word processor counts them: runs without whitespace."""
    return len(text.split())


def is_prose(text: str) -> bool:
    """False for tables, code, markup, lists of numbers, and one thing repeated without end."""
    if not text:
        return False
    letters_and_spaces = sum(character.isalpha() or character == " " for character in text)
    words = text.split()
    longest = max(map(len, words), default=0)
    distinct = len(set(words))
    code_words = sum(bool(_CODE_WORD.search(word)) for word in words)
    tags = len(_TAG.findall(text))
    return (
        letters_and_spaces / len(text) >= PROSE_SHARE
        and longest <= max(100, min(len(text) // 10, 10_000))
        and code_words <= CODE_SHARE * len(words)
        and (tags < 3 or tags * WORDS_PER_TAG <= len(words))
        and distinct >= min(len(words), 400) / 10
    )
