import html
import re
import unicodedata

import pytest

from detector.report.visible import label_of, plain_visible, visible

HOSTILE = "a<script>alert(1)</script></style>\u202eabc\u202c\u200b\x00\x1b[31m\ud800\ufeff\u2028&amp;'\"\u3164b"


def seen(marked: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", marked))


def test_markup_is_shown_and_not_obeyed():
    shown = str(visible("<script>alert('x')</script></style> & \"quotes\""))
    assert "<" not in shown
    assert seen(shown) == "<script>alert('x')</script></style> & \"quotes\""


def test_what_hides_or_turns_the_writing_becomes_a_labelled_mark():
    shown = visible(HOSTILE)
    assert "RLO" in shown
    assert "ZWSP" in shown
    assert "U+D800" in shown
    assert "U+0000" in shown
    for character in seen(str(shown)):
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}, hex(ord(character))
    str(shown).encode("utf-8")  # half a character would not encode


@pytest.mark.parametrize("category", ["Cc", "Cf", "Cs", "Co"])
def test_every_character_of_a_hiding_category_is_caught(category):
    for code in [*range(0x3000), *range(0xD7F0, 0xE010), *range(0xFE00, 0x1F000), *range(0xE0000, 0xE0080)]:
        character = chr(code)
        if unicodedata.category(character) == category and character not in "\t\n\r":
            assert f">{label_of(character)}<" in visible(character), hex(code)


def test_ordinary_writing_is_left_alone():
    text = "Caf\u00e9 na\u00efve \u4e2d\u6587 \u05e9\u05dc\u05d5\u05dd \u2014 \u201cso\u201d\n\tnext "
    text += "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert seen(str(visible(text))) == text
    assert "<" not in visible(text)


def test_a_joiner_outside_a_picture_is_marked():
    assert "ZWJ" in visible("wo\u200drd")


def test_plain_places_get_words_instead():
    assert plain_visible("a\u202eb<i>") == "a[RLO]b<i>"


def test_a_run_of_one_character_is_one_mark():
    shown = visible("a" + "\u200b" * 60_000 + "b\u200b\u200d")
    assert shown.count("<b") == 3
    assert "ZWSP \u00d760,000" in shown


def test_what_writing_needs_is_no_mark_and_the_text_around_a_part_tells():
    text = "\u0645\u06cc\u200c\u062e \u2764\ufe0f\u200d\U0001f525 word\ufe0f"
    assert visible(text).count("<b") == 1
    assert "<b" not in visible(text, 2, 3)
    assert "<b" in visible(text, len(text) - 1)
