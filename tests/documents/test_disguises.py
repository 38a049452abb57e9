"""Every kind of disguise, in one text each: found, located and undone."""

import unicodedata
from collections.abc import Callable

import pytest

from detector.documents.disguises import Disguise, counts_of, in_words, places_of
from detector.documents.folding import fold, mend

PLAIN = (
    "The old man walked slowly to the harbour, and the boats were gone. It is the sea that took them, he said, and "
    "this is what he had feared since the morning. There was nothing to do but wait with his dog."
)
INVISIBLE = [
    0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x180B, 0x180E, 0x200B, 0x200C, 0x200D, 0x200E, 0x202A, 0x202D,
    0x202E, 0x2060, 0x2061, 0x2063, 0x2065, 0x2066, 0x206A, 0x3164, 0xFE00, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF0, 0xFFF9,
    0xFFFB, 0x1BCA0, 0x1D173, 0xE0001, 0xE0041, 0xE0100, 0xE01EF, 0x2800, 0x0008, 0x007F,
]  # fmt: skip
LETTERS = {
    "Cyrillic": dict(zip("aeopcyxi", "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456", strict=True)),
    "Cyrillic capitals": {"I": "\u0406", "T": "\u0422"},
    "Greek omicron": {"o": "\u03bf"},
    "Greek": {"v": "\u03bd", "a": "\u03b1", "i": "\u03b9"},
    "Armenian": {"o": "\u0585", "u": "\u057d", "h": "\u0570", "n": "\u0578"},
    "Cherokee": {"T": "\u13a2", "h": "\u13c2", "i": "\u13a5"},
    "Lisu": {"T": "\ua4d4", "I": "\ua4f2"},
    "Bengali zero": {"o": "\u09e6"},
    "script a": {"a": "\u0251"},
    "script g": {"g": "\u0261"},
    "dotless i": {"i": "\u0131"},
    "phonetic i": {"i": "\u026a"},
    "small capital s": {"s": "\ua731"},
    "raised": {"t": "\u1d57", "h": "\u02b0", "e": "\u1d49"},
    "Roman numerals": {"l": "\u217c", "i": "\u2170", "d": "\u217e"},
    "small capitals": dict(
        zip(
            "abcdefghijklmnoprstuvwyz",
            "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\u0280"
            "\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22",
            strict=True,
        )
    ),
}
DRESSES = {"full-width": (0xFF41, 0xFF21), "bold": (0x1D41A, 0x1D400), "sans italic": (0x1D622, 0x1D608),
           "typewriter": (0x1D68A, 0x1D670), "fraktur": (0x1D586, 0x1D56C), "circled": (0x24D0, 0x24B6)}  # fmt: skip
MARKS = [0x0336, 0x0338, 0x0332, 0x0323, 0x0301, 0x0307, 0x20DD, 0x0489, 0x05B8]


def with_each_word(change: Callable[[str], str], step: int = 1) -> str:
    return " ".join(change(word) if i % step == 0 else word for i, word in enumerate(PLAIN.split(" ")))


def dressed(word: str, small: int, capital: int) -> str:
    return "".join(
        chr(small + ord(c) - 97) if "a" <= c <= "z" else chr(capital + ord(c) - 65) if "A" <= c <= "Z" else c
        for c in word
    )


def marked(text: str, mark: str, step: int) -> str:
    return "".join(c + mark if c.isalpha() and i % step == 0 else c for i, c in enumerate(text))


