"""Why a text gets no verdict once a model has seen it, in sentences."""

import math
from collections.abc import Sequence

from detector.verdict.familiarity import MOST_UNFAMILIAR
from detector.verdict.intake import LEAST_TOKENS, LEAST_WORDS
from detector.verdict.judgement import KIND
from detector.verdict.plain_words import PLAIN_WORDS
from detector.verdict.rules import TOKENS_PER_WORD

_MOST_REASONS = 3


def too_short(n_tokens: int) -> str:
    """Why so few tokens get no verdict, and how many words are missing."""
    missing = math.ceil((LEAST_TOKENS - n_tokens) / TOKENS_PER_WORD)
    return (
        f"About {LEAST_WORDS} words are needed ({LEAST_TOKENS} tokens, and the text has {n_tokens}): "
        f"about {missing} more word{'' if missing == 1 else 's'}."
    )


def unknown_to_the_model(share: float) -> str:
    """Why a text gets no verdict of whose tokens so large a share are unfamiliar."""
    return (
        f"{share:.0%} of the tokens are pieces of characters or were never seen in training; above "
        f"{MOST_UNFAMILIAR:.0%} the model's numbers mean nothing. They stand for symbols, transcriptions or other "
        "alphabets: judge the text without them."
    )


def unlike_the_references(unlike: Sequence[str]) -> str:
    """Why a text gets no verdict that is, in these features or as a whole, unlike the references."""
    said = "The text is unlike any that the verdict was calibrated on, so no verdict is given. "
    outside = [name for name in unlike if name != KIND]
    if not outside:
        return said + (
            "By its style and subject it stands further from all of these than nearly all of them do from each other: "
            "what human texts of its kind look like was not measured."
        )
    shown = [f"{PLAIN_WORDS[name]} ({name.replace('_', ' ')})" for name in outside[:_MOST_REASONS]]
    if len(outside) > len(shown):
        shown.append(f"{len(outside) - len(shown)} more")
    listed = " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
    return said + f"Far outside what those texts show is {listed}."
