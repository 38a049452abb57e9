"""A small labelled set from texts of one's own."""

import json
import sys

import pytest

from detector import InputError
from detector.documents.reading import SourceText
from detector.evaluation.labelled_texts import read_labelled
from detector.training.__main__ import main
from detector.training.own_pairs import FEWEST_WORDS, PROMPT_WORDS, make_pairs, passages
from tests.conftest import TRAINING_TEXT

SENTENCE = "One two three four five six seven eight nine ten. "


def test_passages_are_whole_sentences_of_so_many_words():
    found = passages(SENTENCE * 31, 120)
    assert [len(passage.split()) for passage in found] == [120, 120, 70]
    assert all(passage.endswith("ten.") for passage in found)
    assert len(passages(SENTENCE * 29, 120)) == 2  # the last 50 words are too few


def test_each_passage_has_a_machine_text_of_its_length_at_most(tiny):
    made = list(make_pairs([SourceText("a", None, (TRAINING_TEXT + " ") * 4)], tiny, n_words=70, most=2))
    assert [record["label"] for record in made] == ["human", "machine"] * 2
    for human, machine in zip(made[::2], made[1::2], strict=True):
        assert human["pair_id"] == machine["pair_id"]
        assert 0 < len(machine["text"].split()) <= len(human["text"].split())
        assert not machine["text"].startswith(" ".join(human["text"].split()[:PROMPT_WORDS]))


def test_texts_that_are_too_short_are_said(tiny):
    with pytest.raises(InputError, match=f"None of the 1 texts has {FEWEST_WORDS} words"):
        list(make_pairs([SourceText("a", None, SENTENCE)], tiny))


def test_the_command_writes_what_the_others_read(tiny_folder, tmp_path, monkeypatch):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text((TRAINING_TEXT + " ") * 3)
    arguments = ["pairs", str(tmp_path / "texts"), "--out", str(tmp_path / "m.jsonl"), "--model", str(tiny_folder)]
    monkeypatch.setattr(sys, "argv", ["detector.training", *arguments, "--words", "60", "--most", "1"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 0
    assert [json.loads(line)["label"] for line in (tmp_path / "m.jsonl").read_text().splitlines()] == [
        "human",
        "machine",
    ]
    assert any(not text.is_machine for text in read_labelled(tmp_path / "m.jsonl"))
