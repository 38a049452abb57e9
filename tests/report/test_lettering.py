import pytest

from detector.report.lettering import escaped, printable, shortened, shortened_to_end


def test_characters_the_font_lacks_are_escaped_and_others_stay():
    assert "".join(escaped("na\u00efve \u2013 \u4e2d\n\U0001f6a2")) == "na\u00efve \u2013 \\u4e2d\\n\\U0001f6a2"


def test_what_steers_a_terminal_is_marked():
    assert printable("a\x1b[31m\u202eb\nc") == "a\ufffd[31m\ufffdb\ufffdc"


@pytest.mark.parametrize("longest", [4, 9, 10, 20])
def test_names_keep_both_ends_and_prompts_their_last(longest):
    name = "abcdefghij" * 3
    short, end = shortened(name, longest), shortened_to_end(name, longest)
    assert len(short) == len(end) == longest
    assert short[0] == "a"
    assert short[-1] == end[-1] == "j"
    assert shortened(name, 30) == shortened_to_end(name, 30) == name


def test_an_escape_is_never_cut():
    pieces = escaped("\u4e2d" * 20)
    for longest in range(7, 40):
        for short in (shortened(pieces, longest), shortened_to_end(pieces, longest)):
            assert short.replace("\\u4e2d", "").replace("\u2026", "") == ""
            assert len(short) <= longest
