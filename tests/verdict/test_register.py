import json
import math
from dataclasses import replace

import numpy as np
import pytest

from detector import CalibrationError
from detector.evaluation.metrics import auroc
from detector.records.references import Kind, LengthBucket
from detector.training.register_fit import fit_register
from detector.verdict.classifier import Classifier
from detector.verdict.features import FEATURE_NAMES, REGISTER_SIZE
from detector.verdict.register import REGISTER_COLUMNS, WIDEST, Register
from tests.conftest import make_classifier

REST = [0.0] * (REGISTER_SIZE - 1)


def a_register() -> Register:
    """Expected score 1 + 2 x, ln spread 0.1 + 0.5 x, where x is the first coordinate less 3, over 2."""
    return Register(
        means=[3.0, *REST],
        scales=[2.0, *[1.0] * (REGISTER_SIZE - 1)],
        expected_weights=[2.0, *REST],
        expected_intercept=1.0,
        spread_weights=[0.5, *REST],
        spread_intercept=0.1,
        spread_limits=[-1.0, 0.9],
    )


def a_second_register() -> Register:
    """Expected score 5 - x, spread 2, where x is the first coordinate of the second register."""
    return Register(
        means=[0.0, *REST],
        scales=[1.0] * REGISTER_SIZE,
        expected_weights=[-1.0, *REST],
        expected_intercept=5.0,
        spread_weights=[0.0, *REST],
        spread_intercept=math.log(2),
        spread_limits=[-1.0, 1.0],
        is_second=True,
    )


def features_at(*first: float) -> np.ndarray:
    features = np.zeros((len(first), len(FEATURE_NAMES)))
    features[:, REGISTER_COLUMNS[0]] = first
    return features


def test_hand_derived_values():
    features = features_at(3.0, 5.0, 1.0)  # x = 0, 1, -1
    assert a_register().expected(features) == pytest.approx([1, 3, -1])
    assert a_register().spread(features) == pytest.approx([math.exp(0.1), math.exp(0.6), math.exp(-0.4)])


def test_the_distance_is_the_mean_square_from_the_nearest_centre():
    register = replace(a_register(), centres=[[0.0, *REST], [2.0, *REST]])
    # x = 0.5 is nearest to 0, 1.75 to 2; far away coordinates are clipped
    found = register.distance(features_at(4.0, 6.5, 1e9))
    assert found == pytest.approx([0.25 / REGISTER_SIZE, 0.0625 / REGISTER_SIZE, (WIDEST - 2) ** 2 / REGISTER_SIZE])


def test_a_kind_of_text_far_from_all_references_is_judged_by_the_edge_of_them():
    features = features_at(3 + 2 * WIDEST, 1e9, -1e9)
    assert a_register().expected(features) == pytest.approx([1 + 2 * WIDEST, 1 + 2 * WIDEST, 1 - 2 * WIDEST])
    assert a_register().spread(features) == pytest.approx([math.exp(0.9), math.exp(0.9), math.exp(-1)])


def test_a_score_is_relative_to_texts_of_its_kind(tiny):
    plain = replace(make_classifier(tiny, lean=4.0), probe_fingerprint="p")
    relative = replace(plain, register=a_register())
    features = features_at(5.0)
    assert plain.score(features[0]) == pytest.approx(4.0)
    assert relative.score(features[0]) == pytest.approx((4.0 - 3) / math.exp(0.6))
    assert relative.needs_probe
    assert not plain.needs_probe


def test_of_two_registers_the_smaller_score_counts(tiny):
    both = replace(
        make_classifier(tiny, lean=4.0),
        probe_fingerprint="p",
        register=a_register(),
        second_register=a_second_register(),
    )
    features = features_at(5.0, 5.0, 5.0)
    features[:, FEATURE_NAMES.index("second_register_01")] = [0.0, 3.0, 2.5]
    first = (4.0 - 3) / math.exp(0.6)  # by the first register alone, of each text: 0.549
    # By the second a human text is expected to score 5 - 0, 5 - 3 and 5 - 2.5; what is above it is halved. Of the last
    # text it expects less than the first register does, and decides where it allows for more spread.
    third = replace(a_second_register(), spread_intercept=math.log(4), spread_limits=[-2.0, 2.0])
    assert both.scores(features) == pytest.approx([(4.0 - 5) / 2, first, first])
    assert replace(both, second_register=third).scores(features)[2] == pytest.approx((4.0 - 2.5) / 4)
    assert both.spread(features[0]) == pytest.approx(2)
    assert both.spread(features[1]) == pytest.approx(math.exp(0.6))
    for row in features:
        assert both.start(row) + both.contributions(row).sum() == pytest.approx(both.score(row))
    assert {"register_01", "second_register_12"} <= both.needed_features


