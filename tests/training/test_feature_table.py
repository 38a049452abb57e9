"""Which text may do what: roles, leaks, and the table of numbers."""

import json

import numpy as np
import pytest

from detector import InputError, score_texts
from detector.documents.sentences import sentence_spans
from detector.training import roles
from detector.training.corpus import split_of
from detector.training.feature_table import build_table
from detector.training.roles import human_references, labelled_texts, role_of, select, voice_domains
from detector.training.score_cache import cached_scores
from detector.verdict.features import feature_vector, series_of
from tests.conftest import TRAINING_TEXT

VOICES = [{"domain": "d", "human": ["one"], "machine": ["one"]}]


def prose(seed, n_words=120):
    rng = np.random.default_rng(seed)
    return " ".join(rng.choice(TRAINING_TEXT.split(), size=n_words).tolist())


def write(path, records):
    path.write_text("\n".join(json.dumps(r) for r in records))


@pytest.fixture
def detection(tmp_path, monkeypatch):
    """Two sets, a pair in each id; the first fits, the second judges."""
    folder = tmp_path / "detection"
    folder.mkdir()
    for name, first in (("one", 0), ("two", 5000)):
        write(
            folder / f"{name}.jsonl",
            [
                {"text": prose(first + 2 * i + (label == "machine")), "label": label, "pair_id": f"{name}-{i}"}
                for i in range(60)
                for label in ("human", "machine")
            ],
        )
    splits = tmp_path / "splits.json"
    splits.write_text(json.dumps({"fit": [{"dataset": "one"}], "dev": [{"dataset": "two"}], "voices": VOICES}))
    monkeypatch.setattr(roles, "SPLITS_FILE", splits)
    return folder


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    write(folder / "news__a.jsonl", [{"text": prose(9000 + i, 900), "source": f"s{i}"} for i in range(400)])
    return folder


def test_the_half_kept_for_language_models_never_appears(detection):
    chosen = select(detection, "fit", humans=100, machines=100)
    assert {role_of(t.pair_id) for t in chosen} == {"fit", "calibrate"}
    assert len(select(detection, "dev", humans=100, machines=100)) == 120


def test_the_voices_get_the_other_half_and_nothing_else(detection):
    (domain,) = voice_domains(detection)
    assert domain.human
    assert domain.machine
    assert not any(t.is_machine for t in domain.human)
    assert all(t.is_machine for t in domain.machine)
    assert {role_of(t.pair_id) for t in [*domain.human, *domain.machine]} == {"voice"}
    n_all = len(select(detection, "fit", humans=100, machines=100)) + len(domain.human) + len(domain.machine)
    assert n_all == 120


def test_a_text_a_voice_was_tuned_on_is_left_out_of_every_role(detection, corpus):
    before = labelled_texts(detection, corpus, 100, 100, 100)
    victims = {role: next(t for r, t in before if r == role) for role in ("fit", "calibrate", "dev")}
    tuned = next(f"more-{i}" for i in range(100) if role_of(f"more-{i}") == "voice")
    with (detection / "one.jsonl").open("a") as out:
        for text in victims.values():
            record = {"text": "Before. " + text.text.upper(), "label": "human", "pair_id": tuned}
            out.write("\n" + json.dumps(record))
    after = labelled_texts(detection, corpus, 100, 100, 100)
    assert len(after) == len(before) - 3
    assert not {t.text for _, t in after} & {t.text for t in victims.values()}


def test_a_set_in_both_parts_gives_no_pair_to_both(detection, monkeypatch):
    splits = {"fit": [{"dataset": "one"}], "dev": [{"dataset": "one"}], "voices": VOICES}
    monkeypatch.setattr(roles, "_recipe", lambda: splits)
    (domain,) = voice_domains(detection)
    fit = {t.pair_id for t in [*select(detection, "fit", 100, 100), *domain.human, *domain.machine]}
    dev = {t.pair_id for t in select(detection, "dev", 100, 100)}
    assert fit
    assert dev
    assert not fit & dev


