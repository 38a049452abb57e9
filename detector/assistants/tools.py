"""What an assistant may ask, each with the record that the command of the same purpose prints."""

import threading
from collections.abc import Callable
from typing import Any

from detector.errors import InputError
from detector.report.comparison_record import comparison_record
from detector.report.tokens.scores import to_record
from detector.scoring.engine import score_texts
from detector.verdict.detector import Detector

MOST_CHARACTERS = 400_000
"""Of one text."""
MOST_ALTERNATIVES = 20


class Tools:
    """One detector, loaded at the first question, and one question at a time.

    Every method raises ``InputError`` for a text or a number that it does not take, and what loading raises.
    """

    def __init__(self, load: Callable[[], Detector]) -> None:
        self._load = load
        self._detector: Detector | None = None
        self._one_at_a_time = threading.Lock()

    def warm_up(self) -> None:
        """Load the detector."""
        with self._one_at_a_time:
            self._ready()

    def detect_text(self, text: str, id: str = "text") -> dict[str, Any]:
        """The record of ``detect --json``."""
        with self._one_at_a_time:
            return self._ready().detect(_checked(text), id=id).to_dict()

    def score_tokens(self, text: str, top: int = 0) -> dict[str, Any]:
        """The record of ``detect score --json``, with ``top`` alternatives a token."""
        if not 0 <= top <= MOST_ALTERNATIVES:
            raise InputError(f"top is {top}; it must be from 0 to {MOST_ALTERNATIVES}.")
        if not _checked(text).strip():
            raise InputError("There is no text to score; give one.")
        with self._one_at_a_time:
            language_model = self._ready().language_model
            (scores,) = score_texts(language_model, [text], top_k=top)
            return to_record(scores, text, language_model)

    def compare_texts(self, first: str, second: str) -> dict[str, Any]:
        """The record of both, and every statistic side by side."""
        with self._one_at_a_time:
            texts = [_checked(first), _checked(second)]
            results = self._ready().detect_many(texts)
            return comparison_record(*results)

    def _ready(self) -> Detector:
        if self._detector is None:
            self._detector = self._load()
        return self._detector


def _checked(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"The text has {len(text):,} characters and at most {MOST_CHARACTERS:,} are taken; give a part of it."
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"Character {error.start + 1} is half of a pair, so this is no valid Unicode text.") from None
    return text
