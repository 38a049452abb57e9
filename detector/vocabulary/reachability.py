"""Whether any text makes the tokenizer produce a token, and which text does.

For BPE the merges decide half of it exactly. Merges are applied in the order of their rank, at the
leftmost place first. Where a token t stands in the encoding of a longer word, no merge has crossed
the borders of t, so those inside it were applied in the order in which they are when t is the whole
word. Hence a token that its own string, taken as one word, does not encode to stands in no word
(pairwise validity of BPE encodings; Berglund and van der Merwe, "Formalizing BPE Tokenization", 2023).
Unigram takes the likeliest division, so there the same test holds, but for ties: where its parts are likelier
than t alone, they are so in every word.

The other half is whether the pre-tokenizer leaves the token's text whole. What it does at a place
depends on the classes of the characters around it, so a token is tried between every pair of
neighbours from a set with one character of each Unicode category and those that patterns name. A
token is called reachable only with a text that the tokenizer itself turns into it.
"""

import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain, islice, product

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from detector.vocabulary.token_bytes import IMPOSSIBLE_BYTES, is_utf8
from detector.vocabulary.tokenizer_parts import UNIGRAM, TokenizerParts

_COMMON_NEIGHBOURS = ("", " ", "a", "\n", ".", "1", "A", "'", "\u00ab", "(", "\u00e9", "  ", "a ", "\n\n", "\t")
_PATTERN_LETTERS = 'sdmtlvreSDMT<>[]{}|_#-/*\\=+"`~^$%&!?,;:0'
_MOST_COMPLETIONS = 20_000
_KEPT = 256
"""Beginnings and ends of characters whose completions are kept, for many tokens share them; 80 KB each at most."""
_CODES = sys.maxunicode + 1
_FIRST_CODE_OF_LENGTH = {2: 0x80, 3: 0x800, 4: 0x10000}
_CHARACTERS_PER_BYTE = 40
_BATCH = 512


def never_chosen(parts: TokenizerParts, token_id: int) -> bool:
    """Whether the token's own string, taken as one word, encodes to something else: then it stands in no text.

    Other kinds than BPE and Unigram are not decided so: False.
    """
    piece = parts.pieces[token_id]
    is_decided = parts.merges is not None or parts.kind == UNIGRAM
    if not is_decided or piece is None or token_id in parts.added_ids or _is_fallback_byte(parts, token_id):
        return False
    return [token.id for token in parts.tokenizer.model.tokenize(piece)] != [token_id]


def has_impossible_byte(data: bytes) -> bool:
    """Whether the token holds a byte that stands in no UTF-8 text."""
    return not IMPOSSIBLE_BYTES.isdisjoint(data)


def text_around(parts: TokenizerParts, token_id: int) -> str | None:
    """A text whose encoding holds the token, whose bytes are whole characters; None if no neighbours help."""
    text = parts.token_bytes[token_id].decode()
    near = (left + text + right for left, right in product(_COMMON_NEIGHBOURS, repeat=2))
    far = (left + text + right for left, right in product(_neighbours(), repeat=2))
    return _first_holding(parts.tokenizer, token_id, chain(near, far))


def text_completing(parts: TokenizerParts, token_id: int) -> str | None:
    """A text that completes the token's partial characters and holds it; None if there is none among those tried."""
    data = parts.token_bytes[token_id]
    if has_impossible_byte(data):
        return None
    if _is_fallback_byte(parts, token_id):
        return _first_holding(parts.tokenizer, token_id, _characters_with_byte(parts)[data[0]])
    texts = (islice(_completions(data, only_assigned), _MOST_COMPLETIONS) for only_assigned in (True, False))
    return _first_holding(parts.tokenizer, token_id, chain.from_iterable(texts))


def _is_fallback_byte(parts: TokenizerParts, token_id: int) -> bool:
    data = parts.token_bytes[token_id]
    return parts.byte_fallback and len(data) == 1 and parts.pieces[token_id] == f"<0x{data[0]:02X}>"


def _first_holding(tokenizer: Tokenizer, token_id: int, texts: Iterable[str]) -> str | None:
    iterator, size = iter(texts), 8  # most are found at once, a few only after thousands
    while batch := list(islice(iterator, size)):
        for text, encoded in zip(batch, tokenizer.encode_batch(batch, add_special_tokens=False), strict=True):
            if token_id in encoded.ids:
                return text
        size = _BATCH
    return None


