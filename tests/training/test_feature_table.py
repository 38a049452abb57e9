"""Which text may do what: roles, leaks, and the table of numbers."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from detector import InputError, score_texts
from detector.documents.sentences import sentence_spans
from detector.evaluation.feature_table import FeatureTable
from detector.records.token_scores import beginning_of
from detector.training import roles
from detector.training.beginnings import lengths_of
from detector.training.corpus import split_of
from detector.training.feature_table import build_table
from detector.training.roles import (
    LONG_VALIDATION_SHARE,
    PIECE_WORDS,
    human_references,
    labelled_texts,
    machine_references,
    role_of,
    select,
    unshown_references,
    voice_domains,
)
from detector.training.score_cache import cached_scores
from detector.verdict.classifier import LENGTH_LIMITS
from detector.verdict.features import feature_vector, series_of
from detector.verdict.lexical import LexicalModel
from tests.conftest import TRAINING_TEXT

VOICES = [{"domain": "d", "human": ["one"], "machine": ["one"]}]


def prose(seed, n_words=120):
    rng = np.random.default_rng(seed)
    return " ".join(rng.choice(TRAINING_TEXT.split(), size=n_words).tolist())


def write(path, records):
    path.write_text("\n".join(json.dumps(r) for r in records))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The data sets, the corpus and the splits, as every test finds them."""
    root = tmp_path_factory.mktemp("written")
    folder = root / "detection"
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
    splits = {"fit": [{"dataset": "one"}], "dev": [{"dataset": "two"}], "voices": VOICES}
    (root / "splits.json").write_text(json.dumps(splits))
    (root / "corpus").mkdir()
    documents = [{"text": prose(9000 + i, PIECE_WORDS + 30), "source": f"s{i}"} for i in range(400)]
    write(root / "corpus" / "news__a.jsonl", documents)
    return root


@pytest.fixture(scope="module")
def before(written):
    """Every text and its role, before a test adds one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roles, "SPLITS_FILE", written / "splits.json")
        return labelled_texts(written / "detection", written / "corpus", 100, 100, 100)


@pytest.fixture(scope="module")
def few(written):
    """A few texts of every role."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roles, "SPLITS_FILE", written / "splits.json")
        return labelled_texts(written / "detection", written / "corpus", 6, 6, 6)


@pytest.fixture(scope="module")
def table(tiny, few, weights):
    return build_table(tiny, few, lexical_model=weights)


@pytest.fixture
def detection(written, tmp_path, monkeypatch):
    """Two sets, a pair in each id; the first fits, the second judges."""
    monkeypatch.setattr(roles, "SPLITS_FILE", written / "splits.json")
    return shutil.copytree(written / "detection", tmp_path / "detection")


@pytest.fixture
def corpus(written, tmp_path):
    return shutil.copytree(written / "corpus", tmp_path / "corpus")


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


def test_a_text_a_voice_was_tuned_on_is_left_out_of_every_role(detection, corpus, before):
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


def test_long_pieces_of_the_validation_split_are_references_too(detection, corpus):
    sources = [f"s{i}" for i in range(400) if split_of(f"s{i}") == "validation"][:4]
    long = [{"text": prose(90_000 + i, 2 * PIECE_WORDS + 9), "source": source} for i, source in enumerate(sources)]
    write(corpus / "essay__a.jsonl", long)
    added = [
        text
        for role, text in labelled_texts(detection, corpus, 100, 100, per_genre=3 * LONG_VALIDATION_SHARE)
        if role == "calibrate" and text.dataset == "corpus" and text.domain == "essay"
    ]
    assert len(added) == 3, "a seventh of what the reference split may give"
    assert {split_of(text.pair_id.split(":")[0]) for text in added} == {"validation"}
    assert all(len(text.text.split()) == PIECE_WORDS for text in added)


