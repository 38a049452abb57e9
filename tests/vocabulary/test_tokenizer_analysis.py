import os
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from detector.errors import ModelError
from detector.vocabulary.tokenizer_analysis import Category, analyse_tokenizer
from tests.vocabulary import tokenizers_made_here as made


def category_of(analysis, piece):
    return analysis.categories[analysis.pieces.index(piece)]


def example_of(analysis, piece):
    return analysis.examples.get(analysis.pieces.index(piece))


def test_byte_level_bpe_by_hand():
    # "abc" needs (ab, c), but (b, c) comes first: the word abc is a + bc. "zz" has no merge at all.
    merges = [("b", "c"), ("a", "b"), ("ab", "c"), (made.SPACE, "a"), ("\u00e2", "\u0122")]
    analysis = analyse_tokenizer(made.byte_level(merges, extra=("zz",)))
    assert analysis.kind == "byte-level BPE"
    assert len(analysis) == 256 + 5 + 1 + 1
    assert category_of(analysis, "ab") is Category.OK
    assert category_of(analysis, "abc") is Category.UNREACHABLE
    assert category_of(analysis, "zz") is Category.UNREACHABLE
    assert analysis.reasons[analysis.pieces.index("abc")] == "the merges never produce it"
    assert category_of(analysis, "<|end|>") is Category.SPECIAL
    assert category_of(analysis, made.SPACE + "a") is Category.OK
    # 128 lone bytes and one merge of E2 and 80
    assert analysis.counts()[Category.PARTIAL_UTF8] == 129
    assert len(analysis.impossible_ids()) == 13
    assert analysis.counts()[Category.OK] == 128 + 3


def test_no_word_holds_what_is_called_unreachable():
    """The theorem behind the exact decision, against every word of six letters."""
    from itertools import product

    merges = [("b", "c"), ("a", "b"), ("ab", "c"), ("c", "a"), ("bc", "a"), ("a", "a"), ("aa", "b")]
    tokenizer = made.byte_level(merges)
    analysis = analyse_tokenizer(tokenizer)
    seen = {i for word in product("abc", repeat=6) for i in tokenizer.encode("".join(word)).ids}
    for piece in (left + right for left, right in merges):
        token_id = analysis.pieces.index(piece)
        assert (token_id in seen) == (analysis.categories[token_id] is Category.OK), piece
    assert category_of(analysis, "aab") is Category.UNREACHABLE
    assert category_of(analysis, "bca") is Category.OK


def test_every_partial_token_comes_with_a_text_that_holds_it():
    merges = [("\u00e2", "\u0122"), (made.SPACE, "\u00e2"), ("\u0122", "\u013c")]
    analysis = analyse_tokenizer(made.byte_level(merges))
    partial = analysis.ids(Category.PARTIAL_UTF8)
    impossible = set(analysis.impossible_ids().tolist())
    for token_id in partial.tolist():
        if token_id in impossible:
            assert token_id not in analysis.examples
        else:
            assert token_id in analysis.encode(analysis.examples[token_id])


def test_unreachable_alone_is_shown_with_neighbours():
    # Spaces are parted, unless a line ends behind them. "a1" is always cut.
    merges = [(made.SPACE, made.SPACE), ("a", "1")]
    analysis = analyse_tokenizer(made.byte_level(merges, pattern=r"\s+(?=\n)|\s|\p{L}+|\d+|\S"))
    two_spaces = made.SPACE * 2
    assert category_of(analysis, two_spaces) is Category.UNREACHABLE_ALONE
    text = example_of(analysis, two_spaces)
    assert analysis.pieces.index(two_spaces) in analysis.encode(text)
    assert text != "  "
    assert category_of(analysis, "a1") is Category.UNREACHABLE
    assert "divided" in analysis.reasons[analysis.pieces.index("a1")]


