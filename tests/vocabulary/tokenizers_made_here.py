"""Tiny tokenizers of the three kinds, small enough to know every token of."""

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from detector.vocabulary.token_bytes import byte_of_symbol

SPACE = "\u0120"  # how the GPT-2 alphabet writes a space
MARK = "\u2581"  # how SentencePiece does


def byte_level(merges: list[tuple[str, str]], pattern: str | None = None, extra: tuple[str, ...] = ()) -> Tokenizer:
    """All 256 bytes, then the products of the merges, then what has no merge, then one special token."""
    pieces = [*byte_of_symbol(), *(left + right for left, right in merges), *extra]
    tokenizer = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(dict.fromkeys(pieces))}, merges=merges))
    byte_level_part = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    tokenizer.pre_tokenizer = (
        pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), byte_level_part])
        if pattern
        else byte_level_part
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|end|>"])
    return tokenizer


def with_fallback() -> Tokenizer:
    """Like Llama 2: U+2581 for spaces and one put in front; bytes for what is unknown, ``a`` among both."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    pieces += [MARK, "a", "b", "c", "d", "ab", MARK + "a", MARK + "ab", "cd", "abcd"]
    merges = [("a", "b"), (MARK, "a"), (MARK, "ab"), ("c", "d")]
    tokenizer = Tokenizer(
        models.BPE(
            vocab={piece: i for i, piece in enumerate(pieces)},
            merges=merges,
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(MARK), normalizers.Replace(" ", MARK)])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    return tokenizer


def unigram() -> Tokenizer:
    """Like T5: a word boundary in front of every word; ``abc`` is dearer than its parts."""
    pieces = [("<unk>", 0.0), (MARK, -3.0), ("a", -2.0), ("b", -2.0), ("c", -2.0), ("ab", -2.5), ("abc", -9.0)]
    pieces += [(MARK + "ab", -2.6), ("x y", -1.0)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=MARK, prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement=MARK, prepend_scheme="always")
    return tokenizer


def with_added_token(tokenizer: Tokenizer, content: str) -> Tokenizer:
    """The tokenizer with a token that is matched in texts before anything else, and is not special."""
    tokenizer.add_tokens([AddedToken(content, normalized=False)])
    return tokenizer
