"""The fast version of a tokenizer compared with the slow one on every token of the vocabulary.

The fast version is ``tokenizer.json``. The slow one is what the older files beside it say, taken step by
step: ``vocab.json`` and ``merges.txt`` through ``bpe.py``, or ``tokenizer.model`` through the
sentencepiece library. Where there are no older files the merges of ``tokenizer.json`` itself are applied step by
step, which tests the library's fast path alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from detector.errors import ModelError
from detector.files import read_json
from detector.vocabulary.bpe import Merges
from detector.vocabulary.token_bytes import is_utf8
from detector.vocabulary.tokenizer_parts import TokenizerParts

Encoder = Callable[[str], list[int]]


@dataclass(frozen=True)
class Disagreement:
    """A token whose own text the two versions read differently."""

    token_id: int
    fast: tuple[int, ...]
    slow: tuple[int, ...]


@dataclass(frozen=True)
class VersionComparison:
    """Every token whose bytes are whole characters, encoded by both versions."""

    slow_version: str
    """What the slow version was made of; empty where there was none."""
    compared: int
    """Tokens."""
    disagreements: tuple[Disagreement, ...]
    not_compared: str | None = None
    """Why there was nothing to compare with, or None."""


def compare_versions(parts: TokenizerParts, folder: Path | None = None) -> VersionComparison:
    """Compare ``tokenizer.json`` with the older files in ``folder``, or with its own merges step by step.

    Raises ``ModelError`` where the older files are damaged.
    """
    name, slow = _slow_version(parts, folder)
    if slow is None:
        return VersionComparison("", 0, (), name)
    # A space that the tokenizer itself puts before a text is not written twice: versions differ on that on purpose.
    puts_space = parts.tokenizer.encode("a").ids != parts.inner.encode("a").ids
    texts = {
        token_id: data.decode().removeprefix(" ") if puts_space else data.decode()
        for token_id, data in enumerate(parts.token_bytes)
        if data and is_utf8(data) and token_id not in parts.added_ids and token_id not in parts.special_ids
    }
    fast = [encoded.ids for encoded in parts.tokenizer.encode_batch([*texts.values()], add_special_tokens=False)]
    found = [
        Disagreement(token_id, tuple(ids), tuple(slow(text)))
        for (token_id, text), ids in zip(texts.items(), fast, strict=True)
    ]
    return VersionComparison(name, len(texts), tuple(each for each in found if each.fast != each.slow))


def _slow_version(parts: TokenizerParts, folder: Path | None) -> tuple[str, Encoder | None]:
    """The slow encoder and its name, or None and the reason."""
    if folder is not None and (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        return "vocab.json and merges.txt, merged step by step", _step_by_step(parts, _merges_from_files(folder))
    if folder is not None and (folder / "tokenizer.model").is_file():
        try:
            from sentencepiece import SentencePieceProcessor
        except ImportError:
            return "tokenizer.model needs the sentencepiece library to be read: pip install sentencepiece", None
        try:
            processor = SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
        except (OSError, RuntimeError) as error:
            raise ModelError(f"{folder / 'tokenizer.model'} cannot be read: {error}") from error
        return "tokenizer.model, through sentencepiece", lambda text: list(processor.encode(text))
    merges = Merges.of(parts)
    if merges is None:
        return f"a tokenizer of the kind {parts.kind} without older files has no slow version", None
    return "the merges of tokenizer.json, step by step", _step_by_step(parts, merges)


def _step_by_step(parts: TokenizerParts, merges: Merges) -> Encoder:
    tokenizer = parts.tokenizer

    def encode(text: str) -> list[int]:
        text = tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer else text
        words = (
            [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)] if tokenizer.pre_tokenizer else [text]
        )
        return [token_id for word in words for token_id in merges.encode(word).ids]

    return encode


def _merges_from_files(folder: Path) -> Merges:
    try:
        id_of: dict[str, int] = read_json(folder / "vocab.json")
        lines = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")
        pairs = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
        merges = {(id_of[left], id_of[right]): (rank, id_of[left + right]) for rank, (left, right) in enumerate(pairs)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"vocab.json and merges.txt in {folder} do not fit together or are damaged ({error}). "
            "Copy or download the tokenizer again."
        ) from error
    return Merges(id_of, merges)
