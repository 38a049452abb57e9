"""What makes slightly changed copies of a text, and their scores."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from detector.models.language_model import LanguageModel
from detector.records.token_scores import PerturbedScores
from detector.scoring.engine import score_texts


class Perturber(Protocol):
    """Makes copies of a text in which a few short spans are replaced by others that fit."""

    def perturb(self, text: str, n: int, seed: int = 0) -> list[str]:
        """``n`` copies; the same for the same text, number and seed.

        Raises ``InputError`` for a text that is too short to change.
        """
        ...


def score_perturbed(
    language_model: LanguageModel, perturber: Perturber, texts: Sequence[str], n: int = 20, seed: int = 0
) -> Iterator[PerturbedScores]:
    """Scores of every text and of ``n`` perturbed copies of it, in input order."""
    for text in texts:
        original, *perturbed = score_texts(language_model, [text, *perturber.perturb(text, n, seed)])
        yield PerturbedScores(original, tuple(perturbed))
