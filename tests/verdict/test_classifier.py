import json
import math
from dataclasses import replace

import numpy as np
import pytest

from detector import CalibrationError
from detector.records.references import LengthBucket
from detector.verdict.classifier import Classifier
from detector.verdict.features import BASE_NAMES, FEATURE_NAMES
from tests.conftest import make_classifier


@pytest.fixture
def classifier(tiny):
    buckets = [
        LengthBucket(50, [1.0, 2.0, 3.0, 4.0], [2.0, 5.0], [0.0, 1.0, 2.0, 3.0], [0.5, 0.5]),
        LengthBucket(100, [0.0], [9.0], [0.0], [0.0]),
    ]
    return replace(make_classifier(tiny), buckets=buckets, probability_slope=2.0, probability_intercept=-1.0)


def test_score_is_linear_in_scaled_features(classifier):
    n = len(BASE_NAMES)
    changed = replace(
        classifier, means=[1.0] * n, scales=[2.0] * n, coefficients=[1.0] + [0.0] * (n - 1), intercept=0.5
    )
    features = np.zeros(n)
    features[0] = 7.0
    assert changed.score(features) == pytest.approx((7 - 1) / 2 + 0.5)


@pytest.mark.parametrize(
    ("score", "p_value"),
    [(5.0, 1 / 5), (4.0, 2 / 5), (3.5, 2 / 5), (1.0, 5 / 5), (0.0, 5 / 5)],
)
def test_p_value_counts_references_at_least_as_high_and_the_text_itself(classifier, score, p_value):
    assert classifier.p_value(score, 60) == pytest.approx(p_value)


def test_human_p_value_counts_machine_references_at_most_as_high(classifier):
    assert classifier.human_p_value(1.0, 60) == pytest.approx(1 / 3)
    assert classifier.human_p_value(2.0, 60) == pytest.approx(2 / 3)
    assert classifier.human_p_value(9.0, 60) == pytest.approx(1)


def test_a_score_that_is_no_number_is_never_an_alarm(classifier):
    assert classifier.p_value(math.nan, 60) == 1


def test_one_odd_feature_cannot_decide(classifier):
    n = len(BASE_NAMES)
    steep = replace(classifier, coefficients=[1.0] * n, intercept=0.0)
    odd = np.zeros(n)
    odd[0] = 1e6
    assert steep.score(odd) == pytest.approx(8)


def test_a_classifier_for_other_features_or_without_references_is_refused(classifier):
    with pytest.raises(CalibrationError, match=r"does not compute \(unheard\)"):
        replace(classifier, feature_names=["unheard", *BASE_NAMES[1:]])
    with pytest.raises(CalibrationError, match="no reference texts from 50 tokens"):
        replace(classifier, buckets=[])
    with pytest.raises(CalibrationError, match="not as many means"):
        replace(classifier, means=[0.0])
    with pytest.raises(CalibrationError, match="does not say which"):
        replace(classifier, feature_names=["voice_ratio", *BASE_NAMES[1:]])


def test_references_are_of_like_length(classifier):
    assert classifier.bucket(99).least_tokens == 50
    assert classifier.bucket(100).least_tokens == 100
    assert classifier.smallest_p_value(60) == pytest.approx(1 / 5)


def test_probability_is_logistic(classifier):
    assert classifier.probability_machine(0.5) == pytest.approx(0.5)
    assert classifier.probability_machine(1.0) == pytest.approx(1 / (1 + math.exp(-1)))


def test_a_conformal_p_value_keeps_its_promise(tiny):
    """On exchangeable scores the share of p-values at or below alpha is at most alpha, and close to it."""
    rng, template = np.random.default_rng(0), make_classifier(tiny)
    alarms = 0
    for _ in range(4000):
        scores = rng.normal(size=100)
        bucket = LengthBucket(50, sorted(scores[1:].tolist()), [0.0], [0.0], [0.0])
        one = replace(template, buckets=[bucket])
        alarms += one.p_value(float(scores[0]), 60) <= 0.05
    assert alarms / 4000 == pytest.approx(0.05, abs=0.012)


def test_out_of_range_names_the_feature(tiny):
    classifier = replace(make_classifier(tiny), ranges={"mean_entropy": [0.0, 1.0], "lexical_score": [0.0, 1.0]})
    features = np.full(len(FEATURE_NAMES), 1.9)  # within once the range on either side
    assert classifier.out_of_range(features) == []
    features[FEATURE_NAMES.index("mean_entropy")] = 2.1
    features[FEATURE_NAMES.index("mean_surprisal")] = 99.0  # of which nothing is known
    assert classifier.out_of_range(features) == ["mean_entropy"]
    features[FEATURE_NAMES.index("mean_entropy")] = -1.1
    assert classifier.out_of_range(features) == ["mean_entropy"]


def test_features_are_found_by_name_whatever_their_order(tiny):
    template = make_classifier(tiny)
    chosen = ["voice_ratio", "mean_surprisal"]
    few = replace(
        template, feature_names=chosen, means=[0.0] * 2, scales=[1.0] * 2, coefficients=[1.0, 10.0], intercept=0.0,
        voices_fingerprint="v",
    )  # fmt: skip
    features = np.full(len(FEATURE_NAMES), np.nan)
    features[FEATURE_NAMES.index("voice_ratio")] = 0.5
    features[FEATURE_NAMES.index("mean_surprisal")] = 0.25
    assert few.score(features) == pytest.approx(3.0)
    assert few.out_of_range(features) == []
    assert few.needs_voices
    assert not template.needs_voices


def test_missing_or_other_voices_are_refused(classifier):
    classifier.check_voices("m", None)
    voiced = replace(classifier, feature_names=["voice_ratio", *BASE_NAMES[1:]], voices_fingerprint="a" * 16)
    voiced.check_voices("m", "a" * 16)
    with pytest.raises(CalibrationError, match="beside m are missing"):
        voiced.check_voices("m", None)
    with pytest.raises(CalibrationError, match="beside m are bbbb"):
        voiced.check_voices("m", "b" * 16)


def test_saving_and_loading_changes_nothing(classifier, tmp_path):
    classifier.save(tmp_path / "c.json")
    assert Classifier.load(tmp_path / "c.json") == classifier


def test_another_model_is_refused_with_what_to_do(classifier):
    with pytest.raises(CalibrationError, match=r"belongs to the model tiny .* `detect score`"):
        classifier.check_fingerprint("other", "f" * 16)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema_version": 3}', '{"schema_version": 99}'])
def test_a_file_that_is_no_calibration(tmp_path, content):
    path = tmp_path / "c.json"
    path.write_text(content)
    with pytest.raises(CalibrationError, match=r"not a calibration file|has calibration format 99"):
        Classifier.load(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(CalibrationError, match="cannot be read"):
        Classifier.load(tmp_path / "none.json")


def test_the_file_is_plain_json(classifier, tmp_path):
    classifier.save(tmp_path / "c.json")
    assert json.loads((tmp_path / "c.json").read_text())["schema_version"] == 4
