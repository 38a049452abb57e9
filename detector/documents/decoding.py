"""Bytes → characters, with a word of warning where the encoding is a guess."""

from detector.errors import InputError

_NOT_IN_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_LOOKED_AT = 65_536
"""First bytes by which an encoding is judged; even, so that pairs of bytes stay whole."""
_CONTROL_SHARE = 0.01
"""Most control characters of what is still taken for text."""


def decode(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Text of ``data`` exactly as it stands (line ends kept), and warnings.

    UTF-8 is taken strictly; a byte order mark names its own encoding; anything else is guessed and
    the guess is said. Raises ``InputError`` for what is not text.
    """
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            try:
                return data.decode(encoding), ()
            except UnicodeDecodeError:
                raise InputError(f"{name} begins with a {encoding} mark but does not decode as {encoding}.") from None
    if b"\x00" in data:
        return _utf16_without_mark(data, name)
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        return _guess(data, name, error)


def _utf16_without_mark(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Western text in UTF-16 has a NUL in nearly every second byte, and next to none in the others."""
    first, second = data[:_LOOKED_AT:2], data[1:_LOOKED_AT:2]
    for encoding, nul, letters in (("utf-16-le", second, first), ("utf-16-be", first, second)):
        if nul.count(0) <= len(nul) / 2 or letters.count(0) > len(letters) * _CONTROL_SHARE:
            continue
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            break
        if sum(map(_is_control, text[:_LOOKED_AT])) <= len(text[:_LOOKED_AT]) * _CONTROL_SHARE:
            return text, (
                f"{name} has no byte order mark; it was read as {encoding.upper()}, for every second byte is NUL.",
            )
    raise InputError(f"{name} holds NUL bytes, so it is binary data, not text.")


def _is_control(character: str) -> bool:
    return character < " " and character not in "\t\n\r\f"


def _guess(data: bytes, name: str, error: UnicodeDecodeError) -> tuple[str, tuple[str, ...]]:
    from charset_normalizer import from_bytes

    repaired = data.decode("utf-8", errors="replace")
    broken = repaired.count("\ufffd")
    sound = sum(character > "\x7f" for character in repaired) - broken
    if sound and (broken <= sound / 10 or error.start >= len(data) - 3):
        return repaired, (f"{name} is UTF-8 with {broken} damaged place(s), shown as \ufffd.",)
    control = sum(_is_control(chr(byte)) for byte in data[:_LOOKED_AT])
    best = None if control > len(data[:_LOOKED_AT]) * _CONTROL_SHARE else from_bytes(data).best()
    if best is None:
        raise InputError(
            f"{name} is not text in UTF-8 (byte {error.start} is 0x{data[error.start]:02x}) "
            "nor in any other encoding that could be recognised. Save it as UTF-8 and try again."
        )
    encoding = best.encoding
    # For mostly plain letters the Western code page is the likeliest of the many that look alike.
    if sum(byte > 127 for byte in data) < len(data) / 10 and not any(b in _NOT_IN_CP1252 for b in data):
        encoding = "cp1252"
    return data.decode(encoding), (
        f"{name} is not UTF-8 (byte {error.start}); it was read as {encoding}, which is a guess.",
    )
