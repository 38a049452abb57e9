"""A text as the model sees it: token ids, each with the characters it covers."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError, ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LONGEST_WORD = 100_000
"""Characters without a space that are still tokenised; merging a longer run takes too long to be useful."""


def encode(
    tokenizer: "PreTrainedTokenizerBase", text: str
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Ids and spans (start, end), each int32 (n,), of a text taken literally.

    No special token is added, and one that is spelt out in the text is read as plain text. Spans
    are character offsets into ``text`` and follow each other without gaps: a character that the
    tokenizer drops or trims (a leading space, say) belongs to the token after it. The tokens that
    hold parts of one character all span the whole character.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError(
            "This model's tokenizer has no fast version, so characters cannot be matched to tokens. "
            "Save it once with a fast tokenizer (tokenizer.json) and try again."
        )
    if len(text) > LONGEST_WORD and max(map(len, text.split()), default=0) > LONGEST_WORD:
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
    encoded = tokenizer(
        text,
        add_special_tokens=False,
        return_offsets_mapping=True,
        return_attention_mask=False,
        split_special_tokens=True,
        verbose=False,
    )
    ids = np.array(encoded["input_ids"], dtype=np.int32)
    spans = np.array(encoded["offset_mapping"], dtype=np.int32).reshape(-1, 2)
    return ids, *_without_gaps(spans[:, 0], spans[:, 1])


def _without_gaps(starts: NDArray[np.int32], ends: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Move each start back to where everything before it ends."""
    ends = np.maximum.accumulate(ends)
    covered = np.concatenate([[0], ends[:-1]]).astype(np.int32)[: len(starts)]
    return np.minimum(starts, covered), ends
