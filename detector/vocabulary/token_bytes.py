"""What a vocabulary entry stands for: its bytes, and a way to show them."""

import re
import unicodedata
from functools import cache

IMPOSSIBLE_BYTES = frozenset({0xC0, 0xC1, *range(0xF5, 0x100)})
"""The 13 bytes that stand in no UTF-8 text (RFC 3629)."""

SPACE_MARK = "\u2581"
"""How SentencePiece writes a space in a piece."""

_BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")


@cache
def byte_of_symbol() -> dict[str, int]:
    """The byte each symbol of the GPT-2 alphabet stands for: printable bytes are themselves, the rest move up.

    >>> byte_of_symbol()["\u0120"]
    32
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(0x100) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + i): byte for i, byte in enumerate(moved)}


def byte_level_bytes(piece: str) -> bytes:
    r"""Bytes of a piece in the GPT-2 alphabet; one with other symbols was added as it stands.

    >>> byte_level_bytes("\u0120\u00e2")
    b' \xe2'
    """
    alphabet = byte_of_symbol()
    if all(symbol in alphabet for symbol in piece):
        return bytes(alphabet[symbol] for symbol in piece)
    return piece.encode()


def sentencepiece_bytes(piece: str, byte_fallback: bool) -> bytes:
    r"""Bytes of a SentencePiece piece: ``<0xNN>`` is one byte where there is byte fallback, U+2581 a space.

    >>> sentencepiece_bytes("<0xE2>", byte_fallback=True), sentencepiece_bytes("\u2581of", byte_fallback=True)
    (b'\xe2', b' of')
    """
    if byte_fallback and (match := _BYTE_PIECE.fullmatch(piece)):
        return bytes([int(match[1], 16)])
    return piece.replace(SPACE_MARK, " ").encode()


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are whole characters."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def visible(data: bytes) -> str:
    r"""The bytes as text in which every one can be seen.

    Bytes that are no whole character, and characters without a shape of their own, are written <NN>
    byte by byte; a space is U+2423.

    >>> visible(b" caf\xc3\xa9\n"), visible(b"\xa9 \xe2\x80")
    ('␣café<0A>', '<A9>␣<E2><80>')
    """
    return "".join(_shown(character) for character in data.decode(errors="surrogateescape"))


def _shown(character: str) -> str:
    if character == " ":
        return "\u2423"
    if "\udc80" <= character <= "\udcff":  # a byte that is part of no character
        return f"<{ord(character) - 0xDC00:02X}>"
    if unicodedata.category(character)[0] in "CZM":
        return "".join(f"<{byte:02X}>" for byte in character.encode())
    return character
