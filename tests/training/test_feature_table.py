"""Which text may do what: roles, leaks, and the table of numbers."""

import json

import numpy as np
import pytest

from detector import InputError, score_texts
from detector.documents.sentences import sentence_spans
from detector.training import feature_table
from detector.training.corpus import split_of
from detector.training.feature_table import build_table, human_references, labelled_texts, role_of, select
from detector.verdict.features import feature_vector, series_of
from tests.conftest import TRAINING_TEXT


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
    splits.write_text(json.dumps({"fit": [{"dataset": "one"}], "dev": [{"dataset": "two"}]}))
    monkeypatch.setattr(feature_table, "SPLITS_FILE", splits)
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


def test_no_usable_text_is_a_sentence(tiny):
    with pytest.raises(InputError, match="at least 50 tokens"):
        build_table(tiny, [])
