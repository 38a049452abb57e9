"""Letters of other alphabets that stand for Latin ones: a disguise, which folding undoes and findings show.

To a reader they are the same letter, to a language model a token it has hardly seen. The pairs are Unicode's
confusables (Unicode Technical Standard 39) and small capitals. Writing is full of such letters that pose as nothing,
so what decides is the word (a run of letters) around them:

- a word of another alphabet is a foreign word, whatever it looks like, and a letter alone is a symbol;
- a word that mixes plain Latin letters with such of another alphabet that all look like Latin ones is disguised;
- letters that science, phonetics or a language sets beside plain ones (Greek small letters, the phonetic alphabet,
  the dotless i) are a disguise within long words of plain small letters, or where they make common English words, or
  words that the text has in plain letters too: three times, and two words at least;
- where a script is shown to be a disguise three times, words of its lookalikes alone are read as one too, unless the
  text has words in that script.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from detector.documents.function_words import FUNCTION_WORDS, is_function
from detector.documents.unicode_table import latin_letters, script_of

Kind = Literal["plain", "posing", "ambiguous", "at_home"]

# Small capitals that the phonetic alphabet has no use for; the others stand in transcriptions beside plain letters.
_SURE_SMALL_CAPITALS = frozenset(
    "\u1d00\u1d04\u1d05\u1d07\ua730\u1d0a\u1d0b\u1d0d\u1d0f\u1d18\ua731\u1d1b\u1d1c\u1d20\u1d21\u1d22"
)
# The small omicron and the capitals, of which no symbol is made, for nobody could tell them from Latin letters.
_SURE_GREEK = frozenset(
    "\u03bf\u03f2\u03f3\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
)
_PHONETIC_ALONE = frozenset("\u0251\u0261")
"""Script a and g, which in long words of plain letters are no transcription and no language's spelling."""

_SHOWN, _SHOWN_WORDS, _SHOWN_BY_ONE_WORD = 3, 2, 6
"""Places, and words among them, by which a letter or script is shown to be a disguise; places of one word alone."""
_PLAIN_LETTERS = 4
"""Letters of a word from which its standing in the text in plain letters shows anything."""
_FOREIGN_ENDING = re.compile(r"[a-zA-Z]+[^\x00-\x7f]{1,3}")
_BESIDE = 2
"""Characters between words that stand side by side."""
_LONG, _SMALL_LETTERS = 6, 4
"""Letters of a word that no transcription is like; plain small letters of one that no symbol is a part of."""
_BETWEEN_SMALL_LETTERS = re.compile(r"(?<=[a-z])[^\x00-\x7f](?=[a-z])")


@dataclass(frozen=True)
class _Word:
    start: int
    text: str
    reading: str
    """As Latin letters where its letters pose as such."""
    kinds: frozenset[Kind]
    """Of its letters."""
    is_transcription: bool
    """Between slashes or brackets, or behind the mark of a stress."""

    @property
    def end(self) -> int:
        """One past its last character."""
        return self.start + len(self.text)


def lookalikes(text: str) -> dict[int, str]:
    """Position → the Latin letter that a letter of another alphabet poses as; linear in the text.

    >>> lookalikes("p\u0430ssword \u043f\u0430\u0440\u043e\u043b\u044c")
    {1: 'a'}
    """
    if text.isascii():
        return {}
    words = [_word(text, match) for match in _word_pattern().finditer(text) if not match.group().isascii()]
    posing = [word for number, word in enumerate(words) if not _is_at_home(words, number)]
    if not posing:
        return {}
    plain = {word.lower() for word in re.findall(rf"(?a:\b[a-zA-Z]{{{_PLAIN_LETTERS},}}\b)", text)}
    letters = _shown_letters([word for word in posing if word.kinds == {"plain", "ambiguous"}], plain)
    at_home = _scripts(c for w in words for c in w.text if kind_of(c) == "at_home")
    scripts = _shown_scripts(posing, at_home, plain)
    return {
        word.start + at: word.reading[at]
        for word in posing
        if _is_disguised(word, letters, scripts)
        for at, character in enumerate(word.text)
        if not character.isascii()
    }


@cache
def kind_of(character: str) -> Kind:
    """What a letter says of the word it stands in; ``at_home`` looks like no plain letter, or is a dressed one."""
    if character.isascii():
        return "plain"
    if character not in latin_letters():
        return "at_home"
    if unicodedata.category(character) == "Lm":
        return "ambiguous"  # raised, as in phonetics and abbreviations
    if unicodedata.normalize("NFKC", character).isascii():
        return "at_home"
    script = script_of(character)
    if script == "LATIN":
        return "posing" if character in _SURE_SMALL_CAPITALS else "ambiguous"
    if script == "GREEK":
        return "posing" if character in _SURE_GREEK else "ambiguous"
    return "posing"


