"""Places and shares of parts, each expected value counted by hand."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest

from detector.records.result import Evidence, Result, Segment
from detector.report.outline import line_of, outline_of
from detector.report.parts import TextPart, parts_of, place_of, sentence_on_parts, shares_in_short
from tests.conftest import make_scores

# Paragraphs 1 to 3 with 2, 8 and 4 words; sentences 1, 2 to 5 and 6.
TEXT = "A heading\n\nOne two. Three four. Five six. Seven eight.\n\nNine ten eleven twelve."
SENTENCES = [(0, 9), (11, 19), (20, 31), (32, 41), (42, 54), (56, 79)]


def at(words: str) -> int:
    return TEXT.index(words)


@pytest.mark.parametrize(
    ("start", "end", "place"),
    [
        (0, 9, "paragraph 1"),
        (0, 11, "paragraph 1"),  # the blank line behind it belongs to nobody
        (11, len(TEXT), "paragraphs 2 to 3"),
        (0, at("Five"), "from the beginning of paragraph 1 to the middle of paragraph 2"),  # 4 of 8 words
        (0, at("Three"), "from the beginning of paragraph 1 to near the beginning of paragraph 2"),  # 2 of 8
        (at("Seven"), len(TEXT), "from near the end of paragraph 2 to the end of paragraph 3"),  # 6 of 8
        (at("Five"), at("Nine"), "from the middle to the end of paragraph 2"),
        (11, at("Five"), "from the beginning to the middle of paragraph 2"),
        (at("Three"), at("Seven"), "sentences 3 to 4 of the text, in paragraph 2"),
        (at("Three"), at("Five"), "sentence 3 of the text, in paragraph 2"),
        (9, 11, "between the words"),
    ],
)
def test_a_place_in_paragraphs(start, end, place):
    assert place_of(TEXT, start, end, SENTENCES) == place


def test_a_text_of_one_paragraph_is_counted_in_sentences():
    text = "One two. Three four. Five six."
    sentences = [(0, 8), (9, 20), (21, 30)]
    assert place_of(text, 0, 20, sentences) == "sentences 1 to 2"
    assert place_of(text, 21, 30, sentences) == "sentence 3"
    assert place_of(text, 0, 30, sentences) == "paragraph 1"


def test_line_breaks_are_paragraphs_if_sentences_end_there_and_lines_if_not():
    assert outline_of("One.\nTwo!\nThree").noun == "paragraph"
    wrapped = "\nIt rained and the\nold man stayed in\nand read. Then\nhe slept."
    assert outline_of(wrapped).noun == "line"
    assert outline_of(wrapped).numbers == (2, 3, 4, 5)  # the first line is blank
    assert place_of(wrapped, wrapped.index("Then"), len(wrapped), []) == "lines 4 to 5"  # no line has a middle
    assert outline_of("- milk\n\n- eggs").noun == "paragraph"
    assert outline_of("") == outline_of(" \n ")
    assert [line_of("a\r\nb\rc\n\nd", i) for i in (0, 3, 5, 8)] == [1, 2, 3, 5]


def result_of(text: str, segments: list[Segment], sentences=()) -> Result:
    sentences = list(sentences) or [(s.start_char, s.end_char) for s in segments]
    evidence = Evidence(
        text, make_scores([-1.0] * len(sentences)), sentences, sentences, [*range(len(sentences))],
        np.zeros(len(sentences)),
    )  # fmt: skip
    return Result(
        "x",
        None,
        "machine",
        None,
        "",
        model_name="m",
        model_fingerprint="f",
        segments=tuple(segments),
        evidence=evidence,
    )


def segment(start: int, end: int, label: str, leans_to: str) -> Segment:
    return Segment(start, end, label, leans_to, 0.0, 0.5, 0.5)


def test_the_sentence_says_the_larger_kind_first():
    """4 of 14 words and 10 of 14: 29 % and 71 %."""
    human, machine = segment(0, at("Nine"), "machine", "machine"), segment(at("Nine"), len(TEXT), "uncertain", "human")
    parts = parts_of(result_of(TEXT, [human, machine], SENTENCES))
    assert sentence_on_parts(parts) == (
        "Mostly machine-like: paragraphs 1 to 2 (71 % of the words); paragraph 3 leans human, undecided (29 %)."
    )
    assert shares_in_short(parts) == "71 % reads like machine text; 29 % leans human, undecided"
    assert [(p.line, p.last_line, p.beginning) for p in parts] == [
        (1, 3, "A heading One two. Three four. Five six. Seven \u2026"),
        (5, 5, "Nine ten eleven twelve."),
    ]
    assert [p.label for p in parts] == ["reads like machine text", "leans human, undecided (few words)"]
    turned = [replace(human, label="uncertain"), replace(machine, label="human")]
    assert sentence_on_parts(parts_of(result_of(TEXT, turned, SENTENCES))) == (
        "Mostly leaning machine, undecided: paragraphs 1 to 2 (71 % of the words); paragraph 3 is human-like (29 %)."
    )


def test_parts_that_meet_within_a_sentence_say_so():
    """Of three sentences of two words the machine begins within the second: 3 of 6 words each."""
    text = "One two. Three, four. Five six."
    sentences = [(0, 8), (9, 21), (22, 31)]
    border = text.index("four")
    first = segment(0, border - 1, "human", "human")
    second = replace(segment(border, 31, "machine", "machine"), begins_between=(border, border))
    parts = parts_of(result_of(text, [first, second], sentences))
    assert [part.place for part in parts] == [
        "sentence 1 and the beginning of sentence 2",
        "from within sentence 2 to sentence 3",
    ]
    assert [part.border for part in parts] == ["", "it begins within sentence 2"]
    assert [part.n_words for part in parts] == [3, 3]
    wider = replace(second, begins_between=(9, 22))
    assert parts_of(result_of(text, [first, wider], sentences))[1].border == (
        "it may begin anywhere from sentence 2 to 3"
    )


def test_half_is_said_as_half():
    text = "One two.\n\nThree four."
    parts = parts_of(result_of(text, [segment(0, 8, "human", "human"), segment(10, 21, "machine", "machine")]))
    assert sentence_on_parts(parts).startswith(
        "About half human-like: paragraph 1 (50 % of the words); paragraph 2 is m"
    )


def test_many_parts_are_named_by_the_longest_and_counted():
    """Ten paragraphs of 1 to 10 words; the odd lean human (25 of 55 words), the even machine (30 of 55)."""
    lines = [" ".join(["word"] * n) + "." for n in range(1, 11)]
    text, starts = "\n\n".join(lines), [sum(len(line) + 2 for line in lines[:i]) for i in range(10)]
    sides = ["human", "machine"] * 5
    parts = parts_of(
        result_of(
            text,
            [segment(a, a + len(line), "uncertain", side) for a, line, side in zip(starts, lines, sides, strict=True)],
        )
    )
    assert sentence_on_parts(parts) == (
        "About half leaning machine, undecided: paragraph 6, paragraph 8, paragraph 10 and 2 shorter parts (55 % of "
        "the words); paragraph 5, paragraph 7, paragraph 9 and 2 shorter parts lean human, undecided (45 %)."
    )
    assert sum(p.share for p in parts) == pytest.approx(1)


def test_a_third_of_each_kind_is_partly():
    """Three parts of two words: machine, leaning human, human; each a third."""
    text = "One two. Three four. Five six."
    segments = [
        segment(0, 8, "machine", "machine"), segment(9, 20, "uncertain", "human"), segment(21, 30, "human", "human")
    ]  # fmt: skip
    assert sentence_on_parts(parts_of(result_of(text, segments))) == (
        "Partly leaning human, undecided: sentence 2 (33 % of the words); sentence 3 is human-like (33 %); sentence 1 "
        "is machine-like (33 %)."
    )


def test_one_part_and_no_text_have_no_sentence():
    assert parts_of(result_of("One.", [segment(0, 4, "machine", "machine")])) == []
    assert parts_of(Result.unscored("empty", "", id="x")) == []
    assert sentence_on_parts([]) == shares_in_short([]) == ""


def test_two_thousand_parts_take_no_time():
    sentence = "It rained all day.\n"
    text = sentence * 2000
    starts = range(0, len(text), len(sentence))
    sides = itertools.cycle(["human", "machine"])
    segments = [segment(a, a + len(sentence) - 1, "uncertain", side) for a, side in zip(starts, sides, strict=False)]
    result = result_of(text, segments)
    before = time.process_time()
    parts = parts_of(result)
    assert time.process_time() - before < 2
    assert [parts[i].place for i in (0, 1999)] == ["paragraph 1", "paragraph 2000"]
    assert [parts[i].line for i in (0, 1999)] == [1, 2000]


def test_a_word_without_end_is_cut():
    parts = parts_of(
        result_of("x" * 500 + " y", [segment(0, 500, "human", "human"), segment(501, 502, "human", "human")])
    )
    assert isinstance(parts[0], TextPart)
    assert len(parts[0].beginning) <= 72
