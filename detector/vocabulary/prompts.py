"""Prompts that ask a model to give a token back, built of token ids.

Three forms, after Land and Bartolo, "Fishing for Magikarp" (2024), section 3.2, in words of our own:

    echo         a device gives back its input; several rounds, the last output is asked for
    explanation  what does ... mean? The answer begins with the phrase asked about
    repetition   the same again and again

A prompt is written once with an ordinary word in place of the token and encoded; then the word's id
is replaced, so that the token asked about is never encoded again. A token cut out of a character
stands between its neighbours wherever the word stood.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detector.errors import InputError
from detector.models.language_model import LanguageModel
from detector.vocabulary.in_context import TokenInContext

_SLOT = "\0"
_SHORTEST_WORD, _LONGEST_WORD = 3, 12
_MOST_WORDS_TRIED = 400


@dataclass(frozen=True)
class PromptForm:
    """A prompt in words; the token stands at every slot."""

    name: str
    text: str
    slots_read: int
    """How many of the last slots have their probability read; the last one ends the prompt."""


@dataclass(frozen=True)
class Prompt:
    """A prompt in ids: ``prefix``, then the token and the ids that follow it, for every slot but the last."""

    name: str
    prefix: tuple[int, ...]
    """Alike for every token."""
    after: tuple[tuple[int, ...], ...]
    """What stands after each slot but the last, which ends the prompt."""
    slots_read: int

    def suffix(self, token: TokenInContext) -> tuple[list[int], list[int]]:
        """Ids after the prefix, and the places in them of the token at the slots read.

        The last id is the token at the last slot, which no model needs to be given.

        >>> Prompt("echo", (1, 2), ((3,), (4,)), slots_read=2).suffix(TokenInContext(7, left=(6,)))
        ([6, 7, 3, 6, 7, 4, 6, 7], [4, 7])
        """
        ids: list[int] = []
        places = []
        for following in self.after:
            places.append(len(ids) + len(token.left))
            ids.extend((*token.ids, *following))
        places.append(len(ids) + len(token.left))
        ids.extend((*token.left, token.token_id))
        return ids, places[-self.slots_read :]


def echo_form(rounds: int) -> PromptForm:
    """``rounds`` whole rounds of input and output before the one that is asked for."""
    example = f"in:{_SLOT}\nout:{_SLOT}"
    return PromptForm(
        "echo", "This device gives back exactly what it is given.\n" + "\n".join([example] * (rounds + 1)), slots_read=1
    )


def explanation_form() -> PromptForm:
    """The phrase stands once before it is asked for."""
    text = (
        "Below, a patient teacher says what phrases mean.\n"
        "Question: What does the phrase \u201cborlet\u201d mean?\n"
        "Answer: \u201cborlet\u201d has no meaning of its own.\n"
        f"Question: What does the phrase \u201c{_SLOT}\u201d mean?\nAnswer: \u201c{_SLOT}"
    )
    return PromptForm("explanation", text, slots_read=1)


def repetition_form(repeats: int) -> PromptForm:
    """The token ``repeats`` times in a row before it is asked for."""
    return PromptForm("repetition", "The same word was said again and again:\n" + _SLOT * (repeats + 1), slots_read=4)


def build_prompt(language_model: LanguageModel, form: PromptForm) -> Prompt:
    """Encode a form. Raises ``InputError`` where no word of the vocabulary survives in all of its places."""
    found: list[tuple[tuple[int, ...], ...]] = []
    for word, word_id in _ordinary_words(language_model):
        ids = [int(i) for i in language_model.encoder.encode(form.text.replace(_SLOT, word))[0]]
        if ids.count(word_id) != form.text.count(_SLOT) or ids[-1] != word_id:
            continue
        pieces = tuple(_split(ids, word_id))
        if pieces in found:  # two words agree: nothing around the slots was merged with either
            begin = () if language_model.prefix_id is None else (language_model.prefix_id,)
            return Prompt(form.name, begin + pieces[0], pieces[1:], form.slots_read)
        found.append(pieces)
    raise InputError(
        f"The {form.name} prompt cannot be written with the tokenizer of {language_model.name}: no word was found "
        "that stays one token in all of its places. Its tokens cannot be verified by prompting."
    )


def check_lengths(prompts: Sequence[Prompt], language_model: LanguageModel, longest_context: int) -> None:
    """Raise ``InputError`` where a token with ``longest_context`` ids beside it does not fit into the window."""
    for prompt in prompts:
        unit = TokenInContext(0, left=(0,) * longest_context)
        needed = len(prompt.prefix) + len(prompt.suffix(unit)[0])
        if needed > language_model.window_tokens:
            raise InputError(
                f"The {prompt.name} prompt takes {needed} tokens and {language_model.name} reads "
                f"{language_model.window_tokens} at once. Ask for fewer rounds or repeats."
            )


def _ordinary_words(language_model: LanguageModel) -> Iterator[tuple[str, int]]:
    """Lower-case words that are one token without a space before them, the most frequent in the tokenizer first."""
    vocabulary = sorted(language_model.tokenizer.get_vocab().items(), key=lambda item: item[1])
    words = [
        (piece, i)
        for piece, i in vocabulary
        if _SHORTEST_WORD <= len(piece) <= _LONGEST_WORD and piece.isascii() and piece.isalpha() and piece.islower()
    ]
    yield from words[:_MOST_WORDS_TRIED]


def _split(ids: list[int], at: int) -> Iterator[tuple[int, ...]]:
    """Runs of ids between those equal to ``at``; the prompt's end has none after it."""
    run: list[int] = []
    for i in ids:
        if i == at:
            yield tuple(run)
            run = []
        else:
            run.append(i)
