"""The embedded model and its calibration, as shipped."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from detector import Detector, LanguageModel, score_texts
from detector.models.catalogue import SMALL_FOLDER
from detector.verdict.classifier import LENGTH_LIMITS, Classifier
from detector.verdict.shipped import calibration_for

SAMPLES = Path(__file__).parents[2] / "datasets" / "samples"
ESSAY = (SAMPLES / "essay.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def embedded():
    return LanguageModel.load("small", device="cpu")


@pytest.fixture(scope="module")
def detector(embedded):
    return Detector(embedded, Classifier.load(calibration_for("small")))


@pytest.fixture(scope="module")
def essay_score(detector):
    return detector.detect(ESSAY).score


def test_the_card_and_the_facts_are_those_of_the_weights(embedded):
    facts = json.loads((SMALL_FOLDER / "training_facts.json").read_text())
    card = (SMALL_FOLDER / "README.md").read_text()
    assert hashlib.sha256((SMALL_FOLDER / "model.safetensors").read_bytes()).hexdigest() == facts["sha256"]
    assert facts["sha256"] in card
    assert facts["fingerprint_float32"] == embedded.fingerprint
    assert len(embedded.tokenizer) == 16_384


def test_token_counts_cover_the_vocabulary_and_the_tokens_seen():
    facts = json.loads((SMALL_FOLDER / "training_facts.json").read_text())
    counts = json.loads((SMALL_FOLDER / "token_counts.json").read_text())
    assert len(counts) == 16_384
    assert sum(counts) == facts["tokens_seen"]


def test_it_uses_the_chunked_head_and_a_boundary_token(embedded):
    assert embedded.uses_chunked_head
    assert embedded.first_token == "after_bos"


def test_it_keeps_the_fingerprint_that_its_calibration_is_bound_to(embedded):
    assert embedded.fingerprint == "4fd4cd6444c7588b"
    assert (embedded.prefix.token, embedded.repeats_prefix) == ("<|endoftext|>", False)
    assert embedded.prefix_need.divergence_nats < 0.2


def test_english_is_likelier_than_shuffled_english(embedded):
    shuffled = " ".join(np.random.default_rng(0).permutation(ESSAY.split()).tolist())
    ordinary, disordered = score_texts(embedded, [ESSAY, shuffled])
    assert ordinary.log_prob_nats.mean() > disordered.log_prob_nats.mean() + 0.5


def test_the_calibration_has_every_length_and_supports_one_per_cent(detector):
    assert [bucket.least_tokens for bucket in detector.classifier.buckets] == list(LENGTH_LIMITS)
    for bucket in detector.classifier.buckets:
        assert len(bucket.human_scores) >= 100
        assert bucket.human_scores == sorted(bucket.human_scores)
        assert bucket.machine_scores == sorted(bucket.machine_scores)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("essay.txt", "human"), ("letter.txt", "human"), ("answer.txt", "machine"), ("joined.txt", "mixed")],
)
def test_the_samples_are_read_as_their_readme_says(detector, name, verdict):
    result = detector.detect((SAMPLES / name).read_text(encoding="utf-8"))
    assert result.verdict == verdict
    assert 0 < result.p_value <= 1
    assert 0 < result.probability_machine < 1


def test_the_joined_sample_is_divided_where_it_was_joined(detector):
    text = (SAMPLES / "joined.txt").read_text(encoding="utf-8")
    human, machine = detector.detect(text).segments
    assert (human.label, machine.label) == ("human", "machine")
    assert human.end_char <= text.index("Public seating") <= machine.start_char


def test_the_short_sample_gets_none(detector):
    assert detector.detect((SAMPLES / "note.txt").read_text(encoding="utf-8")).reason == "too_short"


@pytest.mark.parametrize(
    "alter",
    [
        lambda t: t.replace("\n\n", "\n"),
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.replace("'", "\u2019").replace('"', "\u201d"),
        lambda t: t.replace(" ", "\u00a0"),
    ],
)
def test_layout_and_quote_style_do_not_move_the_score_at_all(detector, essay_score, alter):
    assert alter(ESSAY) != ESSAY
    assert detector.detect(alter(ESSAY)).score == essay_score