def disguised() -> dict[str, tuple[str, str]]:
    """Name → text, and the kind of finding it must give."""
    texts: dict[str, tuple[str, str]] = {}
    for code in INVISIBLE:
        character = chr(code)
        within = "".join(c + character if i % 3 == 1 and c.isalpha() else c for i, c in enumerate(PLAIN))
        texts[f"U+{code:04X} within words"] = within, "invisible_character"
        texts[f"U+{code:04X} after words"] = with_each_word(lambda word, c=character: word + c), "invisible_character"
    texts["isolated words"] = with_each_word(lambda word: f"\u2068{word}\u2069"), "invisible_character"
    for name, letters in LETTERS.items():
        texts[name] = PLAIN.translate(str.maketrans(letters)), "lookalike_letter"
    for name, (small, capital) in DRESSES.items():
        texts[name] = dressed(PLAIN, small, capital), "lookalike_letter"
        texts[f"{name}, every third word"] = (
            with_each_word(lambda word, s=small, c=capital: dressed(word, s, c), 3),
            "lookalike_letter",
        )
        texts[f"{name} e"] = PLAIN.replace("e", chr(small + 4)), "lookalike_letter"
    for code in MARKS:
        texts[f"mark U+{code:04X}"] = marked(PLAIN, chr(code), 1), "combining_mark"
        texts[f"mark U+{code:04X} here and there"] = marked(PLAIN, chr(code), 4), "combining_mark"
    texts["accents"] = unicodedata.normalize("NFC", marked(PLAIN, "\u0301", 1)), "combining_mark"
    texts["heaps of marks"] = marked(PLAIN, "\u0315\u031b\u0340\u0356\u0323", 3), "combining_mark"
    for name, form in (("decimal", "&#{};"), ("hexadecimal", "&#x{:x};")):
        hidden = "".join(form.format(ord(c)) if c.isalpha() and i % 3 == 0 else c for i, c in enumerate(PLAIN))
        texts[f"{name} references"] = hidden, "character_reference"
    texts["references to Cyrillic"] = PLAIN.replace("a", "&#1072;"), "lookalike_letter"
    texts["references to what is invisible"] = PLAIN.replace("a", "a&#8203;"), "invisible_character"
    texts["letters set apart"] = "  ".join(" ".join(word) for word in PLAIN.split()), "letter_spacing"
    for code in (0x1680, 0x2002, 0x2004, 0x205F, 0x3000):
        texts[f"spaces U+{code:04X}"] = PLAIN.replace(" ", chr(code)), "unusual_space"
    return texts


TEXTS = disguised()


@pytest.mark.parametrize("name", TEXTS)
def test_every_disguise_is_found_located_and_undone(name):
    text, kind = TEXTS[name]
    folded = fold(text)
    assert folded.text == PLAIN
    assert mend(text).text.split() == PLAIN.split() or kind == "letter_spacing"
    assert kind in counts_of(folded.disguises)
    for one in folded.disguises:
        assert one.character == text[one.start : one.end] or name.startswith("references")
        assert one.meant == "" or one.meant.isascii()


@pytest.mark.parametrize(
    ("text", "plain", "place"),
    [
        ("The p\u0430ssword is safe.", "The password is safe.", (5, 6)),
        ("A w\u03bfrd alone.", "A word alone.", (3, 4)),
        (
            "My pass\u0430word and the \u0421\u0421\u0421\u0420.",
            "My passaword and the \u0421\u0421\u0421\u0420.",
            (7, 8),
        ),
        ("He pays with p\u0251ypal now.", "He pays with paypal now.", (14, 15)),
        ("They said g\u03bfvernment and go\u03bdernment.", "They said government and government.", (11, 12)),
        ("He said \uff48\uff45\uff4c\uff4c\uff4f to us.", "He said hello to us.", (8, 9)),
    ],
)
def test_one_word_is_enough_where_no_language_writes_so(text, plain, place):
    folded = fold(text)
    assert folded.text == plain
    assert (folded.disguises[0].start, folded.disguises[0].end) == place


def test_whole_words_are_read_as_latin_where_their_script_is_a_disguise():
    letters = str.maketrans("aeopcx", "\u0430\u0435\u043e\u0440\u0441\u0445")
    text = "a cat, a cap, a coat and a pope".translate(letters)
    assert fold(text).text == "a cat, a cap, a coat and a pope"
    russian = text + " \u0438 \u0441\u043e\u0440 \u0438 \u043f\u0430\u0440\u043e\u043b\u044c"
    assert "\u0441\u043e\u0440" in fold(russian).text


def test_soft_hyphens_hide_only_where_no_hyphen_could_stand():
    honest = "The respon\u00adsible hyphen\u00adation of a page"
    assert fold(honest).text == "The responsible hyphenation of a page"
    assert not fold(honest).disguises
    assert len(fold(honest + " w\u00adas t\u00adhis").disguises) == 4


def test_disguises_of_a_word_are_told_as_one():
    text = "p\u0430ss w\u043er\u0501 \u200b\u200bx"
    places = sorted(places_of(text, fold(text).disguises), key=lambda place: place.start)
    assert [(one.kind, one.start, one.end) for one in places] == [
        ("lookalike_letter", 1, 2),
        ("lookalike_letter", 6, 9),
        ("invisible_character", 10, 12),
    ]
    assert places[0].detail == "U+0430 CYRILLIC SMALL LETTER A in place of a"
    assert places[1].detail == "U+043E CYRILLIC SMALL LETTER O in place of o, and 1 more in this word"


def test_disguises_in_words():
    some = [Disguise("lookalike_letter", 0, 1, "x", "y")] + [Disguise("unusual_space", i, i + 1, " ") for i in (3, 5)]
    assert in_words(some) == "1 look-alike letter and 2 spaces of unusual width"
    assert in_words([]) == ""
