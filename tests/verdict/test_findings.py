"""What is told of a text, merged and capped."""

from detector.documents.folding import fold
from detector.verdict.findings import MOST_LISTED, findings_of, listed, said_of_the_disguise


def test_findings_come_in_the_order_of_the_text():
    text = 'A p\u0430ss. "' + "word " * 15 + 'end." x\u200by z\u0336z w\u0336w'
    assert [finding.kind for finding in findings_of(text, fold(text))] == [
        "lookalike_letter",
        "quotation",
        "invisible_character",
        "combining_mark",
        "combining_mark",
    ]


def test_sixty_thousand_marks_in_one_word_are_one_finding():
    text = "a" + "\u200b" * 60_000 + "b"
    [finding] = findings_of(text, fold(text))
    assert (finding.start_char, finding.end_char) == (1, 60_001)
    assert "59,999 more" in finding.detail


def test_the_list_is_capped_and_the_count_is_not():
    text = "word\ufe0f " * 500
    found, counts = listed(findings_of(text, fold(text)))
    assert len(found) == MOST_LISTED
    assert counts == {"invisible_character": 500}


def test_the_sentence_on_a_disguise():
    folded = fold("p\u0430ss x\u200b")
    assert said_of_the_disguise(folded, 0.00051) == (
        "The text is disguised (1 invisible character and 1 look-alike letter): the verdict is on it with that undone; "
        "as it stands its p-value would be 0.00051."
    )
    assert said_of_the_disguise(fold("plain"), None) == ""
