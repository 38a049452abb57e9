"""DNA-GPT: how a text compares with other endings of its first half, drawn from the model.

Definition, with y the text's own ending and y_k the drawn ones, LL the mean ln p a token of an ending
behind the first half, and for the overlap in lower-cased words:
    dna_gpt         = LL(y) - mean_k LL(y_k)                     (over the y_k that are not empty)
    dna_gpt_overlap = mean_k sum_{n=3..25} n ln n  |shared n-grams of y_k and y| / (|y_k| |n-grams of y|)
shared n-grams counted as often as both hold them. A machine's ending resembles what the machine would
write again; against samples at temperature 1 its likelihood is theirs, and a person's is lower.
Source: Yang et al. 2024, "DNA-GPT", equations 4 and 5.
Under the same name elsewhere: the published demo weighs by the place of a key in a dictionary instead
of by n; IMGTB sums logits of the wrong positions. The paper's ratio sums over the endings; the authors'
notebook takes the mean a token, as here, so that an ending that the model ends early counts like a long one.
Fast-DetectGPT's comparison takes the mean over whole texts, in which the shorter ending weighs less.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detector.methods._registry import method
from detector.methods.likelihood import mean
from detector.records.token_scores import RegeneratedScores

_WORD = re.compile(r"\w+")


@method("dna_gpt", requires="regenerations")
@dataclass(frozen=True)
class DnaGpt:
    """By how much the text's ending is likelier than other endings."""

    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "nats a token"

    def __call__(self, scores: RegeneratedScores) -> float:
        """NaN where the text's ending has no tokens, or none of the others has."""
        own, *others = (
            text.log_prob_nats[text.end_char > scores.head_chars] for text in (scores.original, *scores.regenerated)
        )
        drawn = [mean(other) for other in others if len(other)]
        return float(mean(own) - np.mean(drawn)) if drawn else float("nan")


@method("dna_gpt_overlap", requires="regenerations")
@dataclass(frozen=True)
class DnaGptOverlap:
    """How many word n-grams the text's ending shares with the drawn ones."""

    shortest: int = 3
    longest: int = 25
    higher_is_machine: ClassVar[bool] = True
    unit: ClassVar[str] = "weighted share of n-grams"

    def __call__(self, scores: RegeneratedScores) -> float:
        """NaN where the ending has fewer than ``shortest`` words, or there are no others."""
        own = _words(scores.ending)
        if len(own) < self.shortest or not scores.endings:
            return float("nan")
        return float(np.mean([self.overlap(own, _words(ending)) for ending in scores.endings]))

    def overlap(self, own: list[str], other: list[str]) -> float:
        """The inner sum for one drawn ending."""
        total = 0.0
        for n in range(self.shortest, min(self.longest, len(own), len(other)) + 1):
            mine, theirs = _ngrams(own, n), _ngrams(other, n)
            shared = sum((mine & theirs).values())
            if not shared:  # no longer n-gram can be shared either
                break
            total += n * math.log(n) * shared / (len(other) * mine.total())
        return total


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _ngrams(words: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
