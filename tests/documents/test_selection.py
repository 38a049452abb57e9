"""What of a text is judged, and where it stands in the text as given."""

import re

import pytest

from detector.documents.selection import select
from tests.conftest import TRAINING_TEXT
from tests.documents.test_language import OTHERS, UNKNOWN

CHAT = """## Harbours

**Harbours** are places where *boats* sleep. Here is what to know:

- They are built of stone, and of **wood**
- They are always wet

```python
print("boats")
```

In short, the **old** ones are not the worst of them, and they smell of rope.
"""
PLAIN = (
    "Harbours Harbours are places where boats sleep. Here is what to know: They are built of stone, and of wood "
    "They are always wet In short, the old ones are not the worst of them, and they smell of rope."
)


@pytest.mark.parametrize("text", [TRAINING_TEXT, "", "One.\n\nTwo - three * four\n", OTHERS["de"], UNKNOWN["Baoulé"]])
def test_an_ordinary_text_is_kept_as_it_is(text):
    selected = select(text)
    assert selected.text == text
    assert selected.apart == ()
    assert not selected.is_markdown


@pytest.mark.parametrize("name", ["", "answer.md"])
def test_markdown_is_judged_as_the_plain_text(name):
    selected = select(CHAT, name)
    folded = selected.folded()
    assert folded.text == PLAIN
    assert [(one.kind, CHAT[one.start : one.end][:9]) for one in selected.apart] == [("code", "```python")]
    sentences = [CHAT[slice(*folded.original_span(a, b))] for a, b in selected.sentences(folded)]
    assert sentences[0] == "Harbours"
    assert sentences[-3:] == [
        "They are built of stone, and of **wood",
        "They are always wet",
        "In short, the **old** ones are not the worst of them, and they smell of rope.",
    ]


def test_no_word_covers_a_sign():
    folded = select(CHAT).folded()
    for match in re.finditer(r" ?\w+", folded.text):
        assert CHAT[slice(*folded.original_span(*match.span()))].strip() == match.group().strip()


@pytest.mark.parametrize("joint", ["\n\n", " "])
@pytest.mark.parametrize("code", ["de", "zh", "sw"])
def test_a_passage_in_another_language_is_set_apart(code, joint):
    text = joint.join((TRAINING_TEXT, OTHERS[code], TRAINING_TEXT))
    selected = select(text)
    folded = selected.folded()
    assert folded.text == f"{TRAINING_TEXT} {TRAINING_TEXT}"
    (apart,) = selected.apart
    assert text[apart.start : apart.end] == OTHERS[code]
    assert selected.language.is_english
    for match in re.finditer(r" ?\S+", folded.text):
        start, end = folded.original_span(*match.span())
        assert text[start:end].strip() == match.group().strip()
        assert end <= apart.start or start >= apart.end


def test_a_text_in_another_language_is_left_whole():
    heading = "The harbour\n\n"
    selected = select(heading + OTHERS["de"])
    assert selected.language.code == "de"
    assert selected.text == heading + OTHERS["de"]


def test_invisible_characters_keep_their_places():
    text = CHAT.replace("stone", "st\u200bone")
    folded = select(text).folded()
    assert [text[one.start : one.end] for one in folded.disguises] == ["\u200b"]
    assert folded.text == PLAIN
