"""Which keys a watermark may have."""

from detector.errors import UsageError

HIGHEST_KEY = 2**63 - 1
"""What the 64-bit whole numbers that tokens are hashed in can hold."""


def check_key(key: int, name: str) -> None:
    """Raise ``UsageError`` for a key outside 1 to ``HIGHEST_KEY``; ``name`` begins the sentence."""
    if not 1 <= key <= HIGHEST_KEY:
        raise UsageError(f"{name} is {key}; it must be a whole number from 1 to {HIGHEST_KEY}.")
