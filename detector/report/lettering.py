"""Names and prompts that fit where they are shown: shortened, and escaped where a picture's font lacks a character."""

from collections.abc import Sequence


def escaped(text: str) -> list[str]:
    r"""One piece a character: itself if the font of the pictures has it, else its escape such as ``\u4e2d``.

    >>> "".join(escaped("caf\u00e9\n\u4e2d"))
    'café\\n\\u4e2d'
    """
    from matplotlib.font_manager import FontProperties, findfont, get_font

    known = get_font(findfont(FontProperties())).get_charmap()
    return [
        character
        if character.isprintable() and ord(character) in known
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    ]


def printable(text: str) -> str:
    """The text with one mark for every character that could steer a terminal or part a line."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def shortened(pieces: Sequence[str], longest: int) -> str:
    """At most ``longest`` characters of ``pieces``, with the middle left out: both ends tell names apart.

    >>> shortened("a_very_long_name.txt", 11)
    'a_ver…e.txt'
    """
    if sum(map(len, pieces)) <= longest:
        return "".join(pieces)
    tail = _last(pieces, (longest - 1) // 2)
    head = _last([piece[::-1] for piece in pieces[::-1]], longest - 1 - len(tail))[::-1]
    return f"{head}\u2026{tail}"


def shortened_to_end(pieces: Sequence[str], longest: int) -> str:
    """At most ``longest`` characters of the end of ``pieces``.

    >>> shortened_to_end("and what comes next", 10)
    '…omes next'
    """
    if sum(map(len, pieces)) <= longest:
        return "".join(pieces)
    return "\u2026" + _last(pieces, longest - 1)


def _last(pieces: Sequence[str], room: int) -> str:
    """As many whole pieces of the end as ``room`` characters hold."""
    kept: list[str] = []
    for piece in reversed(pieces):
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(reversed(kept))
