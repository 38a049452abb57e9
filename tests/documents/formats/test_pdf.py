"""PDF files."""

import threading

import pytest

from detector import InputError
from detector.documents.formats import pdf as reader
from detector.documents.reading import text_of
from tests.documents.files_made_here import pdf, pdf_of_streams

pytest.importorskip("pypdfium2", reason="PDF needs pip install 'detect-text[documents]'")


def text_of_pages(pages):
    """Of pages of which nothing but the text is known."""
    return reader.text_of_pages([reader.Page.of_text(page) for page in pages])


PAGES = [
    ["My essay", "The boats were gone. It was an exam-", "ple of well-known things.", "Page 1 of 3"],
    ["My essay", "Second page, which ends in a cut-", "Page 2 of 3"],
    ["My essay", "ting word, and Mary-", "Jane counted 10-", "12 of them \u2013 caf\u00e9.", "Page 3 of 3"],
]


def test_pages_in_order_mended_and_without_heads_and_feet():
    text, (warning,) = text_of(pdf(PAGES), "essay")
    assert text == (
        "The boats were gone. It was an example of well-known things.\n\nSecond page, which ends in a cutting word, "
        "and Mary-Jane counted 10-12 of them \u2013 caf\u00e9."
    )
    assert "PDF of 3 pages" in warning
    assert text[text.index("were gone") :][:9] == "were gone"


def test_one_page_keeps_all_its_lines():
    text, (warning,) = text_of(pdf([["My essay", "One line.", "1"]]), "essay")
    assert text == "My essay\nOne line.\n1"
    assert "PDF of 1 page;" in warning


@pytest.mark.parametrize(
    ("pages", "text"),
    [
        (["Head\nOne.\n1", "Head\nTwo.\n2", "Three.\nEnd.\n3"], "One.\nTwo.\nThree.\nEnd."),  # two of three are most
        (
            ["Head\nOne.", "Two.", "Three.", "Head\nFour."],
            "Head\nOne.\nTwo.\nThree.\nHead\nFour.",
        ),  # two of four are not
        (["In 1914.\na", "In 1917.\nb"], "In 1914.\na\nIn 1917.\nb"),  # numbers that do not count the pages
        (["In 1914.\na", "In 1915.\nb"], "In 1914.\na\nIn 1915.\nb"),  # nor some that seem to
        (["a\nb\nc\nSame.\nd\ne\nf", "g\nh\ni\nSame.\nj\nk\nl"], "a\nb\nc\nSame.\nd\ne\nf\ng\nh\ni\nSame.\nj\nk\nl"),
        (["Same.", "Same."], "Same.\nSame."),
        (["exam\u2010\nple and soft\u00ad\nened", ""], "example and softened"),
        (
            ["a high-\nquality, a cut-\nting, a wall-\nflower, a wall-flower"],
            "a high-quality, a cutting, a wall-flower, a wall-flower",
        ),
        (["a wall-\nflower, a wall-\nflower"], "a wallflower, a wallflower"),
        (["wall-\nflower, wall-flower, wallflower"], "wallflower, wall-flower, wallflower"),
        (["cross-\ning, twenty-\nfive, ex-\nample, ex-\nwife"], "crossing, twenty-five, example, ex-wife"),
        (["half-\nway, a three-\nday non-\nsmoker"], "halfway, a three-day non-smoker"),
        (["pre-\nand post-war"], "pre-\nand post-war"),
        (["It was -\nquite -\n so"], "It was -\nquite -\nso"),
        (["\ufb01nal o\ufb03ce, \u200bzero"], "final office, \u200bzero"),
        (["bad \x03 letter"], "bad \ufffd letter"),
    ],
)
def test_mending(pages, text):
    assert text_of_pages(pages) == text


@pytest.mark.parametrize(
    "pages",
    [
        ["Dear Ann,\nthe trip is on Friday.\nBring a coat.\nWe are back at six.\nYours, Bo"] * 2,
        ["\n".join(f"Line {letter} of the letter" for letter in "abcdefgh")] * 2,
        ["\n".join(f"Line {letter} of the letter" for letter in "abcdefgh")] * 4,
        [f"In {1990 + at}\nwe moved to {town}." for at, town in enumerate(("Ulm", "Bonn", "Kiel"))],
        [f"In {1990 + at} I was {10 + at}.\nWe moved to {town}." for at, town in enumerate(("Ulm", "Bonn", "Kiel"))],
        [f"Chapter {at}\nWe moved to {town}." for at, town in enumerate(("Ulm", "Bonn", "Kiel"), start=1)],
        [f"Q{at}\nDid we move to {town}?" for at, town in enumerate(("Ulm", "Bonn", "Kiel"), start=1)],
        ["O captain my captain\nlies cold", "O captain my captain\nlies dead"],
        ["Yes.\nWe went.", "Yes.\nWe stayed.", "No.\nWe fled."],
        ["Monday was wet.\nDay 1", "Tuesday was dry.\nDay 2"],
        ["Refrain\nAgain\nThe boats left.\nThe sea rose.", "Again\nRefrain\nThe boats came.\nThe sea fell."],
        ["1", "2", "3"],
    ],
)
def test_what_may_be_text_is_kept(pages):
    assert text_of_pages(pages) == "\n".join(pages)


