"""Which language a text is in, and which passages of an English one are in another.

English shows by its function words at no cost. What does not show so is asked of lingua, which tells 75 languages by
their sequences of letters, offline; a language outside of those is taken for the nearest, so that a text is English
only if its function words do not speak against it. It takes about a second and 60 MB, once and when it is needed.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from detector.documents.suitability import words_of

# The commonest function words of English: about two words in five of any prose, whatever its
# subject; texts in other languages share a handful with it by accident.
_FUNCTION_WORDS = frozenset(
    """
    the of and to a in that is was it for on with as he be at by i this had not are but from or have
    an they which one you were all her she there would their we him been has when who will no more
    if out so up said what its about than into them can only other time new some could these two may
    first then do any like my now over such our man me even most made after also did many your
    because how very just should those where too between before through while being
    """.split()  # noqa: SIM905 - a list of a hundred lines is no easier to read
)
_ENGLISH_ALONE = frozenset(
    """
    the of and to that with for this are from have which you they their there been would who it not but what when
    about could these because through should your
    """.split()  # noqa: SIM905
)
"""Those that few other languages write alike."""
_TELLING = _ENGLISH_ALONE - {"of", "for"}
"""Those that tell a single sentence: Dutch and Danish have the others."""
_LONGER = frozenset(word for word in _FUNCTION_WORDS if len(word) > 2)
"""Those that are no syllable of other languages."""
CLEAR_SHARE = 0.12
"""Share of such words that settles it: prose in English has 0.15 to 0.4, in other languages at most 0.06."""
LEAST_SHARE = 0.08
"""Least share of function words of what lingua takes for English."""
_MAYBE_SHARE = 0.06
"""Of words that English alone has, where lingua is in doubt."""
_IN_DOUBT = 0.5
_SURE = 0.9
_RULED_OUT = 0.01
"""Confidence in English below which a passage is in another language, whichever."""
_NORWEGIAN = ("BOKMAL", "NYNORSK")

_PASSAGE_WORDS = 20
"""Fewest words of a passage that is told from the text around it; a quotation of a line or two stays."""
_PASSAGE_LETTERS = 60
"""The same for scripts that do not part words."""
_ENGLISH_SENTENCE = 0.2
"""Share of longer function words from which a sentence passes for English by itself."""
_STRAY_SHARE = 0.03
"""Most words that English alone has in a passage that has none but by accident."""
_LETTERS_SHARE, _CAPITALS_SHARE, _COMMAS_A_WORD = 0.8, 0.5, 0.25
"""Least letters, most capitals and commas of prose in any language; else it is a list of names, or of codes."""
_LOOKED_AT = 1000
"""Characters that tell a language."""

_SENTENCE = re.compile(
    r"[^\n]+?(?:[.!?\u2026\u3002\uff01\uff1f\u0964]+[\"'\u201d\u2019)\]]*(?=\s|$|[\u3000-\uffef])|\n|$)"
)
_AFRICAN_LETTER = re.compile("[\u0250-\u02af]")
"""Letters of the phonetic alphabet, in the spelling of many languages of Africa and of none that lingua knows."""
_AFRICAN_SHARE = 0.01


@dataclass(frozen=True)
class Language:
    """What is known of the language of a text."""

    code: str
    """ISO 639-1, or ``und`` where it is not told."""
    nearest: str = ""
    """English name of the most alike of the languages that are told apart, if any."""

    @property
    def is_english(self) -> bool:
        """Whether it is what the verdict is calibrated on."""
        return self.code == "en"


ENGLISH = Language("en", "English")
UNDETERMINED = Language("und")


class _Told(NamedTuple):
    """The most alike of the languages that lingua knows, how sure it is, and how sure of English, 0 to 1."""

    language: Language
    confidence: float
    english: float


@dataclass(frozen=True)
class Passage:
    """A place in a text whose language is not English."""

    start: int
    end: int
    language: Language


def language_of(text: str) -> Language:
    """The language of most of a text.

    >>> language_of("The old man walked to the harbour, and the boats were gone.").code
    'en'
    >>> language_of("Der alte Mann ging zum Hafen, und die Boote waren fort. Er blieb lange dort stehen.")
    Language(code='de', nearest='German')
    """
    words = [word.lower() for word in words_of(text)]
    if not words:
        return UNDETERMINED
    own = _share(words, _ENGLISH_ALONE)
    if own >= CLEAR_SHARE:
        return ENGLISH
    told = _told_apart(text)
    if told is None:
        return UNDETERMINED
    if told.language.is_english:
        return ENGLISH if _share(words, _FUNCTION_WORDS) >= LEAST_SHARE else UNDETERMINED
    if told.confidence < _IN_DOUBT:
        return ENGLISH if own >= _MAYBE_SHARE else UNDETERMINED
    return told.language


def foreign_passages(text: str) -> list[Passage]:
    """Passages of an English text in another language, in order; each is of whole sentences, ``_PASSAGE_WORDS`` long.

    Only runs of sentences without signs of English are looked into, so that most texts cost no more than their words.
    """
    sentences = _sentences(text)
    found: list[Passage] = []
    for first, last in _runs_without_english(text, sentences):
        told = _told_apart(text[sentences[first].start : sentences[last].end])
        if told is None or told.language.is_english or (told.confidence < _SURE and told.english > _RULED_OUT):
            continue
        language = told.language if told.confidence >= _SURE else UNDETERMINED
        # a sentence beside them may share words with English by accident
        while first > 0 and _is_in(text, sentences[first - 1], language):
            first -= 1
        while last + 1 < len(sentences) and _is_in(text, sentences[last + 1], language):
            last += 1
        start, end = sentences[first].start, sentences[last].end
        if found and start <= found[-1].end and found[-1].language == language:
            start = found.pop().start
        found.append(Passage(start, end, language))
    return found


class _Sentence(NamedTuple):
    """A sentence, or a line without one, and its words in small letters."""

    start: int
    end: int
    words: list[str]


def _sentences(text: str) -> list[_Sentence]:
    found = []
    for match in _SENTENCE.finditer(text):
        piece = match.group()
        if stripped := piece.strip():
            start = match.start() + len(piece) - len(piece.lstrip())
            words = [word.lower() for word in words_of(stripped)]
            found.append(_Sentence(start, start + len(stripped), words))
    return found


def _runs_without_english(text: str, sentences: Sequence[_Sentence]) -> list[tuple[int, int]]:
    """First and last of the sentences in a row that show no sign of English, where they are long enough to be told."""
    runs: list[list[int]] = []
    is_open = False
    for at, sentence in enumerate(sentences):
        # what has no word, such as a number, belongs to whatever is around it
        if sentence.words and _shows_english(sentence.words):
            is_open = False
        elif is_open:
            runs[-1][1] = at
        elif sentence.words:
            runs.append([at, at])
            is_open = True
    return [
        (first, last)
        for first, last in runs
        if _is_long(passage := text[sentences[first].start : sentences[last].end]) and _may_be_foreign(passage)
    ]


def _is_in(text: str, sentence: _Sentence, language: Language) -> bool:
    told = _told_apart(text[sentence.start : sentence.end])
    return told is not None and told.language == language and told.confidence >= _IN_DOUBT


def _shows_english(words: Sequence[str]) -> bool:
    return _share(words, _TELLING) >= _MAYBE_SHARE or _share(words, _LONGER) >= _ENGLISH_SENTENCE


def _may_be_foreign(passage: str) -> bool:
    """Prose, and no list of names or figures, whose language cannot be told."""
    words = words_of(passage)
    written = [word.lower() for word in words]
    marks = sum(not character.isspace() for character in passage)
    letters = sum(unicodedata.category(character)[0] in "LM" for character in passage)
    return (
        _share(written, _ENGLISH_ALONE) < _STRAY_SHARE
        and _share(written, _LONGER) < _ENGLISH_SENTENCE
        and letters >= _LETTERS_SHARE * marks
        and sum(word[0].isupper() for word in words) <= _CAPITALS_SHARE * len(words)
        and passage.count(",") <= _COMMAS_A_WORD * len(passage.split())
    )


def _is_long(passage: str) -> bool:
    if len(passage.split()) >= _PASSAGE_WORDS:
        return True
    return sum(character > "\u2e7f" and character.isalpha() for character in passage) >= _PASSAGE_LETTERS


def _share(words: Sequence[str], of: frozenset[str]) -> float:
    return sum(word in of for word in words) / len(words) if words else 0.0


def _told_apart(text: str) -> _Told | None:
    """What lingua makes of the beginning of a text; None where it knows nothing like it."""
    looked_at = text[:_LOOKED_AT].encode(errors="replace").decode()  # halves of surrogate pairs it refuses
    confidences = _lingua().compute_language_confidence_values(looked_at)
    if not confidences or not confidences[0].value:
        return None
    english = next((found.value for found in confidences if found.language.name == "ENGLISH"), 0.0)
    letters = sum(map(str.isalpha, looked_at))
    if len(_AFRICAN_LETTER.findall(looked_at)) > _AFRICAN_SHARE * letters:
        return _Told(UNDETERMINED, 1 - english, english)
    best = confidences[0]
    name = "Norwegian" if best.language.name in _NORWEGIAN else best.language.name.title()
    return _Told(Language(best.language.iso_code_639_1.name.lower(), name), best.value, english)


@cache
def _lingua() -> Any:
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_all_languages().build()