def test_sentencepiece_with_byte_fallback():
    analysis = analyse_tokenizer(made.with_fallback())
    assert analysis.kind == "BPE with byte fallback"
    assert [analysis.categories[i] for i in range(3)] == [Category.SPECIAL] * 3
    assert category_of(analysis, "<0x61>") is Category.DUPLICATE  # the letter a has a token of its own
    assert analysis.duplicate_of[analysis.pieces.index("<0x61>")] == analysis.pieces.index("a")
    assert category_of(analysis, "<0x65>") is Category.OK  # the letter e has none
    assert category_of(analysis, "<0xE2>") is Category.PARTIAL_UTF8
    assert analysis.pieces.index("<0xE2>") in analysis.encode(example_of(analysis, "<0xE2>"))
    assert example_of(analysis, "<0xFF>") is None
    assert category_of(analysis, "ab") is Category.OK  # in mid-text, where no space is put in front
    assert category_of(analysis, made.MARK + "ab") is Category.OK
    assert category_of(analysis, made.MARK + "a") is Category.OK
    assert category_of(analysis, "abcd") is Category.UNREACHABLE  # no merge makes it
    assert analysis.token_bytes[analysis.pieces.index(made.MARK + "ab")] == b" ab"


def test_unigram():
    analysis = analyse_tokenizer(made.unigram())
    assert analysis.kind == "Unigram"
    assert analysis.categories[0] is Category.SPECIAL  # <unk>
    assert category_of(analysis, "ab") is Category.OK
    assert category_of(analysis, made.MARK + "ab") is Category.OK
    assert category_of(analysis, "abc") is Category.UNREACHABLE  # -9 < -2.5 - 2
    assert category_of(analysis, "x y") is Category.UNREACHABLE  # words are parted at spaces


def test_an_added_token_shadows_what_it_covers():
    merges = [("a", "b"), ("ab", "c")]
    analysis = analyse_tokenizer(made.with_added_token(made.byte_level(merges), "abc"))
    assert analysis.counts()[Category.OK] == 128 + 2
    added = analyse_tokenizer(made.with_added_token(made.byte_level([("a", "b")]), "b"))
    assert category_of(added, "ab") is Category.UNREACHABLE
    assert "divided" in added.reasons[added.pieces.index("ab")]


def test_holes_in_the_numbering_are_unassigned():
    tokenizer = Tokenizer(models.BPE(vocab={"a": 0, "b": 3}, merges=[]))
    analysis = analyse_tokenizer(tokenizer)
    assert list(analysis.categories) == [Category.OK, Category.UNASSIGNED, Category.UNASSIGNED, Category.OK]


def test_special_tokens_of_the_wrapper_count():
    backend = made.byte_level([("a", "b")])
    wrapped = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="ab", clean_up_tokenization_spaces=False)
    assert category_of(analyse_tokenizer(wrapped), "ab") is Category.SPECIAL


def test_the_tokenizer_given_is_left_as_it_was():
    tokenizer = made.byte_level([("a", "b")])
    before = tokenizer.to_str()
    analyse_tokenizer(tokenizer)
    assert tokenizer.to_str() == before
    assert tokenizer.encode("<|end|>").ids == [257]


def test_a_tokenizer_without_a_fast_version_is_refused():
    class Slow:
        is_fast = False

    with pytest.raises(ModelError, match="Slow has no fast version"):
        analyse_tokenizer(Slow())


@pytest.mark.skipif("GPT2_TOKENIZER" not in os.environ, reason="GPT2_TOKENIZER names a folder with GPT-2's two files")
def test_gpt2():
    """Counts taken from an independent implementation of BPE."""
    folder = Path(os.environ["GPT2_TOKENIZER"])
    tokenizer = Tokenizer(models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt")))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    analysis = analyse_tokenizer(tokenizer)
    counts = {category: count for category, count in analysis.counts().items() if count}
    assert counts == {Category.OK: 49_912, Category.SPECIAL: 1, Category.PARTIAL_UTF8: 344}
    assert sum(len(analysis.token_bytes[i]) == 1 for i in analysis.ids(Category.PARTIAL_UTF8)) == 128
    assert analysis.impossible_ids().tolist() == [124, 125, *range(177, 188)]
