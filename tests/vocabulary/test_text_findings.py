import numpy as np
import pytest

from detector.errors import InputError
from detector.verdict.detector import Detector
from detector.vocabulary.analysis import analyse_vocabulary
from detector.vocabulary.model_source import load_tokenizer
from detector.vocabulary.text_findings import TokenHistory, history_of
from tests.conftest import TRAINING_TEXT, make_classifier


def ids(*values):
    return np.array(values, dtype=np.int32)


def in_a_row(history, *token_ids):
    """Findings of tokens of two characters each, one after the other."""
    starts = np.arange(0, 2 * len(token_ids), 2)
    return history.findings(ids(*token_ids), starts, starts + 2)


def test_counts_decide_what_is_rare_and_what_was_never_seen():
    history = TokenHistory.from_counts(np.array([0, 1, 9, 10, 1000]))
    found = in_a_row(history, 3, 0, 3, 1, 3, 2, 4)
    assert [(f.kind, f.start_char, f.end_char) for f in found] == [
        ("undertrained_token", 2, 4),
        ("rare_token", 6, 8),
        ("rare_token", 10, 12),
    ]
    assert found[0].detail == "a token never seen in training; the model's numbers mean nothing here"
    assert found[1].detail == "a token seen once in training, among 1,020; the model knows little of this"
    assert found[2].detail == "a token seen 9 times in training, among 1,020; the model knows little of this"


def test_neighbours_and_parts_of_one_character_are_one_place():
    history = TokenHistory.from_counts(np.array([0, 1, 9, 10, 1000]))
    (found,) = history.findings(ids(2, 1, 0), np.array([5, 7, 7]), np.array([7, 8, 8]))
    assert (found.kind, found.start_char, found.end_char) == ("undertrained_token", 5, 8)
    assert found.detail.startswith("3 tokens seen 0 to 9 times")


def test_ordinary_text_has_none():
    history = TokenHistory.from_counts(np.array([10, 10_000]))
    assert in_a_row(history, 0, 1, 0) == []
    assert history.findings(ids(), ids(), ids()) == []


@pytest.fixture(scope="module")
def analysis(tiny_folder):
    found, _ = analyse_vocabulary(tiny_folder, load_tokenizer(tiny_folder), "tiny")
    return found


def test_a_saved_analysis_speaks_where_no_counts_do(analysis):
    analysis = analysis.with_verification(
        {"tokens": [{"token_id": 300, "outcome": "confirmed"}, {"token_id": 301, "outcome": "echoed"}]}
    )
    analysis.at_floor[:] = False
    analysis.at_floor[302] = True
    history = TokenHistory.from_analysis(analysis)
    found = in_a_row(history, 300, 301, 302)
    assert [f.kind for f in found] == ["rare_token", "undertrained_token"]
    assert "cannot give it back" in found[0].detail
    assert "weights look never trained" in found[1].detail
    impossible = next(i for i, data in enumerate(analysis.token_bytes) if data == b"\xff")
    (found,) = in_a_row(history, impossible)
    assert found.kind == "impossible_token"
    assert "stands in no UTF-8 text" in found.detail


def test_an_analysis_of_another_tokenizer_is_refused(analysis, tmp_path):
    path = tmp_path / "analysis.json"
    analysis.save(path)
    assert history_of(None, path, analysis.tokenizer_fingerprint + "0" * 48) is not None
    with pytest.raises(InputError, match="whose tokenizer is another one"):
        history_of(None, path, "f" * 64)


def test_counts_in_the_model_s_folder_are_used(tmp_path):
    assert history_of(None, None, "") is None
    assert history_of(tmp_path, None, "") is None
    (tmp_path / "token_counts.json").write_text("[0, 5, 50]")
    assert history_of(tmp_path, None, "").kinds == {0: "undertrained_token", 1: "rare_token"}


def test_the_verdict_shows_them_and_is_not_changed_by_them(tiny):
    counts = np.full(400, 100)
    rare = tiny.encoder.encode(" harbour")[0][-1]
    counts[rare] = 3
    classifier = make_classifier(tiny)
    plain = Detector(tiny, classifier).detect(TRAINING_TEXT)
    found = Detector(tiny, classifier, token_history=TokenHistory.from_counts(counts)).detect(TRAINING_TEXT)
    rare_ones = [finding for finding in found.findings if finding.kind == "rare_token"]
    assert len(rare_ones) == 2
    assert all(TRAINING_TEXT[f.start_char : f.end_char] in " harbour" for f in rare_ones)
    before, after = plain.to_dict(), found.to_dict()
    assert [f for f in after.pop("findings") if f["kind"] != "rare_token"] == before.pop("findings")
    assert after.pop("finding_counts") == before.pop("finding_counts") | {"rare_token": 2}
    assert before == after
