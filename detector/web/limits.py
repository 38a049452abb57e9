"""How much the web app takes on at once."""

from dataclasses import dataclass

from detector.documents.reading_limits import ReadingLimits
from detector.errors import UsageError

_READING_PROCESSOR_SECONDS = 20
_READING_SECONDS = 40
"""Of reading one file: there are others who wait."""

_FLAGS = {
    "upload_megabytes": "--max-megabytes",
    "characters": "--max-characters",
    "waiting": "--max-waiting",
    "seconds": "--max-seconds",
    "kept_results": "--max-results",
    "kept_minutes": "--keep-minutes",
    "texts": "--max-texts",
}


@dataclass(frozen=True)
class Limits:
    """All above 0; raises ``UsageError`` otherwise."""

    upload_megabytes: float = 5.0
    """Of one request's body, a megabyte being 10**6 bytes."""
    characters: int = 400_000
    """Of one text."""
    waiting: int = 32
    """Requests in the queue, beside those being scored."""
    seconds: float = 600.0
    """Of scoring one text; a request of several may take so many times as long."""
    kept_results: int = 50
    """Results in memory; the oldest makes room for a new one."""
    kept_minutes: float = 30.0
    """Until a result is forgotten."""
    texts: int = 100
    """In one request."""

    def __post_init__(self) -> None:
        for name, flag in _FLAGS.items():
            if not getattr(self, name) > 0:
                raise UsageError(f"{flag} is {getattr(self, name)}; it must be above 0.")
        if self.kept_results <= self.waiting:
            raise UsageError(
                f"--max-results is {self.kept_results} and --max-waiting {self.waiting}; more results must be kept "
                "than may wait, or some would be gone before they are there."
            )

    @property
    def upload_bytes(self) -> int:
        """``upload_megabytes`` in bytes."""
        return round(self.upload_megabytes * 1e6)

    @property
    def reading(self) -> ReadingLimits:
        """What taking one file apart may cost."""
        return ReadingLimits(self.characters, _READING_PROCESSOR_SECONDS, _READING_SECONDS)
