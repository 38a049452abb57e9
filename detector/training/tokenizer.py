"""The byte-level BPE tokenizer: no normalisation, digits singly, any string round-trips."""

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from detector.training.corpus import GENRE_SHARES, CorpusDocument

VOCABULARY_SIZE = 16_384
DOCUMENT_BOUNDARY = "<|endoftext|>"

# Contractions, words, single digits, punctuation, whitespace; a leading space belongs to its word.
_SPLIT_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def mixture_sample(documents: Iterable[CorpusDocument], characters: int, seed: int) -> Iterator[str]:
    """Training texts whose genres stand in the proportions of ``GENRE_SHARES``."""
    by_genre: dict[str, list[str]] = {}
    for document in documents:
        if document.split == "train":
            by_genre.setdefault(document.genre, []).append(document.text)
    rng = random.Random(seed)
    total_share = sum(GENRE_SHARES.get(genre, 0.02) for genre in by_genre)
    for genre, texts in sorted(by_genre.items()):
        rng.shuffle(texts)
        budget = characters * GENRE_SHARES.get(genre, 0.02) / total_share
        for text in texts:
            if budget <= 0:
                break
            budget -= len(text)
            yield text


def train_tokenizer(texts: Iterable[str], vocabulary_size: int = VOCABULARY_SIZE) -> Tokenizer:
    """Learn merges from texts. Every byte is in the alphabet, so there is no unknown token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=[DOCUMENT_BOUNDARY],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path, context_length: int) -> None:
    """Write the files that ``AutoTokenizer`` reads: tokenizer.json and tokenizer_config.json."""
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=DOCUMENT_BOUNDARY,
        eos_token=DOCUMENT_BOUNDARY,
        pad_token=DOCUMENT_BOUNDARY,
        model_max_length=context_length,
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)
