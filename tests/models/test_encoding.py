"""Spans of tokens whose tokenizer changes the text first: an accent belongs to its letter."""

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from detector.models.encoding import TextEncoder

TEXT = "caf\u00e9 noir caf\u00e9s na\u00efve \u00e9t\u00e9 boats "


def encoder(*steps, pre_tokenizer=None):
    backend = Tokenizer(models.BPE())
    backend.normalizer = normalizers.Sequence(list(steps))
    backend.pre_tokenizer = pre_tokenizer or pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator([TEXT * 20], trainer)
    return TextEncoder(PreTrainedTokenizerFast(tokenizer_object=backend))


def pieces(found, text):
    """The distinct stretches of text that tokens span, in order."""
    _, starts, ends = found.encode(text)
    return list(dict.fromkeys(text[a:b] for a, b in zip(starts, ends, strict=True)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cafe\u0301 noir", ["cafe\u0301", " noir"]),
        ("e\u0301te\u0301", ["e\u0301", "te\u0301"]),
        ("cafe\u0301", ["cafe\u0301"]),
        # composed to one letter that is cut into bytes: each of its tokens spans the whole of it
        ("a\u0323\u0302 b", ["a\u0323\u0302", " ", "b"]),
        # the second accent stays a character of its own
        ("e\u0301\u0301 b", ["e\u0301", "\u0301", " ", "b"]),
        # Hangul of three letters is composed to one syllable
        ("\u1100\u1161\u11a8 b", ["\u1100\u1161\u11a8", " ", "b"]),
        # nothing to compose: a mark with tokens of its own keeps them
        ("x\u0301 noir", ["x", "\u0301", " noir"]),
        ("caf\u00e9 noir", ["caf\u00e9", " noir"]),
    ],
)
@pytest.mark.parametrize("form", [normalizers.NFC, normalizers.NFKC])
def test_a_composed_accent_belongs_to_its_letter(form, text, expected):
    assert pieces(encoder(form()), text) == expected


def test_an_accent_that_is_dropped_belongs_to_its_letter_too():
    dropping = encoder(normalizers.NFD(), normalizers.StripAccents())
    assert pieces(dropping, "cafe\u0301 boats")[-1] == " boats"


def test_what_is_no_mark_belongs_to_the_token_after_it():
    words = encoder(normalizers.NFC(), pre_tokenizer=pre_tokenizers.WhitespaceSplit())
    assert pieces(words, "cafe\u0301 boats")[-1].startswith(" ")
    assert pieces(words, "  \u0301cafe\u0301")[0].startswith("  ")


@pytest.mark.parametrize("text", ["\u0301a", "\u0301", "a \u0301 b", "e\u0301" * 50, "\u1161\u1100\u1161\u1161"])
def test_spans_leave_no_gap(text):
    for found in (encoder(normalizers.NFC()), encoder(normalizers.NFD(), normalizers.StripAccents())):
        ids, starts, ends = found.encode(text)
        if len(ids):
            assert (starts[0], ends[-1]) == (0, len(text))
            assert (starts[1:] <= ends[:-1]).all()
            assert (starts[:-1] <= starts[1:]).all()
            assert (ends[:-1] <= ends[1:]).all()
            assert (starts < ends).all()