def test_a_missing_data_set_is_named(detection):
    (detection / "two.jsonl").unlink()
    with pytest.raises(InputError, match="The data set two is not in"):
        select(detection, "dev", 1, 1)


def test_references_come_from_held_out_documents_and_are_folded(corpus):
    marked = [{"text": "\u201c" + prose(i, 300) + "\u2026", "source": f"s{i}"} for i in range(400)]
    write(corpus / "news__a.jsonl", marked)
    references = human_references(corpus, per_genre=1000)
    assert references
    assert all(split_of(r.pair_id.split(":")[0]) == "reference" for r in references)
    assert all(r.text.isascii() for r in references)
    assert len({r.text for r in references}) == len(references)


def test_a_text_the_model_has_read_is_left_out_of_every_role(detection, corpus):
    before = labelled_texts(detection, corpus, 100, 100, 100)
    victims = {role: next(t for r, t in before if r == role) for role in ("fit", "calibrate", "dev")}
    trained_on = next(f"s{i}" for i in range(400) if split_of(f"s{i}") == "train")
    with (corpus / "news__a.jsonl").open("a") as out:
        for text in victims.values():
            out.write("\n" + json.dumps({"text": "Before. " + text.text.upper(), "source": trained_on}))
    after = labelled_texts(detection, corpus, 100, 100, 100)
    assert len(after) == len(before) - 3
    kept = {t.text for _, t in after}
    assert not kept & {t.text for t in victims.values()}


def test_a_dev_text_that_quotes_a_fitted_one_is_left_out(detection, corpus):
    before = labelled_texts(detection, corpus, 100, 100, 100)
    fitted = next(t for r, t in before if r == "fit")
    with (detection / "two.jsonl").open("a") as out:
        record = {"text": fitted.text + " " + prose(77), "label": "human", "pair_id": "two-new"}
        out.write("\n" + json.dumps(record))
    after = labelled_texts(detection, corpus, 100, 100, 100)
    assert sum(r == "dev" for r, _ in after) == sum(r == "dev" for r, _ in before)


def test_the_table_holds_what_the_verdict_would_compute(tiny, detection, corpus):
    labelled = labelled_texts(detection, corpus, 6, 6, 6)
    table = build_table(tiny, labelled)
    assert len(table.n_tokens) == len(labelled)
    _, text = labelled[0]
    (scores,) = score_texts(tiny, [text.text])
    expected = feature_vector(series_of(scores, [a for a, _ in sentence_spans(text.text)]))
    np.testing.assert_allclose(table.features[0], expected, rtol=1e-3, atol=1e-3)
    assert table.n_tokens[0] == len(scores)
    assert table.model_fingerprint == tiny.fingerprint


def test_cached_scores_are_the_scores_and_belong_to_their_texts(tiny, tmp_path, monkeypatch):
    texts = [prose(1), "", prose(2, 20)]
    fresh = cached_scores(tiny, texts, tmp_path / "cache")
    with monkeypatch.context() as patch:
        patch.setattr("detector.training.score_cache.score_texts", None)  # a second pass would fail
        again = cached_scores(tiny, texts, tmp_path / "cache")
    for left, right in zip(fresh, again, strict=True):
        assert len(left) == len(right)
        for name in ("token_ids", "end_char", "log_prob_nats", "rank", "log_prob_variance"):
            assert (getattr(left, name) == getattr(right, name)).all()
    (other,) = cached_scores(tiny, [prose(3)], tmp_path / "cache")
    (tmp_path / "cache").write_bytes(b"damage")
    with pytest.raises(InputError, match="delete it, and the texts are scored again"):
        cached_scores(tiny, texts, tmp_path / "cache")
    assert other.token_ids.tolist() == next(iter(score_texts(tiny, [prose(3)]))).token_ids.tolist()


def test_no_usable_text_is_a_sentence(tiny):
    with pytest.raises(InputError, match="at least 50 tokens"):
        build_table(tiny, [])