@cache
def _word_pattern() -> re.Pattern[str]:
    """Runs of letters, and of digits and signs that are drawn as one."""
    signs = "".join(re.escape(c) for c in latin_letters() if not c.isalpha() and kind_of(c) == "posing")
    return re.compile(rf"(?:[^\W\d_]|[{signs}])+")


def _word(text: str, match: re.Match[str]) -> _Word:
    start, end = match.span()
    word = match.group()
    beside = text[max(0, start - 1) : start], text[end : end + 1]
    return _Word(
        start,
        word,
        "".join(_letter(word, at) for at in range(len(word))),
        frozenset(map(kind_of, word)),
        beside[0] in ("/", "[", "\u02c8", "\u02cc") or beside[1] in ("/", "]"),
    )


def _is_at_home(words: Sequence[_Word], number: int) -> bool:
    """Whether a word has letters that look like none of Latin, or is a foreign name or transcription beside such a one.

    Russian sets its endings on foreign names; the sounds of a word are seldom written with lookalikes alone.
    """
    word = words[number]
    if "at_home" in word.kinds:
        return True
    if word.kinds != {"plain", "ambiguous"} and not _FOREIGN_ENDING.fullmatch(word.text):
        return False
    scripts = _scripts(word.text)
    return any(
        "at_home" in beside.kinds and scripts & _scripts(beside.text)
        for beside in words[max(0, number - 1) : number + 2]
        if max(beside.start - word.end, word.start - beside.end) <= _BESIDE
    )


def _letter(word: str, at: int) -> str:
    """The Latin letter; one for which there is no case, such as a zero, takes that of the letter before it."""
    character = word[at]
    letter = latin_letters().get(character, character)
    if character.isupper() or character.islower():
        return letter
    if at:
        return letter.lower() if word[at - 1].islower() or not word[at - 1].isascii() else letter
    if unicodedata.category(character) == "Nd":
        return letter.lower()
    return "I" if letter == "l" and word[1:2].islower() and ("i" + word[1:]).lower() in FUNCTION_WORDS else letter


def _scripts(letters: Iterable[str]) -> set[str]:
    return {script_of(letter) for letter in letters if not letter.isascii()}


def _is_known(reading: str, plain: set[str]) -> bool:
    return reading.lower() in FUNCTION_WORDS or reading.lower() in plain


def _is_enough(readings: Sequence[str]) -> bool:
    return len(readings) >= _SHOWN and (len(set(readings)) >= _SHOWN_WORDS or len(readings) >= _SHOWN_BY_ONE_WORD)


def _shown_letters(words: Sequence[_Word], plain: set[str]) -> set[str]:
    """Ambiguous letters that make words of English too often for chance."""
    readings: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if not word.is_transcription and _is_known(word.reading, plain):
            for character in set(word.text):
                readings[character].append(word.reading.lower())
    shown = {
        character for character, found in readings.items() if len(found) >= _SHOWN and len(set(found)) >= _SHOWN_WORDS
    }
    for word in words:
        foreign = {c for c in word.text if not c.isascii()}
        if not word.is_transcription and _is_out_of_place(word.text, foreign):
            shown |= foreign & _PHONETIC_ALONE
    return shown


def _shown_scripts(posing: Iterable[_Word], at_home: set[str], plain: set[str]) -> set[str]:
    """Scripts in which the text disguises words, and has no words of their own; Latin is every text's own."""
    mixed: Counter[str] = Counter()
    whole: dict[str, list[str]] = defaultdict(list)
    for word in posing:
        scripts = _scripts(word.text)
        if "plain" in word.kinds:
            mixed.update(scripts if "posing" in word.kinds else ())
        elif _is_known(word.reading, plain):
            for script in scripts:
                whole[script].append(word.reading.lower())
    shown = {script for script, n in mixed.items() if n >= _SHOWN and script != "LATIN"}
    shown |= {script for script, readings in whole.items() if _is_enough(readings)}
    return shown - (at_home - {"LATIN"})


def _is_disguised(word: _Word, letters: set[str], scripts: set[str]) -> bool:
    foreign = [c for c in word.text if not c.isascii()]
    if "plain" not in word.kinds:
        return _scripts(foreign) <= scripts
    if "posing" in word.kinds:
        return True
    if word.is_transcription:
        return False
    return set(foreign) <= letters or _is_out_of_place(word.text, set(foreign))


def _is_out_of_place(word: str, foreign: set[str]) -> bool:
    """Whether ambiguous letters stand where neither a formula, a transcription nor a language has them."""
    if foreign <= _PHONETIC_ALONE:
        return len(word) >= _LONG
    if _scripts(foreign) != {"GREEK"} or is_function(re.split(r"[^a-zA-Z]", word, maxsplit=1)[0]):
        return False
    within = _BETWEEN_SMALL_LETTERS.sub("", word)
    return within.isascii() and sum("a" <= c <= "z" for c in word) >= _SMALL_LETTERS
