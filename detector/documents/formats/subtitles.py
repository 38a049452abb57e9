"""Subtitles (.srt, .vtt): what is said, one line after the other, without times and numbers."""

import html
import re

from detector.documents.decoding import decode
from detector.documents.formats.prose import PARAGRAPH

_TIME = re.compile(
    r"^[ \t]*((?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3})[ \t]*-->[ \t]*((?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3})[^\n]*$", re.MULTILINE
)
_TAG = re.compile(r"<[^<>\n]{0,200}>|\{\\[^{}\n]{0,200}\}")
_SOUND = re.compile(r"[\[(][^\[\]()\n]{1,80}[\])]|\u266a[^\n]*")
_PAUSE_SECONDS = 4.0
"""A longer silence parts paragraphs."""


def is_subtitles(text: str) -> bool:
    """Whether a text begins as files of subtitles do."""
    beginning = text.lstrip("\ufeff \t\r\n")[:200]
    return beginning.startswith("WEBVTT") or bool(re.match(r"\d{1,5}\s*\n\s*\d+:\d{2}:\d{2}[.,]\d{3}\s*-->", beginning))


def read(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """(text, warnings); raises ``InputError``."""
    source, doubts = decode(data, name)
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    times = list(_TIME.finditer(source))
    text, before, until, sounds = "", "", 0.0, 0
    for at, time in enumerate(times):
        end = times[at + 1].start() if at + 1 < len(times) else len(source)
        # the number, or name, of the next stands between a blank line and its time
        block = re.split(r"\n[ \t]*\n", source[time.end() : end].lstrip("\n"), maxsplit=1)[0]
        lines = []
        for line in block.split("\n"):
            line = html.unescape(_TAG.sub("", line)).strip()
            spoken = _SOUND.sub("", line).strip(" -\u2013")
            sounds += bool(line) and not spoken
            # captions that roll say each line twice
            if spoken and spoken != before:
                lines.append(spoken)
                before = spoken
        if lines:
            parting = "" if not text else PARAGRAPH if _seconds(time[1]) - until > _PAUSE_SECONDS else "\n"
            text += parting + "\n".join(lines)
            until = _seconds(time[2])
    warning = (
        "The text was taken from subtitles, which may be the words of several; times, numbers and "
        "sounds were left out, so places refer to the text as it was read."
    )
    return text, (*doubts, warning)


def _seconds(time: str) -> float:
    total = 0.0
    for part in time.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total
