"""How much may be spent on reading one document, whoever sent it."""

from dataclasses import dataclass

from detector.errors import TooLongError

MOST_CHARACTERS = 2_000_000
"""Of one document; a long novel has a million."""
MOST_CHARACTERS_OF_A_SAMPLE = 1 << 28
"""Of text that a model is trained on or a tokenizer looked at with, which is no document."""
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


def check_length(text: str, most_characters: int, name: str = "The text") -> None:
    """Raise ``TooLongError`` for a text that is longer."""
    if len(text) > most_characters:
        raise TooLongError(
            f"{name} has {len(text):,} characters and at most {most_characters:,} are judged at once: "
            "split it into chapters, or raise --max-chars."
        )
