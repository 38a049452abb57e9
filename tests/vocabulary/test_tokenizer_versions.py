import json

import pytest

from detector.errors import ModelError
from detector.vocabulary.tokenizer_parts import take_apart
from detector.vocabulary.tokenizer_versions import compare_versions
from tests.vocabulary import tokenizers_made_here as made

MERGES = [("a", "b"), ("ab", "c"), ("b", "c")]


def older_files(folder, tokenizer, merges):
    vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    lines = [f"{left} {right}" for left, right in merges]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *lines, ""]))


def test_versions_that_agree(tmp_path):
    tokenizer = made.byte_level(MERGES)
    older_files(tmp_path, tokenizer, MERGES)
    found = compare_versions(take_apart(tokenizer), tmp_path)
    assert found.slow_version.startswith("vocab.json and merges.txt")
    assert found.compared == 128 + len(MERGES)
    assert found.disagreements == ()


def test_merges_in_another_order_are_found_at_the_tokens_they_change(tmp_path):
    tokenizer = made.byte_level(MERGES)
    older_files(tmp_path, tokenizer, [("b", "c"), ("a", "b"), ("ab", "c")])
    parts = take_apart(tokenizer)
    (found,) = compare_versions(parts, tmp_path).disagreements
    at = parts.pieces.index
    assert found.token_id == at("abc")
    assert found.fast == (at("abc"),)
    assert found.slow == (at("a"), at("bc"))


def test_a_changed_number_is_found(tmp_path):
    tokenizer = made.byte_level(MERGES)
    older_files(tmp_path, tokenizer, MERGES)
    vocabulary = json.loads((tmp_path / "vocab.json").read_text())
    vocabulary["x"], vocabulary["y"] = vocabulary["y"], vocabulary["x"]
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    assert len(compare_versions(take_apart(tokenizer), tmp_path).disagreements) == 2


def test_without_older_files_the_merges_are_applied_step_by_step(tmp_path):
    found = compare_versions(take_apart(made.with_fallback()), tmp_path)
    assert "step by step" in found.slow_version
    assert found.disagreements == ()
    assert found.compared > 100


def test_without_merges_and_older_files_there_is_nothing_to_compare(tmp_path):
    found = compare_versions(take_apart(made.unigram()), tmp_path)
    assert (found.compared, found.slow_version) == (0, "")
    assert "Unigram" in found.not_compared


@pytest.mark.parametrize(("vocabulary", "merges"), [("{", "a b"), ('{"a": 0}', "a b"), ("{}", "a b c d")])
def test_damaged_files_are_named(tmp_path, vocabulary, merges):
    (tmp_path / "vocab.json").write_text(vocabulary)
    (tmp_path / "merges.txt").write_text(merges)
    with pytest.raises(ModelError, match=r"vocab\.json and merges\.txt"):
        compare_versions(take_apart(made.byte_level(MERGES)), tmp_path)
