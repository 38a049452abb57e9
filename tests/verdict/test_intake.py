"""What is said of a text before a model sees it."""

import pytest

from detector.documents.selection import select
from detector.verdict.intake import set_apart, unsuitable, warnings_of
from tests.conftest import TRAINING_TEXT
from tests.documents.test_language import OTHERS, UNKNOWN


def refused(text, name=""):
    selection = select(text, name)
    return unsuitable(text, selection, selection.folded().text)


def test_prose_is_suitable():
    assert refused(TRAINING_TEXT) is None
    assert warnings_of(TRAINING_TEXT, select(TRAINING_TEXT)) == []


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        ("", "empty", "is empty"),
        (OTHERS["de"], "unsupported_language", "reads as German or a language like it"),
        (UNKNOWN["Baoulé"], "unsupported_language", "does not read as English"),
        ("id,text\n" + "".join(f"{at},It rained and it snowed on the day\n" for at in range(9)), "not_prose", "batch"),
        ("[21:04] ann: are you coming on saturday or are you not\n" * 9, "not_prose", "The text is a chat log (9 of 9"),
        ("**Code**\n\n```\n" + "x = 1\n" * 50 + "```\n", "too_short", "1 word besides code"),
        ("```\n" + "x = 1\n" * 50 + "```\n", "not_prose", "nothing but code"),
    ],
)
def test_the_reason_is_the_one_that_applies(text, reason, said):
    found, explanation = refused(text)
    assert found == reason
    assert said in explanation
    assert "code, tables, lists or repetition" not in explanation


def test_what_is_left_out_is_said_and_found():
    text = f"**Note**\n\n{TRAINING_TEXT}\n\n```\na b\n```\n\n{OTHERS['de']}\n\n{OTHERS['fr']}\n"
    selection = select(text)
    german, french = (len(OTHERS[code].split()) for code in ("de", "fr"))
    assert warnings_of(text, selection) == [
        "The text was read as Markdown; its signs were left out.",
        "4 words of code were left out.",
        f"{german} words in German were left out: the verdict is on the English part alone.",
        f"{french} words in French were left out: the verdict is on the English part alone.",
    ]
    assert [(one.kind, one.detail) for one in set_apart(text, selection)] == [
        ("code", "4 words of code, left out"),
        ("other_language", f"{german} words in German, left out"),
        ("other_language", f"{french} words in French, left out"),
    ]


def test_a_conversation_is_said_to_be_one():
    play = "Ann: I am not going there.\nBob: But you said so.\nAnn: I said no such thing.\nBob: Well then.\n"
    (warning,) = warnings_of(play, select(play))
    assert warning.startswith("The text is a conversation between Ann and Bob: the verdict is on all")
