"""A tokenizer taken apart: pieces, bytes, special ids, and two private copies to encode with.

Everything is read from the tokenizer's own description (what stands in ``tokenizer.json``), so that
nothing depends on how a library wraps it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from detector.errors import ModelError
from detector.vocabulary.token_bytes import byte_level_bytes, sentencepiece_bytes

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BYTE_LEVEL_BPE = "byte-level BPE"
BYTE_FALLBACK_BPE = "BPE with byte fallback"
PLAIN_BPE = "BPE"
UNIGRAM = "Unigram"


@dataclass(frozen=True, eq=False)
class TokenizerParts:
    """What the analysis needs to know of a tokenizer. Lists are indexed by token id."""

    kind: str
    """``byte-level BPE``, ``BPE with byte fallback``, ``BPE``, ``Unigram``, or the model type as the file calls it."""
    pieces: list[str | None]
    """Vocabulary strings as the file writes them; None where no token has the id."""
    token_bytes: list[bytes]
    """What a token stands for in a text, its leading space included; empty where no token has the id."""
    special_ids: frozenset[int]
    """Tokens that steer the model and never come from a text."""
    added_ids: frozenset[int]
    """Tokens that are matched in the text before anything else is done to it."""
    byte_fallback: bool
    merges: list[tuple[str, str]] | None
    """Pairs in order of rank, or None for a tokenizer without merges."""
    tokenizer: Tokenizer
    """Encodes whole texts, special tokens read as the plain text they are spelt with."""
    inner: Tokenizer
    """The same without the space that some tokenizers put before a text: what happens in mid-text."""

    def __len__(self) -> int:
        return len(self.pieces)


def take_apart(tokenizer: "PreTrainedTokenizerBase | Tokenizer") -> TokenizerParts:
    """Parts of a fast tokenizer. Raises ``ModelError`` for one that has no fast version."""
    if isinstance(tokenizer, Tokenizer):
        backend, declared = tokenizer, frozenset[int]()
    else:
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(
                f"{type(tokenizer).__name__} has no fast version, so its merges cannot be read. "
                "Save the tokenizer once as tokenizer.json and try again."
            )
        backend, declared = tokenizer.backend_tokenizer, frozenset(tokenizer.all_special_ids)
    description = json.loads(backend.to_str())
    model, added = description["model"], description["added_tokens"]
    kind = _kind(description)
    pieces = _pieces(model, added)
    added_contents = {token["id"]: token["content"] for token in added}
    byte_fallback = bool(model.get("byte_fallback"))
    return TokenizerParts(
        kind=kind,
        pieces=pieces,
        token_bytes=[
            added_contents[i].encode() if i in added_contents else _bytes_of(piece, kind, model, byte_fallback)
            for i, piece in enumerate(pieces)
        ],
        special_ids=declared | {token["id"] for token in added if token["special"]} | _unknown_id(model, pieces),
        added_ids=frozenset(added_contents),
        byte_fallback=byte_fallback,
        merges=[_pair(merge) for merge in model["merges"]] if model.get("merges") else None,
        tokenizer=_private_copy(description),
        inner=_private_copy(_without_prefix(description)),
    )


def _kind(description: dict[str, Any]) -> str:
    model_type = description["model"]["type"]
    if model_type != "BPE":
        return str(model_type)
    if any(part.get("type") == "ByteLevel" for part in _nested(description["pre_tokenizer"], description["decoder"])):
        return BYTE_LEVEL_BPE
    return BYTE_FALLBACK_BPE if description["model"].get("byte_fallback") else PLAIN_BPE


def _nested(*parts: Any) -> Iterator[dict[str, Any]]:
    """Every object within the given parts of a description."""
    for part in parts:
        if isinstance(part, dict):
            yield part
            yield from _nested(*part.values())
        elif isinstance(part, list):
            yield from _nested(*part)


def _pieces(model: dict[str, Any], added: list[dict[str, Any]]) -> list[str | None]:
    vocabulary = model["vocab"]
    by_id = (
        dict(enumerate(piece for piece, _ in vocabulary))  # Unigram: pairs of piece and log-probability
        if isinstance(vocabulary, list)
        else {i: piece for piece, i in vocabulary.items()}
    )
    by_id |= {token["id"]: token["content"] for token in added}
    return [by_id.get(i) for i in range(max(by_id, default=-1) + 1)]


def _bytes_of(piece: str | None, kind: str, model: dict[str, Any], byte_fallback: bool) -> bytes:
    if piece is None:
        return b""
    piece = piece.removeprefix(model.get("continuing_subword_prefix") or "")
    piece = piece.removesuffix(model.get("end_of_word_suffix") or "")
    return byte_level_bytes(piece) if kind == BYTE_LEVEL_BPE else sentencepiece_bytes(piece, byte_fallback)


def _unknown_id(model: dict[str, Any], pieces: list[str | None]) -> set[int]:
    if isinstance(model.get("unk_id"), int):  # Unigram
        return {model["unk_id"]}
    if model.get("unk_token") is None:
        return set()
    return {pieces.index(model["unk_token"])} if model.get("unk_token") in pieces else set()


def _pair(merge: str | list[str]) -> tuple[str, str]:
    """Older files write a merge as one string with a space, newer ones as two strings."""
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return left, right


def _without_prefix(description: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(description))
    for part in _nested(changed["pre_tokenizer"]):
        if part.get("type") == "Metaspace":
            part["prepend_scheme"] = "never"
        if part.get("type") in ("Metaspace", "ByteLevel") and "add_prefix_space" in part:
            part["add_prefix_space"] = False
    normalizer = changed["normalizer"] or {}
    if normalizer.get("type") == "Prepend":
        changed["normalizer"] = None
    elif normalizer.get("type") == "Sequence":
        normalizer["normalizers"] = [part for part in normalizer["normalizers"] if part.get("type") != "Prepend"]
    return changed


def _private_copy(description: dict[str, Any]) -> Tokenizer:
    """A tokenizer of our own that adds nothing, cuts nothing and reads special tokens as plain text."""
    copy = Tokenizer.from_str(json.dumps({**description, "post_processor": None, "padding": None, "truncation": None}))
    copy.encode_special_tokens = True
    return copy
