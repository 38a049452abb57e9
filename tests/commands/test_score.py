"""The numbers of every token, of the text as it stands."""

import json

import numpy as np
import pytest


def test_score_gives_every_token_of_the_text_as_it_stands(run, tmp_path):
    path = tmp_path / "text.txt"
    text = "The old man\r\n\r\nwalked\u2026 🚢"
    path.write_bytes(text.encode())
    result = run("score", path, "--json", "--top", "3", calibrated=False)
    record = json.loads(result.stdout)
    assert record["schema_version"] == 1
    assert record["tokens"][0]["start_char"] == 0
    assert record["tokens"][-1]["end_char"] == len(text)
    for token in record["tokens"]:
        assert token["text"] == text[token["start_char"] : token["end_char"]]
        assert token["rank"] >= 1
        assert token["log_prob_nats"] < 0
        assert len(token["top"]) == 3
        assert token["top"][0][1] >= token["top"][2][1]
    table = run("score", path, calibrated=False).stdout
    assert len(table.splitlines()) == len(record["tokens"]) + 1


def test_score_undoes_disguises_and_says_so(run, tmp_path):
    path = tmp_path / "text.txt"
    text = "The \u043eld man\u200b walked."
    path.write_text(text, encoding="utf-8")
    result = run("score", path, "--json", calibrated=False)
    record = json.loads(result.stdout)
    path.write_text("The old man walked.")
    plain = json.loads(run("score", path, "--json", calibrated=False).stdout)
    path.write_text(text, encoding="utf-8")
    assert "".join(token["text"] for token in record["tokens"]) == text
    assert [token["id"] for token in record["tokens"]] == [token["id"] for token in plain["tokens"]]
    assert record["disguises_undone"] == {"invisible_character": 1, "lookalike_letter": 1}
    assert "text.txt is disguised (1 invisible character and 1 look-alike letter)" in result.stderr
    kept = run("score", path, "--json", "--as-given", calibrated=False)
    assert len(json.loads(kept.stdout)["tokens"]) > len(record["tokens"])
    assert "it is taken as it stands" in kept.stderr
    path.write_text("\u200b\u200b", encoding="utf-8")
    nothing = run("score", path, calibrated=False)
    assert nothing.exit_code == 3
    assert "leave no mark" in nothing.stderr


def test_score_of_a_missing_file(run):
    result = run("score", "none.txt", calibrated=False)
    assert result.exit_code == 3
    assert "no such file" in result.stderr


def test_tokens_that_a_model_masks_are_null_and_said(run, essay, monkeypatch):
    from detector import score_texts

    def masked(*arguments, **options):
        for scores in score_texts(*arguments, **options):
            scores.log_prob_nats[0] = -np.inf
            yield scores

    monkeypatch.setattr("detector.scoring.score_texts", masked)
    result = run("score", essay, "--json", calibrated=False)
    assert json.loads(result.stdout, parse_constant=pytest.fail)["tokens"][0]["log_prob_nats"] is None
    assert "gives some tokens of this text no probability at all" in result.stderr


def test_scoring_an_empty_file_is_a_sentence(run, tmp_path):
    path = tmp_path / "empty.txt"
    path.write_text("")
    result = run("score", path, calibrated=False)
    assert result.exit_code == 3
    assert "is empty" in result.stderr
