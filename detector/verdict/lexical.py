"""What the choice of words says: a weight for every word and pair of neighbouring words.

score = intercept + sum of the weights of the distinct words and pairs in a text / sqrt(number of them),
higher = more machine-like. Weights are looked up by a hash of the words, so the file holds no words;
some share a weight by accident.

Letter case, digits, quotation marks, layout, and how dashes and contractions are set carry no weight:
in public data they tell the source and not the author.
"""

import hashlib
import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from detector.errors import CalibrationError

DEFAULT_LEXICAL = Path(__file__).parent / "default_lexical.safetensors"

_NUMBER, _DASH = "0", "-"
# A word may be detached from its clitic, as tokenised corpora have it: "ca n't", "it 's".
_TOKEN = re.compile(
    r"(?P<clitic>\s*n\s?'\s?t\b|\s*'\s?(?:s|re|ve|ll|d|m)\b)"
    r"|(?P<dash>\s*[\u2012-\u2015]\s*|\s*--+\s*|\s-\s)"
    r"|(?P<word>[^\W\d_]+?(?=n't\b)|[^\W\d_]+)"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
    r"|(?P<mark>[.,;:!?()])"
)


@dataclass(frozen=True)
class Word:
    """A word or mark as the weights know it, and where it stands."""

    key: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """Words, numbers and marks of a folded text, in order.

    >>> [word.key for word in words("She can't - in 1999, say.")]
    ['she', 'ca', "n't", '-', 'in', '0', ',', 'say', '.']
    """
    found = []
    for match in _TOKEN.finditer(_lowered(text)):
        kind = match.lastgroup
        key = match.group()
        if kind == "clitic":
            key = re.sub(r"\s", "", key)
        elif kind == "dash":
            key = _DASH
        elif kind == "number":
            key = _NUMBER
        found.append(Word(key, match.start(), match.end()))
    return found


def _lowered(text: str) -> str:
    """In small letters, each in the place of its capital; of the dotted capital I, which becomes two, the first."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(character.lower()[0] for character in text)


def ngrams(found: list[Word]) -> tuple[list[str], list[int]]:
    """The distinct words and pairs, each at its first place, and the index of the word they end with."""
    first: dict[str, int] = {}
    for i, word in enumerate(found):
        first.setdefault(word.key, i)
        if i:
            first.setdefault(f"{found[i - 1].key} {word.key}", i)
    return list(first), list(first.values())


def slots_of(keys: list[str], n_slots: int) -> NDArray[np.int64]:
    """Where the weights of words and pairs stand."""
    return np.array([zlib.crc32(key.encode()) % n_slots for key in keys], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class LexicalModel:
    """Weights of words, fitted on labelled texts that no classifier saw."""

    weights: NDArray[np.float32]
    """Shape (slots,)."""
    intercept: float

    @cached_property
    def fingerprint(self) -> str:
        """Of the weights and how words are read."""
        made_of = self.weights.astype("<f4").tobytes() + f"{self.intercept:.6f}{_TOKEN.pattern}".encode()
        return hashlib.sha256(made_of).hexdigest()[:16]

    def weigh(self, text: str) -> tuple[list[Word], NDArray[np.float64], float]:
        """Words of a folded text, the weights of each by itself and with the word before, and the norm.

        A word or pair that came before weighs nothing; the norm is what the sum is divided by.
        """
        found = words(text)
        keys, places = ngrams(found)
        weights = self.weights[slots_of(keys, len(self.weights))].astype(np.float64)
        summed = np.bincount(np.array(places, dtype=np.int64), weights=weights, minlength=len(found))
        return found, summed.astype(np.float64), float(max(1.0, np.sqrt(len(keys))))

    def score(self, text: str) -> float:
        """Higher = more machine-like; the intercept for a text without words."""
        _, weights, norm = self.weigh(text)
        return self.intercept + float(weights.sum()) / norm

    def save(self, path: Path) -> None:
        """Write as float16, which is what ``load`` gives back."""
        save_file(
            {"weights": self.weights.astype(np.float16)}, path, metadata={"intercept": repr(float(self.intercept))}
        )
        path.chmod(0o644)

    @classmethod
    def load(cls, path: Path = DEFAULT_LEXICAL) -> "LexicalModel":
        """Read what ``save`` wrote; raises ``CalibrationError`` for anything else."""
        try:
            with safe_open(path, framework="numpy") as file:
                weights = file.get_tensor("weights")
                intercept = float((file.metadata() or {})["intercept"])
        except FileNotFoundError as error:
            raise CalibrationError(f"The word weights {path} do not exist.") from error
        except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
            why = f"it has no {error}" if isinstance(error, KeyError) else error
            raise CalibrationError(f"{path} does not hold word weights: {why}.") from error
        if weights.dtype not in (np.float16, np.float32, np.float64):
            raise CalibrationError(f"{path} does not hold word weights: they are {weights.dtype}, and not float.")
        if weights.ndim != 1 or not len(weights) or not np.isfinite(weights).all():
            raise CalibrationError(f"{path} does not hold word weights: {weights.shape} numbers, not all finite.")
        if not np.isfinite(intercept):
            raise CalibrationError(f"{path} does not hold word weights: its intercept is {intercept}.")
        return cls(weights.astype(np.float32), intercept)
