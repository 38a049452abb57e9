import json

import pytest

from detector import InputError
from detector.evaluation.labelled_texts import (
    LENGTHS_IN_WORDS,
    LabelledText,
    cut_alike,
    read_labelled,
    sample,
    without_overlap,
    without_repeats,
    word_shingles,
)
from detector.training.roles import role_of

WORDS = "word " * 120


def write(path, *records):
    path.write_text("\n".join(json.dumps(r) for r in records))
    return path


def test_reading_folds_and_leaves_out_remnants_other_languages_and_scraps(tmp_path):
    path = write(
        tmp_path / "set.jsonl",
        {"text": "\u201cQuoted\u201d\n\n" + WORDS, "label": "human", "pair_id": "p1"},
        {"text": "Sure! Here is the essay: " + WORDS, "label": "machine"},
        {"text": "As an AI language model, " + WORDS, "label": "machine"},
        {"text": WORDS, "label": "machine", "language": "zh"},
        {"text": "too short", "label": "human"},
        {"text": WORDS, "label": "machine", "generator": "g"},
    )
    texts = list(read_labelled(path))
    assert [(t.is_machine, t.is_paired) for t in texts] == [(False, True), (True, False)]
    assert texts[0].text.startswith('"Quoted" word')
    assert texts[1].dataset == "set"


@pytest.mark.parametrize("line", ["nonsense", '{"text": "x"}', '{"text": "x", "label": "robot"}'])
def test_a_bad_line_is_named(tmp_path, line):
    path = tmp_path / "set.jsonl"
    path.write_text(line)
    with pytest.raises(InputError, match="line 1"):
        list(read_labelled(path))


def text_of(n_words, is_machine, pair_id="p", is_paired=True):
    return LabelledText("w " * (n_words - 1) + "end.", is_machine, "set", pair_id, is_paired)


def test_both_sides_of_a_pair_are_cut_to_the_same_length():
    for i in range(50):
        human, machine = cut_alike([text_of(400, False, f"p{i}"), text_of(180, True, f"p{i}")])
        # the machine text has 180 words and loses its last
        assert len(human.text.split()) in (180, *(n for n in LENGTHS_IN_WORDS if n < 180))
        assert abs(len(human.text.split()) - len(machine.text.split())) <= 1
        assert not machine.text.endswith("end.")


def test_texts_without_a_pair_are_cut_to_one_length():
    texts = [text_of(100 + i, i % 2 == 0, f"u{i}", is_paired=False) for i in range(80)]
    lengths = {len(t.text.split()) for t in cut_alike(texts)}
    assert len(lengths) == 1


def test_sampling_is_by_group_and_does_not_depend_on_the_order():
    texts = [text_of(60, i % 2 == 0, f"p{i}") for i in range(40)]
    chosen = sample(texts, humans=7, machines=5, seed="s")
    assert sum(t.is_machine for t in chosen) == 5
    assert len(chosen) == 12
    assert {t.pair_id for t in chosen} == {t.pair_id for t in sample(texts[::-1], 7, 5, "s")}


def test_a_text_that_another_set_borrowed_counts_once():
    texts = [text_of(200, False, "a"), text_of(200, False, "b"), text_of(201, False, "c")]
    others = [LabelledText("Another.", True, "s", "d"), text_of(200, True, "e")]
    assert [t.pair_id for t in without_repeats([*texts, *others])] == ["a", "d", "e"], "a rewriting is kept"


def test_shingles_ignore_case_and_punctuation():
    assert word_shingles("One, two three four five six seven EIGHT nine") == word_shingles(
        "one two three. Four five six - seven eight (nine)"
    )
    assert len(word_shingles("one two three four five six seven eight nine")) == 2
    assert word_shingles("too few words") == []


def test_a_text_that_shares_a_fifth_of_its_shingles_is_left_out():
    words = [f"w{i}" for i in range(57)]  # 50 shingles
    text = LabelledText(" ".join(words), False, "s", "p")
    shingles = word_shingles(text.text)
    assert without_overlap([text], set(shingles[:10])) == [text]
    assert without_overlap([text], set(shingles[:11])) == []


def test_a_pair_has_one_role_for_ever():
    roles = [role_of(f"pair {i}") for i in range(10_000)]
    assert roles.count("voice") / 10_000 == pytest.approx(0.5, abs=0.02)
    assert roles.count("fit") / 10_000 == pytest.approx(0.3, abs=0.02)