def test_documents_that_show_a_probe_something_are_no_references(corpus, monkeypatch):
    monkeypatch.setattr(roles, "_recipe", lambda: {"probe": {"negatives": 4}})
    sources = [f"s{i}" for i in range(900) if split_of(f"s{i}") == "validation"]
    long = [{"text": prose(50_000 + i, 2 * PIECE_WORDS + 9), "source": source} for i, source in enumerate(sources)]
    write(corpus / "essay__a.jsonl", long)
    shown = {text.pair_id for text in human_references(corpus, 4, "validation")}
    references = unshown_references(corpus, 1000)
    assert references
    assert {split_of(text.pair_id.split(":")[0]) for text in references} == {"validation"}
    documents = {pair_id.rpartition(":")[0] for pair_id in shown}
    assert not {text.pair_id.rpartition(":")[0] for text in references} & documents, "not their other pieces either"
    everything = {text.pair_id.rpartition(":")[0] for text in human_references(corpus, 1000, "validation")}
    assert {text.pair_id.rpartition(":")[0] for text in references} == everything - documents


def test_long_machine_texts_calibrate_and_are_cut(detection):
    long = [
        {"text": prose(70_000 + i, 700), "label": label, "pair_id": f"long-{i}", "generator": "g"}
        for i in range(60)
        for label in ("human", "machine")
    ]
    with (detection / "one.jsonl").open("a") as out:
        out.write("".join("\n" + json.dumps(record) for record in long))
    found = machine_references(detection, per_generator=5)
    assert len(found) == 5
    assert all(text.is_machine and role_of(text.pair_id) == "calibrate" for text in found)
    assert {len(text.text.split(" ")) for text in found} == {PIECE_WORDS}


def test_a_text_the_model_has_read_is_left_out_of_every_role(detection, corpus, before):
    victims = {role: next(t for r, t in before if r == role) for role in ("fit", "calibrate", "dev")}
    trained_on = next(f"s{i}" for i in range(400) if split_of(f"s{i}") == "train")
    with (corpus / "news__a.jsonl").open("a") as out:
        for text in victims.values():
            out.write("\n" + json.dumps({"text": "Before. " + text.text.upper(), "source": trained_on}))
    after = labelled_texts(detection, corpus, 100, 100, 100)
    assert len(after) == len(before) - 3
    kept = {t.text for _, t in after}
    assert not kept & {t.text for t in victims.values()}


def test_a_dev_text_that_quotes_a_fitted_one_is_left_out(detection, corpus, before):
    fitted = next(t for r, t in before if r == "fit")
    with (detection / "two.jsonl").open("a") as out:
        record = {"text": fitted.text + " " + prose(77), "label": "human", "pair_id": "two-new"}
        out.write("\n" + json.dumps(record))
    after = labelled_texts(detection, corpus, 100, 100, 100)
    assert sum(r == "dev" for r, _ in after) == sum(r == "dev" for r, _ in before)


@pytest.fixture(scope="module")
def weights():
    return LexicalModel(np.random.default_rng(0).normal(size=512).astype(np.float32), intercept=-0.5)


def test_the_table_holds_what_the_verdict_would_compute(tiny, few, table, weights):
    whole = table.rows(table.is_whole)
    assert len(whole.n_tokens) == len(few)
    _, text = few[0]
    (scores,) = score_texts(tiny, [text.text])
    expected = feature_vector(series_of(scores, [a for a, _ in sentence_spans(text.text)], text.text, weights))
    np.testing.assert_allclose(whole.features[0], expected, rtol=1e-3, atol=1e-3)
    assert whole.n_tokens[0] == len(scores)
    assert table.model_fingerprint == tiny.fingerprint
    assert table.lexical_fingerprint == weights.fingerprint


def test_sentences_of_each_label_are_measured_on_its_calibration_texts(table, tmp_path):
    assert sorted(table.machine_sentence_bits) == table.machine_sentence_bits
    assert len(table.machine_sentence_bits) == len(table.human_sentence_bits) == 3
    assert table.machine_sentence_bits != table.human_sentence_bits
    table.save(tmp_path / "new.parquet")
    assert FeatureTable.load(tmp_path / "new.parquet").machine_sentence_bits == table.machine_sentence_bits


