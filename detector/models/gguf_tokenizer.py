"""The tokenizer in a GGUF file, as the model was trained with it, and what stands in front of a text.

A GGUF file names the way its byte-level tokenizer cuts a text into words (``tokenizer.ggml.pre``) and leaves the rule
to the reader. transformers takes GPT-2's rule for every one of them, which gives a model that reads digits one by one
numbers it has never seen; so byte-level tokenizers are built here, by the rules that their makers published.
Tokenizers of other kinds (SentencePiece) have no such rule and are left to transformers.
"""

import warnings
from typing import TYPE_CHECKING, Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from detector.errors import DetectorWarning, ModelError
from detector.models.gguf_file import GgufFile
from detector.models.prefix import CHAT_ROLES, DOCUMENT_SEPARATORS

if TYPE_CHECKING:
    from tokenizers.pre_tokenizers import PreTokenizer
    from transformers import PreTrainedTokenizerBase

_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN2 = _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_TEKKEN = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_GPT4O = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_CONTRACTION}|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_CONTRACTION}"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_WORD_RULES: dict[str, str] = {
    **dict.fromkeys(("llama3", "llama-v3", "llama-bpe", "falcon3", "dbrx", "smaug-bpe"), _LLAMA3),
    **dict.fromkeys(("qwen2", "deepseek-r1-qwen", "stablelm2"), _QWEN2),
    "tekken": _TEKKEN,
    "gpt-4o": _GPT4O,
}
"""``tokenizer.ggml.pre`` → the expression that cuts a text into words, as in the original ``tokenizer.json``."""
_LIKE_GPT2 = frozenset({"gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jais"})
_DIGITS_ONE_BY_ONE = frozenset({"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"})
_WHOLE_WORDS_FIRST = frozenset({"llama3", "llama-v3", "llama-bpe", "falcon3", "tekken"})
"""A word that is a token is taken whole, whatever the merges would make of it."""
_BEGIN_WITH_BOS = _WHOLE_WORDS_FIRST
"""Where the file does not say whether BOS is put in front, these do."""

_CONTROL, _USER_DEFINED = 3, 4


def read_tokenizer(file: GgufFile) -> "PreTrainedTokenizerBase":
    """The tokenizer, which puts in front of a text what belongs there, its ``bos_token``, or nothing.

    Raises ``ModelError`` where the file holds none, or one that cannot be read.
    """
    kind = file.metadata.get("tokenizer.ggml.model")
    if not _tokens(file) or kind in (None, "none", "no_vocab"):
        raise ModelError(
            f"{file.path} holds no tokenizer, and a text cannot be scored without one. Take a GGUF file that was "
            "converted with its vocabulary, or the original model folder."
        )
    tokenizer = _byte_level(file) if kind == "gpt2" else _by_transformers(file)
    tokenizer.bos_token = prefix = prefix_token(file)
    tokenizer.backend_tokenizer.post_processor = None
    if prefix is not None:
        number = tokenizer.backend_tokenizer.token_to_id(prefix)
        tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
            single=[f"{prefix}:0", "$A:0"], special_tokens=[(prefix, number)]
        )
    if tokenizer.eos_token in CHAT_ROLES:  # the end of a turn is no end of a text
        tokenizer.eos_token = prefix
    return tokenizer


def prefix_token(file: GgufFile) -> str | None:
    """What belongs in front of a text: BOS if the file says so, else the separator of documents, else BOS if any.

    Never a token that opens a turn of a chat, even where the file names it as BOS.
    """
    tokens = _tokens(file)
    bos_id = file.metadata.get("tokenizer.ggml.bos_token_id")
    bos = tokens[bos_id] if isinstance(bos_id, int) and bos_id < len(tokens) else None
    if bos in CHAT_ROLES:
        bos = None
    is_added = file.metadata.get("tokenizer.ggml.add_bos_token")
    if is_added is None:
        is_added = file.metadata.get("tokenizer.ggml.model") == "llama" or _word_rule_name(file) in _BEGIN_WITH_BOS
    if bos is not None and is_added:
        return bos
    return next((separator for separator in DOCUMENT_SEPARATORS if separator in tokens), bos)


def _tokens(file: GgufFile) -> list[str]:
    return list(file.metadata.get("tokenizer.ggml.tokens", ()))


def _word_rule_name(file: GgufFile) -> str:
    return str(file.metadata.get("tokenizer.ggml.pre", "default"))


def _byte_level(file: GgufFile) -> "PreTrainedTokenizerBase":
    from transformers import PreTrainedTokenizerFast

    tokens, rule = _tokens(file), _word_rule_name(file)
    # A merge is two tokens with a space between; a token holds no space, which is written as another character.
    merges = [tuple(merge.split(" ", 1)) for merge in file.metadata.get("tokenizer.ggml.merges", ())]
    try:
        model = models.BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=merges)
    except Exception as error:  # the library raises its own base class, such as for a merge of tokens that are none
        raise ModelError(f"The tokenizer in {file.path} does not fit together: {error}.") from error
    model.ignore_merges = rule in _WHOLE_WORDS_FIRST
    backend = Tokenizer(model)
    if rule == "qwen2":
        backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = _word_rule(rule, file)
    backend.decoder = decoders.ByteLevel()
    kinds = file.metadata.get("tokenizer.ggml.token_type", ())
    for token, kind in zip(tokens, kinds, strict=False):
        if kind == _CONTROL:
            backend.add_special_tokens([AddedToken(token, special=True, normalized=False)])
        elif kind == _USER_DEFINED:
            backend.add_tokens([AddedToken(token, special=False, normalized=False)])
    eos_id = file.metadata.get("tokenizer.ggml.eos_token_id")
    eos = tokens[eos_id] if isinstance(eos_id, int) and eos_id < len(tokens) else None
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token=eos, clean_up_tokenization_spaces=False)


def _word_rule(name: str, file: GgufFile) -> "PreTokenizer":
    if name in _DIGITS_ONE_BY_ONE:
        digits = pre_tokenizers.Digits(individual_digits=True)
        return pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    if expression := _WORD_RULES.get(name):
        words = pre_tokenizers.Split(Regex(expression), behavior="isolated")
        return pre_tokenizers.Sequence([words, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    if name not in _LIKE_GPT2:
        warnings.warn(
            f"{file.path} cuts texts into words by the rule {name!r}, which is not known here. GPT-2's rule is taken: "
            "tokens, and so scores, may differ from the original model's. Prefer the original model folder.",
            DetectorWarning,
            stacklevel=2,
        )
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def _by_transformers(file: GgufFile) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(
            str(file.path.parent), gguf_file=file.path.name, trust_remote_code=False, local_files_only=True
        )
    except Exception as error:  # a dozen unrelated types; each means that it cannot be read
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"The tokenizer in {file.path} ({file.metadata['tokenizer.ggml.model']}) cannot be read: {reason} "
            "Take the original model folder."
        ) from error
    return tokenizer
