"""Every token of a vocabulary put into one category, by how a text can hold it.

A token is taken as it stands in mid-text: its bytes with their leading space, without the space that
some tokenizers put before a text. Categories, in the order in which they are tried:

    unassigned         no token has the id
    special            steers the model and never comes from a text
    partial_utf8       its bytes are not whole characters, so that it can only stand beside other tokens
    ok                 its own text encodes to it and to nothing else
    duplicate          its own text encodes to another token with the same bytes
    unreachable_alone  its own text encodes to other tokens, yet between some neighbours it stands
    unreachable        it stands in no text (see ``reachability.py`` for how far this is proved)

The categories follow those of Land and Bartolo, "Fishing for Magikarp" (2024), which test a token
alone; there the last three are one.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from detector.vocabulary.reachability import has_impossible_byte, never_chosen, text_around, text_completing
from detector.vocabulary.token_bytes import is_utf8, visible
from detector.vocabulary.tokenizer_parts import TokenizerParts, take_apart

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Category(StrEnum):
    """What a text can do with a token."""

    OK = "ok"
    SPECIAL = "special"
    PARTIAL_UTF8 = "partial_utf8"
    DUPLICATE = "duplicate"
    UNREACHABLE_ALONE = "unreachable_alone"
    UNREACHABLE = "unreachable"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True, eq=False)
class TokenizerAnalysis:
    """Sequences are indexed by token id, from 0 to the highest id the tokenizer knows."""

    kind: str
    """Such as ``byte-level BPE``; see ``TokenizerParts.kind``."""
    categories: tuple[Category, ...]
    pieces: tuple[str, ...]
    """Vocabulary strings as the file writes them; empty where no token has the id."""
    token_bytes: tuple[bytes, ...]
    """What each token stands for in a text, its leading space included."""
    display: tuple[str, ...]
    """The bytes made visible."""
    examples: dict[int, str]
    """A text that holds the token, for those that do not stand alone and can be reached."""
    reasons: dict[int, str]
    """Why a token is in a category other than ok."""
    duplicate_of: dict[int, int]
    tokenizer: Tokenizer
    """A copy of our own that adds nothing and reads special tokens as plain text."""

    def __len__(self) -> int:
        return len(self.categories)

    def ids(self, *categories: Category) -> NDArray[np.int32]:
        """Ids of the given categories, ascending. Shape (n_ids,)."""
        return np.array([i for i, category in enumerate(self.categories) if category in categories], dtype=np.int32)

    def counts(self) -> dict[Category, int]:
        """Tokens of each category, those without any included."""
        found = Counter(self.categories)
        return {category: found[category] for category in Category}

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, with nothing added."""
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def impossible_ids(self) -> NDArray[np.int32]:
        """Tokens with a byte that stands in no UTF-8 text; no training text can have held them. Shape (n_ids,)."""
        listed = [i for i, data in enumerate(self.token_bytes) if self.is_ordinary(i) and has_impossible_byte(data)]
        return np.array(listed, dtype=np.int32)

    def is_ordinary(self, token_id: int) -> bool:
        """Whether there is such a token and it is not special."""
        return self.categories[token_id] not in (Category.SPECIAL, Category.UNASSIGNED)


def analyse_tokenizer(tokenizer: "PreTrainedTokenizerBase | Tokenizer") -> TokenizerAnalysis:
    """Put every token into its category. Raises ``ModelError`` for a tokenizer without a fast version."""
    return analyse_parts(take_apart(tokenizer))


def analyse_parts(parts: TokenizerParts) -> TokenizerAnalysis:
    """Put every token of a tokenizer taken apart into its category."""
    categories: list[Category] = []
    examples: dict[int, str] = {}
    reasons: dict[int, str] = {}
    duplicate_of: dict[int, int] = {}
    for token_id, alone in enumerate(_encoded_alone(parts)):
        category, reason, example = _categorise(parts, token_id, alone)
        categories.append(category)
        if reason:
            reasons[token_id] = reason
        if example is not None:
            examples[token_id] = example
        if category is Category.DUPLICATE:
            duplicate_of[token_id] = alone[0]
    return TokenizerAnalysis(
        kind=parts.kind,
        categories=tuple(categories),
        pieces=tuple(piece or "" for piece in parts.pieces),
        token_bytes=tuple(parts.token_bytes),
        display=tuple(
            parts.pieces[i] or "" if i in parts.special_ids else visible(data)
            for i, data in enumerate(parts.token_bytes)
        ),
        examples=examples,
        reasons=reasons,
        duplicate_of=duplicate_of,
        tokenizer=parts.tokenizer,
    )


def _encoded_alone(parts: TokenizerParts) -> Iterator[list[int]]:
    """Ids of each token's own text in mid-text; empty where the bytes are no text."""
    texts = [data.decode() if is_utf8(data) else "" for data in parts.token_bytes]
    for token_id, encoded in enumerate(parts.inner.encode_batch(texts, add_special_tokens=False)):
        ids: list[int] = encoded.ids
        if ids != [token_id] and texts[token_id].startswith(" "):
            # A tokenizer may strip a text's own first space and put its own there.
            first = parts.tokenizer.encode(texts[token_id][1:], add_special_tokens=False).ids
            ids = first if first == [token_id] else ids
        yield ids


def _categorise(parts: TokenizerParts, token_id: int, alone: list[int]) -> tuple[Category, str, str | None]:
    """Category, reason and, where it matters, a text that holds the token."""
    data = parts.token_bytes[token_id]
    if parts.pieces[token_id] is None:
        return Category.UNASSIGNED, "no token has this id", None
    if token_id in parts.special_ids:
        return Category.SPECIAL, "steers the model and never comes from a text", None
    if not is_utf8(data):
        return Category.PARTIAL_UTF8, *_partial(parts, token_id)
    if alone == [token_id]:
        return Category.OK, "", None
    if len(alone) == 1 and parts.token_bytes[alone[0]] == data:
        return Category.DUPLICATE, f"the same text as token {alone[0]}, which is always taken", None
    if never_chosen(parts, token_id):
        return Category.UNREACHABLE, _never(parts), None
    if (example := text_around(parts, token_id)) is not None:
        return Category.UNREACHABLE_ALONE, "alone it is divided, between some neighbours it stands", example
    return Category.UNREACHABLE, "it is divided or normalised away whatever stands beside it", None


def _never(parts: TokenizerParts) -> str:
    return "the merges never produce it" if parts.merges is not None else "its parts are always likelier"


def _partial(parts: TokenizerParts, token_id: int) -> tuple[str, str | None]:
    if has_impossible_byte(parts.token_bytes[token_id]):
        return "it holds a byte that stands in no UTF-8 text", None
    if never_chosen(parts, token_id):
        return f"a part of a character, and {_never(parts)}", None
    example = text_completing(parts, token_id)
    reason = "a part of a character, which its neighbours complete"
    return (reason if example else "a part of a character, and no text was found that holds it"), example
