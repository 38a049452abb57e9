"""The attacks change what they say, and folding undoes those of characters."""

from random import Random

import pytest

from detector.documents.folding import fold
from detector.evaluation import attacks
from detector.evaluation.attacks import ATTACKS

TEXT = (
    "The old man realized that 1984 was the color of his neighbor's boats. An officer received the letter, and a "
    "friend believed in it. There were 27 harbors and 3.5 big ships. People often think about the important things "
    "in life."
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_changes_the_text_and_is_the_same_again(attack):
    changed = attack(TEXT * 3)
    assert changed != TEXT * 3
    assert attack(TEXT * 3) == changed
    assert attack("") == ""


@pytest.mark.parametrize("name", ["homoglyph", "zero_width", "whitespace", "paragraph_insertion"])
def test_what_is_done_to_characters_is_undone(name):
    [attack] = [attack for attack in ATTACKS if attack.name == name]
    assert attack.is_of_characters
    assert fold(attack(TEXT)).text == TEXT


def test_shares():
    assert attacks.zero_width("abc", Random(0)) == "a\u200bb\u200bc\u200b"
    assert attacks.whitespace("a " * 99 + "a", Random(0)).count(" ") == 99 + 20
    assert sum(a != b for a, b in zip("word " * 100, attacks.upper_lower("word " * 100, Random(0)), strict=True)) == 5
    assert attacks.article_deletion("the cat " * 10, Random(0)).count("the") == 5
    swapped = attacks.number_swap("1999 " * 10, Random(0)).split()
    assert sum(number != "1999" for number in swapped) <= 5
    assert all(len(number) == 4 for number in swapped)


def test_words_are_changed_within_their_case():
    assert attacks.alternative_spelling("Color, COLOR and organized colour", Random(0)) == (
        "Colour, COLOUR and organised colour"
    )
    misspelt = attacks.misspelling("Letter letter letter letter letter", Random(0)).lower().split()
    assert sorted(misspelt) == ["leter"] + ["letter"] * 4
    assert attacks.synonym("Big Big", Random(1)).replace("Huge", "Large") in ("Large Big", "Big Large")
