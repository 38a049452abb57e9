"""How much may be spent on reading one document, whoever sent it."""

from dataclasses import dataclass

from detector.errors import TooLongError

MOST_CHARACTERS = 2_000_000
"""Of one document; a long novel has a million."""
BYTES_A_CHARACTER = 40
"""A file may have so many for each character that is allowed: pictures and markup stand beside a text."""


@dataclass(frozen=True)
class ReadingLimits:
    """What one document may take; more is an ``InputError`` that names the limit."""

    characters: int = MOST_CHARACTERS
    """Of its text."""
    processor_seconds: int = 60
    """Of the process that takes it apart, where the system counts them (Linux, macOS)."""
    seconds: int = 120
    """On the clock, everywhere."""
    memory_bytes: int = 1 << 29
    """Beside four times the file itself, where the system counts it (Linux, macOS)."""

    @property
    def file_bytes(self) -> int:
        """Most bytes of a file that is opened at all."""
        return BYTES_A_CHARACTER * self.characters


def check_length(text: str, most_characters: int) -> None:
    """Raise ``TooLongError`` for a text that is longer."""
    if len(text) > most_characters:
        raise TooLongError(
            f"The text has {len(text):,} characters and at most {most_characters:,} are judged at once: "
            "split it into chapters, or raise --max-chars."
        )