def test_a_table_from_before_machine_sentences_were_measured_is_read(table, tmp_path):
    table.save(tmp_path / "new.parquet")
    stored = pq.read_table(tmp_path / "new.parquet")
    facts = json.loads(stored.schema.metadata[b"detector"])
    del facts["machine_sentence_bits"]
    pq.write_table(stored.replace_schema_metadata({"detector": json.dumps(facts)}), tmp_path / "old.parquet")
    assert FeatureTable.load(tmp_path / "old.parquet").machine_sentence_bits == []


def test_the_scores_of_a_beginning_are_the_beginning_of_the_scores(tiny):
    text = prose(5, 14)
    (scores,) = score_texts(tiny, [text])
    n = next(i for i in range(len(scores) - 1, 0, -1) if text[int(scores.end_char[i - 1])] == " ")
    cut = beginning_of(scores, n)
    (alone,) = score_texts(tiny, [text[: int(cut.end_char[-1])]])
    assert alone.token_ids.tolist() == cut.token_ids.tolist()
    np.testing.assert_allclose(alone.log_prob_nats, cut.log_prob_nats, atol=1e-4)
    assert cut.model_fingerprint == scores.model_fingerprint


def test_every_length_bucket_below_its_own_gets_a_beginning(table):
    beginnings = table.rows(~table.is_whole)
    assert len(beginnings.n_tokens)
    assert np.isnan(beginnings.methods).all()
    for number in np.unique(table.text_number):
        rows = table.rows(table.text_number == number)
        assert rows.is_whole.sum() == 1
        buckets = np.searchsorted(LENGTH_LIMITS, rows.n_tokens, side="right")
        assert buckets.tolist() == list(range(1, len(buckets) + 1))
    assert lengths_of(49, "x") == [49]
    assert [np.searchsorted(LENGTH_LIMITS, n, side="right") for n in lengths_of(5000, "x")] == [1, 2, 3, 4, 5]


def test_cached_scores_are_the_scores_and_belong_to_their_texts(tiny, tmp_path, monkeypatch):
    texts = [prose(1), "", prose(2, 20), prose(1)]
    fresh = [one.scores for one in cached_scores(tiny, texts, None)]
    first = [one.scores for one in cached_scores(tiny, texts, tmp_path / "cache")]
    with monkeypatch.context() as patch:
        patch.setattr("detector.training.score_cache.score_texts", lambda *a, **k: iter(()))  # no second pass
        again = [one.scores for one in cached_scores(tiny, texts[::-1], tmp_path / "cache")][::-1]
    for kept in (first, again):
        for left, right in zip(fresh, kept, strict=True):
            assert len(left) == len(right)
            for name in ("token_ids", "end_char", "log_prob_nats", "rank", "log_prob_variance"):
                assert (getattr(left, name) == getattr(right, name)).all()


def test_broken_off_scoring_goes_on(tiny, tmp_path, monkeypatch):
    texts = [prose(seed, 20) for seed in range(70)]
    asked = []

    def breaks_off(model, wanted, **options):
        asked.append(len(wanted))
        for number, scores in enumerate(score_texts(model, wanted, **options)):
            if len(asked) == 1 and number == 40:
                raise KeyboardInterrupt
            yield scores

    monkeypatch.setattr("detector.training.score_cache.score_texts", breaks_off)
    with pytest.raises(KeyboardInterrupt):
        list(cached_scores(tiny, texts, tmp_path / "cache"))
    told = []
    kept = list(cached_scores(tiny, texts, tmp_path / "cache", report=lambda *counts: told.append(counts)))
    assert asked == [70, 70 - 32]  # a commit every 32 texts
    assert told[-1] == (38, 38)
    for text, one in zip(texts, kept, strict=True):
        np.testing.assert_allclose(
            one.scores.log_prob_nats, next(iter(score_texts(tiny, [text]))).log_prob_nats, atol=1e-4
        )


def test_a_damaged_cache_is_a_sentence(tiny, tmp_path):
    (tmp_path / "cache").write_bytes(b"damage " * 999)
    with pytest.raises(InputError, match="delete it to score again"):
        list(cached_scores(tiny, [prose(1)], tmp_path / "cache"))


def test_no_usable_text_is_a_sentence(tiny):
    with pytest.raises(InputError, match="at least 50 tokens"):
        build_table(tiny, [])