@cache
def _neighbours() -> tuple[str, ...]:
    """The empty string, one character of each Unicode category, and the ASCII characters patterns name."""
    seen: dict[str, str] = {}
    for code in range(0x20, 0x3000):
        seen.setdefault(unicodedata.category(chr(code)), chr(code))
    return ("", *dict.fromkeys([*seen.values(), *_PATTERN_LETTERS, "\r", "\n", "\t", "\u4e2d", "\u3042", "\U0001f600"]))


def _completions(data: bytes, only_assigned: bool) -> Iterator[str]:
    """Texts made of the bytes and of characters that their first and last bytes are parts of."""
    stray = next((i for i, byte in enumerate(data) if not _continues(byte)), len(data))
    last_lead = max((i for i, byte in enumerate(data) if not _continues(byte)), default=len(data))
    cut = last_lead if is_utf8(data[stray:last_lead]) and not is_utf8(data[stray:]) else len(data)
    if not is_utf8(data[stray:cut]):
        return  # a character is broken off in the middle, which nothing beside the token can mend
    middle = data[stray:cut].decode()
    heads, tails = _ending_in(data[:stray], only_assigned), _beginning_with(data[cut:], only_assigned)
    for head in heads:
        for tail in tails:
            yield head + middle + tail


@lru_cache(maxsize=_KEPT)
def _ending_in(continuing: bytes, only_assigned: bool) -> Sequence[str]:
    """Characters whose last bytes are these; just the empty string if there are none."""
    if not continuing:
        return ("",)
    if len(continuing) > 3:
        return ""
    step = 1 << (6 * len(continuing))
    codes = np.arange(sum((byte & 0x3F) << (6 * i) for i, byte in enumerate(reversed(continuing))), _CODES, step)
    return _characters(codes, only_assigned, shortest_length=len(continuing) + 1)


@lru_cache(maxsize=_KEPT)
def _beginning_with(data: bytes, only_assigned: bool) -> Sequence[str]:
    """Characters whose first bytes are these; just the empty string if there are none."""
    if not data:
        return ("",)
    length = 2 if data[0] < 0xE0 else 3 if data[0] < 0xF0 else 4
    if len(data) >= length:
        return ""
    value = data[0] & (0xFF >> (length + 1))
    for byte in data[1:]:
        value = value << 6 | byte & 0x3F
    missing = 6 * (length - len(data))
    codes = np.arange(value << missing, min((value + 1) << missing, _CODES))
    return _characters(codes, only_assigned, shortest_length=length)


def _characters(codes: NDArray[np.int64], only_assigned: bool, shortest_length: int) -> str:
    """Characters of at least so many bytes, in the same mixed order each time, so that no script comes first."""
    codes = codes[codes >= _FIRST_CODE_OF_LENGTH[shortest_length]]
    codes = codes[(_usable_codes() if only_assigned else _codes_of_characters())[codes]]
    return "".join(map(chr, np.random.default_rng(0).permutation(codes)[:_MOST_COMPLETIONS].tolist()))


@cache
def _usable_codes() -> NDArray[np.bool_]:
    """For each code point, whether it is an assigned character of public use."""
    return np.array([unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs") for code in range(_CODES)])


@cache
def _codes_of_characters() -> NDArray[np.bool_]:
    """For each code point, whether UTF-8 can hold it; halves of surrogate pairs it cannot."""
    codes = np.arange(_CODES)
    return (codes < 0xD800) | (codes >= 0xE000)


def _continues(byte: int) -> bool:
    return 0x80 <= byte < 0xC0


@lru_cache(maxsize=1)
def _characters_with_byte(parts: TokenizerParts) -> dict[int, list[str]]:
    """For each byte, some characters that hold it and are no token themselves."""
    known = {piece for piece in parts.pieces if piece and len(piece) == 1}
    found: dict[int, list[str]] = {byte: [] for byte in range(0x100)}
    for character in map(chr, np.flatnonzero(_usable_codes()).tolist()):
        if character not in known:
            for byte in character.encode():
                if len(found[byte]) < _CHARACTERS_PER_BYTE:
                    found[byte].append(character)
    return found
