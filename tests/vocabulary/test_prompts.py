"""Prompts in ids, and tokens between the neighbours that complete them."""

import pytest

from detector import LanguageModel
from detector.errors import InputError
from detector.training.tokenizer import train_tokenizer
from detector.vocabulary.in_context import TokenInContext, in_context, whole_characters
from detector.vocabulary.prompts import (
    Prompt,
    build_prompt,
    check_lengths,
    echo_form,
    explanation_form,
    repetition_form,
)
from detector.vocabulary.tokenizer_analysis import Category, analyse_tokenizer
from tests.vocabulary.models_made_here import CONTEXT, llama
from tests.vocabulary.tokenizers_made_here import byte_level

FORMS = [echo_form(2), explanation_form(), repetition_form(4)]
OCCURRENCES = [6, 2, 5]


@pytest.fixture(scope="module")
def tiny_long() -> LanguageModel:
    return llama()


@pytest.mark.parametrize(("form", "n"), list(zip(FORMS, OCCURRENCES, strict=True)), ids=[form.name for form in FORMS])
def test_a_prompt_holds_the_token_at_every_slot_and_ends_with_it(tiny_long: LanguageModel, form, n: int) -> None:
    prompt = build_prompt(tiny_long, form)
    ids, places = prompt.suffix(TokenInContext(399))
    assert ids.count(399) == n
    assert 399 not in prompt.prefix
    assert places[-1] == len(ids) - 1
    assert all(ids[place] == 399 for place in places)
    assert prompt.prefix[0] == tiny_long.prefix_id


@pytest.mark.parametrize("form", FORMS, ids=[form.name for form in FORMS])
def test_around_the_token_a_prompt_is_what_the_tokenizer_makes_of_its_words(tiny_long: LanguageModel, form) -> None:
    prompt = build_prompt(tiny_long, form)
    word = tiny_long.tokenizer.get_vocab()["oat"]
    ids = [*prompt.prefix[1:], *prompt.suffix(TokenInContext(word))[0]]
    assert ids == tiny_long.encoder.encode(form.text.replace("\0", "oat"))[0].tolist()


def test_neighbours_stand_wherever_the_token_does() -> None:
    prompt = Prompt("echo", prefix=(1,), after=((2,), (3, 4)), slots_read=2)
    ids, places = prompt.suffix(TokenInContext(9, left=(7,), right=(8,)))
    # left token right, what follows; the last time the token ends the prompt
    assert ids == [7, 9, 8, 2, 7, 9, 8, 3, 4, 7, 9]
    assert places == [5, 10]


def test_a_prompt_longer_than_the_window_is_refused_with_both_lengths(tiny_long: LanguageModel) -> None:
    prompt = build_prompt(tiny_long, echo_form(60))
    with pytest.raises(InputError, match=rf"takes \d+ tokens and tiny reads {CONTEXT} at once"):
        check_lengths([prompt], tiny_long, longest_context=0)


def test_neighbours_count_towards_the_length(tiny_long: LanguageModel) -> None:
    prompt = build_prompt(tiny_long, echo_form(1))
    room = CONTEXT - len(prompt.prefix) - len(prompt.suffix(TokenInContext(1))[0])
    check_lengths([prompt], tiny_long, longest_context=room // 4)  # four slots
    with pytest.raises(InputError, match="at once"):
        check_lengths([prompt], tiny_long, longest_context=room // 4 + 1)


def test_a_vocabulary_without_words_has_no_prompts(tiny_long: LanguageModel) -> None:
    class OnlyBytes:
        name, prefix_id, encoder = "bytes", None, tiny_long.encoder

        class tokenizer:  # noqa: N801
            @staticmethod
            def get_vocab() -> dict[str, int]:
                return {"a": 0, "b": 1}

    with pytest.raises(InputError, match="echo prompt cannot be written with the tokenizer of bytes"):
        build_prompt(OnlyBytes(), echo_form(1))  # type: ignore[arg-type]


def test_the_shortest_run_of_whole_characters() -> None:
    # e2 80 94 is one character, c3 a9 another
    pieces = [b"\xe2", b"\x80", b"\x94", b"\xc3\xa9", b"x"]
    assert whole_characters(pieces, [4, 0, 1, 2, 3], at=2) == (1, 4)
    assert whole_characters(pieces, [4, 0, 1, 2, 3], at=4) == (4, 5)
    assert whole_characters(pieces, [0, 1], at=0) == (0, 2)  # never whole: all there is


def test_a_part_of_a_character_stands_between_its_true_neighbours() -> None:
    analysis = analyse_tokenizer(
        train_tokenizer(["an em dash \u2014 and another \u2014 here " * 20], vocabulary_size=300)
    )
    parts = [i for i in analysis.ids(Category.PARTIAL_UTF8).tolist() if i in analysis.examples]
    assert parts
    for token_id in parts:
        token = in_context(analysis, token_id)
        whole = b"".join(analysis.token_bytes[i] for i in token.ids).decode()  # raises unless whole
        assert token_id in analysis.encode(analysis.examples[token_id])
        assert whole in analysis.examples[token_id]
        assert token.left or token.right


def test_whole_and_impossible_tokens_stand_alone() -> None:
    analysis = analyse_tokenizer(byte_level([("a", "b")]))
    whole = analysis.pieces.index("ab")
    impossible = analysis.token_bytes.index(b"\xff")
    assert in_context(analysis, whole) == TokenInContext(whole)
    assert in_context(analysis, impossible) == TokenInContext(impossible)
