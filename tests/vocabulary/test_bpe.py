import random
from itertools import pairwise

import numpy as np
import pytest

from detector.errors import InputError, ModelError
from detector.vocabulary.bpe import Merges, Trace
from detector.vocabulary.merge_residue import count_residue, estimated_standing, expected_standing, load_counts
from detector.vocabulary.tokenizer_parts import take_apart
from tests.conftest import TRAINING_TEXT, tiny_tokenizer
from tests.vocabulary import tokenizers_made_here as made


def slow_encode(word, merges):
    """The definition, word for word: look at every pair each time."""
    symbols = list(word)
    while True:
        pairs = [(merges[p], i) for i, p in enumerate(pairwise(symbols)) if p in merges]
        if not pairs:
            return symbols
        _, i = min(pairs)
        symbols[i : i + 2] = [symbols[i] + symbols[i + 1]]


def random_merges(seed):
    rng = random.Random(seed)
    pieces, merges = list("abc"), []
    while len(merges) < 12:
        pair = (rng.choice(pieces), rng.choice(pieces))
        if pair not in merges and len("".join(pair)) < 7 and "".join(pair) not in pieces:
            merges.append(pair)
            pieces.append("".join(pair))
    rng.shuffle(merges)  # a merge may come before those that make its parts
    return merges


@pytest.mark.parametrize("seed", range(6))
def test_encoding_agrees_with_the_definition_and_the_library(seed):
    pairs = random_merges(seed)
    tokenizer = made.byte_level(pairs)
    merges = Merges.of(take_apart(tokenizer))
    ranks = {pair: rank for rank, pair in enumerate(pairs)}
    piece_of = {i: piece for piece, i in merges.id_of.items()}
    rng = random.Random(seed)
    for _ in range(60):
        word = "".join(rng.choices("abc", k=rng.randint(1, 24)))
        ids = merges.encode(word).ids
        assert [piece_of[i] for i in ids] == slow_encode(word, ranks)
        assert list(ids) == tokenizer.encode(word).ids
        assert [i for part in merges.cut(word) for i in merges.encode(part).ids] == list(ids)


def test_byte_fallback_and_unknown_characters_agree_with_the_library():
    parts = take_apart(made.with_fallback())
    merges = Merges.of(parts)
    for text in ("\u2581abcd", "\u2581abe\u00e9ab", "ccdd\u9f8d"):
        assert list(merges.encode(text).ids) == [token.id for token in parts.tokenizer.model.tokenize(text)]


def test_a_trace_tells_what_was_made_on_the_way():
    # a b c: (b, c) makes bc, (a, bc) makes abc; bc was made and did not stay.
    merges = Merges({"a": 0, "b": 1, "c": 2, "bc": 3, "abc": 4}, {(1, 2): (0, 3), (0, 3): (1, 4)})
    assert merges.encode("abc") == Trace(ids=(4,), produced=(0, 1, 2, 3, 4))
    assert merges.encode("") == Trace((), ())


def test_words_taken_whole_have_no_merges():
    merges = Merges({"a": 0, "b": 1, "ab": 2}, {}, takes_known_words_whole=True)
    assert merges.encode("ab") == Trace((2,), (2,))


def test_a_long_run_does_not_take_its_square():
    merges = Merges({"a": 0, "aa": 1}, {(0, 0): (0, 1)})
    assert merges.encode("a" * 50_001).ids == (1,) * 25_000 + (0,)


def test_what_stands_is_what_the_library_counts():
    tokenizer = tiny_tokenizer()
    parts = take_apart(tokenizer)
    texts = [TRAINING_TEXT, "Boats  and\n\nropes: 1984, caf\u00e9 \U0001f6a2.", ""]
    found = count_residue(parts, texts)
    expected = np.zeros(len(parts), dtype=int)
    for text in texts:
        np.add.at(expected, tokenizer(text, add_special_tokens=False)["input_ids"], 1)
    assert found.standing.tolist() == expected.tolist()
    assert (found.produced >= found.standing).all()


def test_residue_by_hand():
    # "abc abc ab": abc twice on the way over ab, which stands once, in the last word.
    parts = take_apart(made.byte_level([("a", "b"), ("ab", "c")]))
    found = count_residue(parts, ["abc", "abc", "ab"])
    at = {piece: i for i, piece in enumerate(parts.pieces)}
    assert (found.produced[at["ab"]], found.standing[at["ab"]]) == (3, 1)
    assert (found.produced[at["abc"]], found.standing[at["abc"]]) == (2, 2)
    assert (found.produced[at["a"]], found.standing[at["a"]]) == (3, 0)


def test_added_tokens_are_counted_whole():
    parts = take_apart(made.with_added_token(made.byte_level([("a", "b")]), "bab"))
    found = count_residue(parts, ["abab"])
    assert found.standing[parts.pieces.index("bab")] == 1
    assert found.standing.sum() == 2


def test_expectation_from_merges_alone():
    # ranks 0, 1, 2: ab 1, bc 1/2, abc 1/3 made of ab and c. ab keeps 1 - 1/3; abc and bc keep all.
    parts = take_apart(made.byte_level([("a", "b"), ("b", "c"), ("ab", "c")]))
    expected = expected_standing(parts)
    at = {piece: i for i, piece in enumerate(parts.pieces)}
    assert [expected[at[piece]] for piece in ("ab", "bc", "abc")] == pytest.approx([2 / 3, 1 / 2, 1 / 3])
    assert np.isnan(expected[at["a"]])


def test_a_swallowed_token_keeps_a_thousandth():
    parts = take_apart(made.byte_level([("a", "b"), ("ab", "c"), ("ab", "d"), ("ab", "e"), ("ab", "f")]))
    expected = expected_standing(parts)  # 1 - 1/2 - 1/3 - 1/4 - 1/5 < 0
    assert expected[parts.pieces.index("ab")] == pytest.approx(1e-3)


def test_a_sample_outweighs_the_expectation():
    expected = np.array([np.nan, 0.5, 0.25, 0.25])
    estimate = estimated_standing(np.array([7, 0, 0, 10]), expected)
    assert np.isnan(estimate[0])
    assert estimate[1:].tolist() == [5.0, 2.5, 12.5]  # ten tokens seen, ten more expected
    nothing_seen = estimated_standing(np.zeros(4, dtype=int), expected)
    assert nothing_seen[1] > nothing_seen[2] > 0


def test_a_tokenizer_without_merges_is_refused_in_a_sentence():
    parts = take_apart(made.unigram())
    assert Merges.of(parts) is None
    assert expected_standing(parts) is None
    with pytest.raises(InputError, match="Unigram and has no merges"):
        count_residue(parts, ["ab"])


@pytest.mark.parametrize("content", ["{}", "[1, 2]", "[1, 2, -3]", "no", '["a", 1, 2]', "[[1], [2], [3]]"])
def test_counts_that_do_not_fit_are_refused(tmp_path, content):
    (tmp_path / "token_counts.json").write_text(content)
    with pytest.raises(ModelError, match=r"token_counts\.json"):
        load_counts(tmp_path, 3)


def test_counts_are_read(tmp_path):
    assert load_counts(tmp_path, 3) is None
    (tmp_path / "token_counts.json").write_text("[1, 0, 5]")
    assert load_counts(tmp_path, 3).tolist() == [1, 0, 5]
