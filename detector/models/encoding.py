"""A text as the model sees it: token ids, each with the characters it covers."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from detector.errors import InputError, ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LONGEST_WORD = 100_000
"""Characters without a space that are still tokenised; merging a longer run takes too long to be useful."""

PIECE_CHARACTERS = 100_000
"""About as much is given to the tokenizer at once where that changes nothing: what it hands back is a hundred times the
size of what is kept."""

_WORD = re.compile(r"\S+")
_BETWEEN_WORDS = re.compile(r"(?<=[A-Za-z])(?= [A-Za-z])")
_PROBE = "The boats' names: \u201cÉtoile\u201d, 1984 \U0001f6a2\n\tand <|endoftext|> <s> don't  x\u0301."


class TextEncoder:
    """Encodes texts literally, with the span of characters behind each token.

    No special token is added, and one that is spelt out in the text is read as plain text. Spans
    are character offsets into the text and follow each other without gaps: a character that the
    tokenizer drops belongs to the token after it, at the end to the last; a mark that it composes with
    its letter, or drops, to every token of that letter. The tokens that hold parts of one character all
    span the whole character.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(
                "This model's tokenizer has no fast version, so characters cannot be matched to tokens. "
                "Save it once with a fast tokenizer (tokenizer.json) and try again."
            )
        # A copy of our own: neither settings nor calls of others reach it.
        self._tokenizer = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        added = self._tokenizer.encode("a", add_special_tokens=True)
        before = added.special_tokens_mask.index(0) if 0 in added.special_tokens_mask else 0
        self.added_in_front = tuple(added.tokens[:before])
        """Tokens that the tokenizer, left to itself, puts in front of a text."""
        self._tokenizer.encode_special_tokens = True
        # It adds special tokens, which are not wanted, and trims spaces off the spans, which are.
        self._tokenizer.post_processor = None
        self._reads_words_alone = _reads_words_alone(self._tokenizer)

    def encode(self, text: str) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Ids, starts and ends, each int32 of shape (n,). Raises ``InputError`` for what no tokenizer reads."""
        if len(text) > LONGEST_WORD and any(word.end() - word.start() > LONGEST_WORD for word in _WORD.finditer(text)):
            raise InputError(
                f"The text holds a run of more than {LONGEST_WORD} characters without a space, "
                "which is not a text in words. Give it a text with words."
            )
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InputError(
                "The text holds half of a surrogate pair, which is no character. Decode it as UTF-8 again."
            ) from None
        pieces = [self._piece(text[start:end], start) for start, end in self._cuts(text)]
        ids, spans = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
        return ids, *_without_gaps(spans[:, 0], spans[:, 1], text)

    def _piece(self, piece: str, start: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Ids (n,) and spans (n, 2) in the text of a piece that begins at ``start``."""
        encoded = self._tokenizer.encode(piece, add_special_tokens=False)
        return np.array(encoded.ids, dtype=np.int32), np.array(encoded.offsets, dtype=np.int32).reshape(-1, 2) + start

    def _cuts(self, text: str) -> Iterator[tuple[int, int]]:
        """Places of the pieces, one after the other; the whole text where a cut might change its tokens."""
        start = 0
        while self._reads_words_alone and (cut := _BETWEEN_WORDS.search(text, start + PIECE_CHARACTERS)):
            yield start, cut.start()
            start = cut.start()
        yield start, len(text)

    def id_of(self, token: str) -> int | None:
        """The id of a token as it is spelt, or None where there is none."""
        found: int | None = self._tokenizer.token_to_id(token)
        return found

    def special_tokens(self) -> list[str]:
        """Tokens that never come from a text, in the order of their ids."""
        return [
            token.content for _, token in sorted(self._tokenizer.get_added_tokens_decoder().items()) if token.special
        ]

    def highest_id(self) -> int:
        """Largest id an encoded text can hold: special tokens added to the vocabulary never come from a text."""
        added = self._tokenizer.get_added_tokens_decoder()
        ids = [
            *self._tokenizer.get_vocab(with_added_tokens=False).values(),
            *(i for i in added if not added[i].special),
        ]
        return max(ids, default=-1)

    def fingerprint(self) -> str:
        """Hex digest of the vocabulary and of the ids of a probing text.

        Not of the tokenizer's own serialisation, which changes from one library version to the next.
        """
        vocabulary = sorted(self._tokenizer.get_vocab(with_added_tokens=True).items())
        ids = self.encode(_PROBE)[0].tolist()
        return hashlib.sha256(json.dumps([vocabulary, ids]).encode()).hexdigest()


def _reads_words_alone(tokenizer: Tokenizer) -> bool:
    """Whether a word and the space before it get the same tokens whatever stands around them.

    So it is where a text is parted at words before anything is merged, nothing is put in front of it or rewritten, and
    no token was added that may reach across a space.
    """
    settings = json.loads(tokenizer.to_str())
    if settings["normalizer"] is not None or any(not token["special"] for token in settings["added_tokens"]):
        return False
    parted = settings["pre_tokenizer"] or {}
    steps = parted.get("pretokenizers", [parted])
    if steps[-1].get("type") != "ByteLevel" or any(step.get("add_prefix_space") for step in steps):
        return False
    sample = "ab cd Ef gh"
    found = [span for _, span in tokenizer.pre_tokenizer.pre_tokenize_str(sample)]
    return found == [(0, 2), (2, 5), (5, 8), (8, 11)]


def _without_gaps(
    starts: NDArray[np.int32], ends: NDArray[np.int32], text: str
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Move each start back to where everything before it ends, and the last end to the end of the text."""
    ends = np.maximum.accumulate(ends)
    if not text.isascii():
        _take_in_marks(starts, ends, text)
    ends[-1:] = len(text)
    covered = np.concatenate([[0], ends[:-1]]).astype(np.int32)[: len(starts)]
    return np.minimum(starts, covered), ends


def _take_in_marks(starts: NDArray[np.int32], ends: NDArray[np.int32], text: str) -> None:
    """Move the ends of a letter's tokens over the marks behind it that no token covers; rising ends stay rising.

    The tokenizer gives a letter and its accent, composed to one character, the place of the letter alone.
    """
    for after in np.flatnonzero(starts[1:] > ends[:-1]) + 1:
        letter_end = mark_end = int(ends[after - 1])
        while mark_end < starts[after] and _is_attached(text[mark_end]):
            mark_end += 1
        if mark_end > letter_end > 0:
            first = int(np.searchsorted(ends[:after], letter_end))
            ends[first:after] = mark_end


def _is_attached(character: str) -> bool:
    """Whether it is written on the character before it: a mark, or a vowel or final consonant of Hangul."""
    return unicodedata.category(character).startswith("M") or "\u1160" <= character <= "\u11ff"
