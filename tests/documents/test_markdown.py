"""Markdown as a reader sees it, and where each character stands."""

import pytest

from detector.documents.markdown import is_markdown_name, looks_like_markdown, parse

SOURCE = """---
title: no text
---
# The *Heading* here ##

Some **bold** text, a [link](http://x.y/b "t") b, `code  x` and ~~gone~~ &amp; \\* star.
Second line <br> with ![pic](a.png) image and <http://auto.link/x>.

- item **one**
- [x] item two
   continued
  1. nested
> quoted *text*
> goes on

```python
x = 1
```

| a | b |
|---|---|
| 1 | 2 |

<div>html</div>

Setext
======
A [ref][1] and par_with_underscores end.

[1]: http://x.y
"""
SHOWN = [
    "The Heading here",
    "Some bold text, a link b, code  x and gone & * star.\nSecond line \n with  image and http://auto.link/x.",
    "item one",
    "item two\ncontinued",
    "nested",
    "quoted text\ngoes on",
    "Setext",
    "A ref and par_with_underscores end.",
]


def shown(text, is_certain=True):
    return ["".join(one.character for one in block.shown) for block in parse(text, is_certain).blocks]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_a_reader_sees_and_where(line_end):
    source = SOURCE.replace("\n", line_end)
    parsed = parse(source, is_certain=True)
    assert shown(source) == SHOWN
    for block in parsed.blocks:
        for character, start, end in block.shown:
            assert source[start:end] == character or character in "&*\n"
        places = [one.start for one in block.shown]
        assert places == sorted(places)
    apart = [(one.kind, source[one.start : one.end].splitlines()[0]) for one in parsed.apart]
    assert apart == [("markup", "---"), ("code", "```python"), ("table", "| a | b |"), ("markup", "<div>html</div>")]


@pytest.mark.parametrize(
    "text",
    [
        "**Tea** is a drink.",
        "## Tea\n\nA drink.",
        "Take this:\n\n```\nx\n```\n",
        "See [there](https://example.org/a).",
        "# Tea\n\n- green\n- black\n",
        "| a | b |\n|---|---|\n| 1 | 2 |",
    ],
)
def test_what_a_chatbot_gives_is_markdown(text):
    assert looks_like_markdown(text)


@pytest.mark.parametrize(
    "text",
    [
        "Two ** three, a footnote*, and another one*.",
        "2*3*4 is 24, and 2**3 is 8, so 2**3**2 is 512.",
        "- No, he said.\n- Yes, she said.\n- Well.\n",
        "# 1 in the charts: a song of forty lines.",
        "It was a * b * c, or so [they] said (twice).",
        "> He wrote this\n> and that.\n\nI never did.",
        "1. Milk\n2. Eggs\n",
        "snake_case_names and __init__ are common.",
        "No sign at all.",
    ],
)
def test_ordinary_text_is_none(text):
    assert not looks_like_markdown(text)


def test_indented_lines_are_code_only_where_it_is_a_markdown_file():
    verse = "**Song**\n\n    The boats were gone\n    before the day.\n"
    assert shown(verse, is_certain=False) == ["Song", "The boats were gone\nbefore the day."]
    assert shown(verse, is_certain=True) == ["Song"]


@pytest.mark.parametrize(
    "text",
    ["[" * 400, "![" * 300, "**" * 300, "`" * 301, "> " * 200 + "a", "[a](" * 200, "\\" * 101, "- " * 100, "&amp" * 99],
)
def test_odd_signs_are_text_or_nothing(text):
    for block in parse(text, is_certain=True).blocks:
        assert all(0 <= one.start <= one.end <= len(text) for one in block.shown)


def test_names():
    assert is_markdown_name("README.md")
    assert is_markdown_name("a/b.MARKDOWN")
    assert not is_markdown_name("notes.txt")
