"""What stands in front of a text, so that its first token has a probability, and whether in every window.

The *prefix* is what the model saw in front of a text when it was trained: what its tokenizer itself puts there, else
the separator of documents in pretraining, else BOS, else EOS; never a token that opens a turn of a chat, after which a
model expects a turn and no document. A person may name another.

Some models have never read anything without their prefix and make nonsense of a window that begins in the middle of a
text (Gemma is one). Whether a model is of this kind is measured, on one passage: see ``PrefixNeed``.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from detector.errors import DetectorWarning, UsageError
from detector.models.encoding import TextEncoder
from detector.records.token_scores import FirstToken

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

AUTO, NONE = "auto", "none"
"""Values of ``--prefix`` that are no token."""

DOCUMENT_SEPARATORS = ("<|endoftext|>", "<|end_of_text|>")
"""What most byte-level models saw between two documents in pretraining."""
CHAT_ROLES = frozenset(
    {
        *("<|im_start|>", "<|im_end|>", "<|im_sep|>", "<start_of_turn>", "<end_of_turn>", "<|turn>", "<turn|>"),
        *("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>", "<|user|>", "<|assistant|>"),
        *("<|system|>", "<|end|>", "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|start|>", "<|return|>"),
        *("[INST]", "[/INST]"),
    }
)
"""Tokens that open or close a turn of a chat: after one of them a model expects a turn, and no document."""


@dataclass(frozen=True)
class Prefix:
    """The token in front of a text."""

    id: int | None
    token: str | None
    first_token: FirstToken
    reason: str
    """Why this one, as a clause."""


def choose_prefix(
    tokenizer: "PreTrainedTokenizerBase", encoder: TextEncoder, asked: str = AUTO, name: str = "this model"
) -> Prefix:
    """The prefix of a tokenizer, or what was ``asked`` for: ``none``, or a token as it is spelt.

    Raises ``UsageError`` where there is no such token.
    """
    if asked == NONE:
        return Prefix(None, None, "not_scored", "none was asked for")
    if asked != AUTO:
        if (found := encoder.id_of(asked)) is None:
            raise UsageError(
                f"{name} has no token {asked!r}. --prefix takes {AUTO}, {NONE}, or one of its tokens as it is spelt, "
                f"such as {', '.join(encoder.special_tokens()[:4]) or 'a word'}."
            )
        return Prefix(found, asked, _first_token(tokenizer, found, "after_chosen"), "it was asked for")
    added = [token for token in encoder.added_in_front if token not in CHAT_ROLES]
    if len(added) > 1:
        warnings.warn(
            f"The tokenizer of {name} puts {' '.join(added)} in front of a text, and the last of these is taken alone.",
            DetectorWarning,
            stacklevel=3,
        )
    candidates = [
        *((token, "the tokenizer puts it there") for token in added[-1:]),
        *((token, "it separated documents in pretraining") for token in DOCUMENT_SEPARATORS),
        (tokenizer.bos_token, "the tokenizer names it as BOS"),
        (tokenizer.eos_token, "the tokenizer names it as EOS, and no BOS"),
    ]
    for token, reason in candidates:
        if token and token not in CHAT_ROLES and (found := encoder.id_of(token)) is not None:
            return Prefix(found, token, _first_token(tokenizer, found, "after_separator"), reason)
    return Prefix(None, None, "not_scored", "the tokenizer has no token for it")


def _first_token(tokenizer: "PreTrainedTokenizerBase", token_id: int, otherwise: FirstToken) -> FirstToken:
    if token_id == tokenizer.bos_token_id:
        return "after_bos"
    return "after_eos" if token_id == tokenizer.eos_token_id else otherwise


_PASSAGE = (
    "The ferry left an hour late because the captain had lost his keys. Nobody on board seemed to mind very much. A "
    "woman near the window was peeling an orange, and the smell of it went round the cabin like a piece of news. Two "
    "boys counted gulls until they disagreed about whether a gull that comes back counts twice. By the time the island "
    "came into sight, the rain had stopped, and somebody had found the keys in the pocket of a coat that hung on the "
    "door of the engine room. The captain laughed and put the coat on."
)
_SKIPPED = 8
"""Tokens at its beginning: a window begins in the middle of a sentence."""
_MEASURED = 96
"""Tokens read, of which the second half is compared."""
_FEWEST = 16
_APART_NATS = 2.0
"""Models trained on pieces of running text differ by 0.01 to 0.3 nats, one that needs its prefix by 5."""


@dataclass(frozen=True)
class PrefixNeed:
    """What a model makes of a window in the middle of a text, with its prefix in front and without."""

    divergence_nats: float
    """Mean Kullback-Leibler divergence of its predictions without the prefix from those with it, nats a token."""
    gain_nats: float
    """How much likelier the passage is with it, nats a token."""
    entropy_fall_nats: float
    """How much surer the model is with it, nats a token."""

    @property
    def is_needed(self) -> bool:
        """Whether the prefix belongs in every window: without it the model says something else, and nothing better."""
        return self.divergence_nats >= _APART_NATS and max(self.gain_nats, self.entropy_fall_nats) > 0


def measure_need(
    logits_of: Callable[[Tensor], Tensor], encoder: TextEncoder, prefix_id: int, window_tokens: int
) -> PrefixNeed | None:
    """Read a passage with and without the prefix; None where the window is too short to tell.

    ``logits_of`` takes ids (1, length) and gives logits (1, length, V). Places in the second half of the window are
    compared: a model that can do without finds its feet before.
    """
    ids = torch.from_numpy(encoder.encode(_PASSAGE)[0]).long()[_SKIPPED:]
    ids = ids[: min(window_tokens - 1, _MEASURED)]
    if len(ids) < _FEWEST:
        return None
    half = len(ids) // 2
    with_prefix = torch.cat([torch.tensor([prefix_id]), ids])
    said = logits_of(with_prefix[None])[0, 1 + half : -1].float().log_softmax(-1)
    alone = logits_of(ids[None])[0, half:-1].float().log_softmax(-1)
    targets = ids[half + 1 :, None].to(said.device)
    weights = said.exp()
    return PrefixNeed(
        divergence_nats=float((weights * (said - alone)).sum(dim=1).mean()),
        gain_nats=float((said - alone).gather(1, targets).mean()),
        entropy_fall_nats=float(((weights * said).sum(dim=1) - (alone.exp() * alone).sum(dim=1)).mean()),
    )