@pytest.mark.parametrize(
    "head_and_foot",
    [
        "{}\n*",
        "*\n- {} -",
        "*\nPage {}",
        "*\nPage {} of 9",
        "*\n{} / 9",
        "Smith {}\n*",
        "{} JOHN SMITH\n*",
        "A long history of Rome {}\n*",
        "Rome\n{}\n*\n\u00a9 Smith",
        "Rome\nVolume two\n*",
        "*\nAll rights reserved",
    ],
)
def test_heads_and_feet_of_many_pages_are_left_out(head_and_foot):
    towns = ("Ulm", "Bonn", "Kiel", "Trier", "Worms")
    bodies = [f"We moved to {town},\nand lived in {town}\nuntil the {town} flood." for town in towns]
    pages = [head_and_foot.replace("{}", str(at)).replace("*", body) for at, body in enumerate(bodies, start=7)]
    assert text_of_pages(pages) == "\n".join(bodies)


def test_two_pages_share_a_first_or_last_line_or_bare_page_numbers():
    assert text_of_pages(["An essay\nOne went.\nPage 1", "An essay\nTwo came.\nPage 2"]) == "One went.\nTwo came."
    assert text_of_pages(["Smith 1\nOne went.", "Smith 2\nTwo came."]) == "One went.\nTwo came."
    kept = "Smith 4\nOne went.\nSmith 5\nTwo came."
    assert text_of_pages(["Smith 4\nOne went.", "Smith 5\nTwo came."]) == kept


def test_a_line_that_ends_within_a_word_is_no_foot():
    towns = ("Ulm", "Bonn", "Kiel")
    pages = [f"It was {town},\nseen from {town}.\nIt was old and well-" for town in towns]
    assert text_of_pages(pages).count("It was old and well-") == len(towns)


@pytest.mark.parametrize("shape", ["a", "a-", "a-\n", "a-a", "1 ", "-", "-\n", "a\n", "\u00ad\n", "of 1 "])
def test_whatever_is_repeated_ends(shape):
    """Any of them would take minutes if the time were not linear."""
    assert text_of_pages([shape * (300_000 // len(shape))] * 2) is not None


def test_a_picture_of_text_is_said_to_be_one():
    with pytest.raises(InputError, match=r"without text.*scan.*OCR"):
        text_of(pdf_of_streams([b"0 0 100 100 re f"] * 2), "scan.pdf")


def test_pages_without_text_and_letters_without_meaning_are_said():
    text, (_, empty, unreadable) = text_of(pdf([["One \u2022 two\x03"], [], ["Three"], []]), "f")
    assert text.startswith("One")
    assert "pages 2, 4" in empty
    assert "1 letter(s)" in unreadable


def test_a_password_is_said():
    locked = b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>/ID[<00><00>]" % (b"61" * 32, b"62" * 32)
    with pytest.raises(InputError, match="protected with a password"):
        text_of(pdf(PAGES, locked), "essay.pdf")


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.4",
        b"%PDF-1.7 1 0 obj<</Encrypt 2 0 R>>",
        pdf(PAGES)[:200],
        pdf([]),
        pdf([["a"]]).replace(b"Kids[5", b"Kids[9"),
    ],
)
def test_damage_is_said(data):
    with pytest.raises(InputError, match="is a PDF that is damaged"):
        text_of(data, "essay.pdf")


def test_bytes_before_the_first_are_forgiven():
    assert "boats" in text_of(b"\r\n%junk\r\n" + pdf(PAGES), "f")[0]


def test_too_many_pages_and_too_long_a_time_are_said(monkeypatch):
    monkeypatch.setattr(reader, "_MOST_SECONDS", -1.0)
    with pytest.raises(InputError, match="took longer"):
        text_of(pdf(PAGES), "f")
    monkeypatch.setattr(reader, "MOST_PAGES", 2)
    with pytest.raises(InputError, match="3 pages; at most 2"):
        text_of(pdf(PAGES), "f")


def test_threads_wait_for_each_other():
    files = [pdf([[f"Text {number} of many"] * 30] * 20) for number in range(4)]
    found = {}

    def read(at):
        found[at] = text_of(files[at], "f")[0]

    threads = [threading.Thread(target=read, args=(at,)) for at in range(len(files))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"Text {at} of" in text for at, text in found.items())
    assert len(found) == 4