@pytest.mark.parametrize("second", [None, a_second_register()])
def test_a_score_does_not_depend_on_the_rows_beside_it(tiny, second):
    classifier = replace(make_classifier(tiny), register=a_register(), second_register=second, probe_fingerprint="p")
    features = np.random.default_rng(0).normal(size=(50, len(FEATURE_NAMES)))
    together = classifier.scores(features)
    assert [classifier.score(row) for row in features] == together.tolist()


def test_what_is_written_is_read_again(tiny, tmp_path):
    classifier = replace(
        make_classifier(tiny),
        register=a_register(),
        second_register=a_second_register(),
        probe_fingerprint="p",
        number_formats={"bfloat16": "f" * 16},
    )
    classifier.number_formats["float32"] = classifier.model_fingerprint
    classifier.save(tmp_path / "c.json")
    assert Classifier.load(tmp_path / "c.json") == classifier
    classifier.check_fingerprint("other format", "f" * 16)
    with pytest.raises(CalibrationError, match="belongs to the model"):
        classifier.check_fingerprint("other model", "e" * 16)


def test_a_file_without_registers_is_read_with_its_plain_promise(tiny, tmp_path):
    make_classifier(tiny).save(tmp_path / "c.json")
    record = json.loads((tmp_path / "c.json").read_text()) | {"schema_version": 3}
    for name in ("register", "second_register", "raw_models", "kinds", "probe_fingerprint", "number_formats"):
        del record[name]
    for name in ("probe", "register"):
        del record["evidence"][name]
    (tmp_path / "c.json").write_text(json.dumps(record))
    found = Classifier.load(tmp_path / "c.json")
    assert found.register is None
    assert not found.needs_probe
    assert found.covered_format("bfloat16") == "float32"


def test_a_probe_that_is_missing_or_another_is_refused(tiny):
    classifier = replace(make_classifier(tiny), register=a_register(), probe_fingerprint="p")
    classifier.check_probe("p")
    for other in (None, "q"):
        with pytest.raises(CalibrationError, match="belongs to the probe p"):
            classifier.check_probe(other)


def test_formal_human_texts_stop_being_accused():
    # Two kinds of human texts, whose scores differ by 5 and whose spreads differ by a factor of 3; machine texts of
    # either kind score 4 of its spreads above it. A common threshold finds the formal humans before any plain machine.
    rng = np.random.default_rng(1)
    n = 2000
    formal = np.arange(n) % 2 == 0
    features = rng.normal(size=(n, len(FEATURE_NAMES))) * 0.1
    features[:, REGISTER_COLUMNS[0]] += formal
    spread = np.where(formal, 0.5, 1.5)
    human = np.where(formal, 5.0, 0.0) + spread * rng.normal(size=n)
    machine = np.where(formal, 5.0, 0.0) + spread * (4 + rng.normal(size=n))
    register = fit_register(features, human)

    def relative(scores):
        return (scores - register.expected(features)) / register.spread(features)

    def false_alarms(scores):
        alarms = scores > np.quantile(scores, 0.99)
        return alarms[formal].mean(), alarms[~formal].mean()

    assert max(false_alarms(human)) > 0.018
    assert max(false_alarms(relative(human))) < 0.016
    assert auroc(relative(human), relative(machine)) > auroc(human, machine) + 0.02


def test_the_p_value_is_the_larger_of_kind_and_length(tiny):
    like_length = [float(i) for i in range(99)]  # 0 ... 98
    kinds = [Kind([50.0, 60.0, 70.0, 80.0], [0.0] * 4), Kind([float(i) for i in range(90, 100)], [0.0] * 10)]
    register = replace(
        a_register(), centres=[[-1.0] + [0.0] * (REGISTER_SIZE - 1), [1.0] + [0.0] * (REGISTER_SIZE - 1)]
    )
    classifier = replace(
        make_classifier(tiny),
        register=register,
        probe_fingerprint="p",
        kinds=kinds,
        buckets=[LengthBucket(50, like_length, [1.0], like_length, [1.0])],
    )
    assert [classifier.kind_of(row) for row in features_at(1.0, 5.0)] == [0, 1]
    # Of like length 3 of 99 are at least 96, and of the second kind 4 of 10: (1 + 4) / 11 is the larger.
    assert classifier.p_value(96.0, 60) == pytest.approx(4 / 100)
    assert classifier.p_value(96.0, 60, kind=1) == pytest.approx(5 / 11)
    # Of the first kind 1 of 4 is at least 75, of like length 24 of 99: 2 / 5 is the larger; at 40 length is: 60 / 100.
    assert classifier.p_value(75.0, 60, kind=0) == pytest.approx(2 / 5)
    assert classifier.p_value(40.0, 60, kind=0) == pytest.approx(1.0)
    # Above its whole kind, whose least share is 1 / 5, the texts of like length say how far.
    assert classifier.p_value(90.0, 60, kind=0) == pytest.approx(10 / 100)
    assert classifier.p_value(98.5, 60, kind=0) == pytest.approx(1 / 100)
    assert classifier.humans_like(60, 0) == kinds[0].human_scores
    assert classifier.humans_like(60, None) == like_length
