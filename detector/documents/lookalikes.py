"""Letters of other scripts that stand for Latin ones: a disguise, which folding undoes and findings show.

To a reader they are the same letter, to a language model a token it has hardly seen. Russian or Greek
words in an English text are none: a letter counts only within a word that has plain Latin letters too, or,
in words that consist of such letters alone, where the text has no other letter of that script.
The pairs are those of Unicode's confusables (Unicode Technical Standard 39) that look the same in common fonts.
"""

import re
import unicodedata

_SAME_SHAPE = {
    "\u0430": "a", "\u0435": "e", "\u043e": "o", "\u0440": "p", "\u0441": "c", "\u0443": "y", "\u0445": "x",
    "\u0456": "i", "\u0458": "j", "\u0455": "s", "\u04bb": "h", "\u0501": "d", "\u051b": "q", "\u051d": "w",
    "\u04cf": "l", "\u0410": "A", "\u0412": "B", "\u0415": "E", "\u041a": "K", "\u041c": "M", "\u041d": "H",
    "\u041e": "O", "\u0420": "P", "\u0421": "C", "\u0422": "T", "\u0425": "X", "\u0406": "I", "\u0408": "J",
    "\u0405": "S", "\u04ae": "Y", "\u04c0": "I", "\u050c": "G", "\u051a": "Q", "\u051c": "W",
    "\u03bf": "o", "\u03bd": "v", "\u03f2": "c", "\u0391": "A", "\u0392": "B", "\u0395": "E", "\u0396": "Z",
    "\u0397": "H", "\u0399": "I", "\u039a": "K", "\u039c": "M", "\u039d": "N", "\u039f": "O", "\u03a1": "P",
    "\u03a4": "T", "\u03a5": "Y", "\u03a7": "X",
    "\u0585": "o", "\u057d": "u", "\u0578": "n", "\u0570": "h", "\u0581": "g", "\u0566": "q",
}  # fmt: skip

_WORD = re.compile(r"[^\W\d_]+")
_LETTERS_ALONE = 3
"""Letters from which a run in a mathematical or full-width alphabet is a word and not a symbol."""


def lookalikes(text: str) -> dict[int, str]:
    """Position → the Latin letter a character stands for.

    >>> lookalikes("p\u0430ssword \u043f\u0430\u0440\u043e\u043b\u044c")
    {1: 'a'}
    """
    if text.isascii():
        return {}
    words = [match for match in _WORD.finditer(text) if not match.group().isascii()]
    at_home = {_script(c) for match in words for c in match.group() if not _latin_for(c)}
    return {
        at: letter
        for match in words
        if _is_disguised(match.group(), at_home)
        for at, character in enumerate(match.group(), start=match.start())
        if (letter := _latin_for(character))
    }


def _is_disguised(word: str, at_home: set[str]) -> bool:
    """``at_home`` are the scripts of which the text has letters that pose as nothing."""
    if any(character.isascii() for character in word):
        return True
    if any(_latin_for(character) and character not in _SAME_SHAPE for character in word):
        return len(word) >= _LETTERS_ALONE
    return all(_script(c) == "LATIN" or (c in _SAME_SHAPE and _script(c) not in at_home) for c in word)


def _latin_for(character: str) -> str:
    if character in _SAME_SHAPE:
        return _SAME_SHAPE[character]
    # Full-width, mathematical, circled and parenthesised alphabets; superscripts are ordinary writing.
    if "<super>" in (kind := unicodedata.decomposition(character)) or not kind.startswith("<"):
        return ""
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 and plain.isascii() and plain.isalpha() else ""


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]
