"""What judges a text as it comes and what judges the rows of a table say the same."""

import math
from dataclasses import replace

import numpy as np
import pytest

from detector.documents.folding import fold
from detector.evaluation.labelled_texts import LabelledText
from detector.evaluation.quality import verdicts_of
from detector.records.references import LengthBucket
from detector.training.feature_table import build_table
from detector.verdict.detector import Detector
from detector.verdict.features import FEATURE_NAMES
from detector.verdict.judgement import KIND, Measured, judge
from detector.verdict.neighbours import Neighbours
from detector.verdict.register import REGISTER_COLUMNS, Register
from detector.verdict.segments import EvidenceWeights, divide, strongest
from tests.conftest import TRAINING_TEXT, make_classifier


def test_a_division_has_both_kinds_exactly_where_both_strongest_parts_have_evidence():
    # Two definitions stood side by side: parts of a detector's division, and strengths in a table.
    rng = np.random.default_rng(0)
    kinds = set()
    for _ in range(1000):
        evidence = rng.normal(rng.normal(), rng.uniform(0.1, 6), size=rng.integers(1, 25))
        parts = divide(evidence, penalty=rng.uniform(0, 6))
        machine, human = strongest(parts)
        assert (len(parts) > 1) == (machine > 0 and human > 0)
        kinds.add(len(parts) > 1)
    assert kinds == {False, True}


@pytest.fixture(scope="module")
def texts():
    sentences = [one + "." for one in TRAINING_TEXT.replace("?", ".").replace(":", ".").split(".") if len(one) > 12]
    rng = np.random.default_rng(2)
    return [fold(" ".join(rng.choice(sentences, size=rng.integers(6, 30)))).text for _ in range(60)]


def between(values):
    """References that no value equals, since the last digit of a score depends on the batch."""
    ordered = np.unique(values)
    return ((ordered[1:] + ordered[:-1]) / 2).tolist()


def test_the_detector_and_the_table_agree(tiny, texts, monkeypatch):
    monkeypatch.setattr("detector.verdict.draft.unsuitable", lambda *_: None)
    weights = EvidenceWeights(0.0, 0.0, 0.05, 0.02, border_penalty=0.5)
    labelled = [("dev", LabelledText(text, False, "d", str(i))) for i, text in enumerate(texts)]
    table = build_table(tiny, labelled, evidence=weights)
    whole = table.rows(table.is_whole)
    scores, machine, human = (
        between(values)
        for values in (make_classifier(tiny).scores(whole.features), whole.strongest_machine, whole.strongest_human)
    )
    classifier = replace(
        make_classifier(tiny), evidence=weights, buckets=[LengthBucket(50, scores, scores[20:], machine, human)]
    )
    results = Detector(tiny, classifier, 0.1).detect_many(texts)
    assert [r.verdict for r in results] == verdicts_of(classifier, whole, 0.1).tolist()
    assert {r.verdict for r in results} >= {"machine", "inconclusive"}
    np.testing.assert_allclose([r.score for r in results], classifier.scores(whole.features), atol=1e-5)


def test_hand_derived_judgement(tiny):
    # score = 4 - mean surprisal / 100 = 3.97; references 0, -0.1, ... all lie below, so p = 1 / 200.
    features = np.zeros(len(FEATURE_NAMES))
    features[0] = 3.0
    found = judge(make_classifier(tiny, lean=4.0), Measured(60, features, 0.0, 0.0), target_fpr=0.01)
    assert found.score == pytest.approx(3.97)
    assert found.p.machine == pytest.approx(1 / 200)
    assert found.p.machine_part == 1
    assert not found.p.is_divided
    assert found.verdict == "machine"


def test_a_text_by_two_authors_is_told_by_score_and_contrast_together(tiny):
    features = np.zeros(len(FEATURE_NAMES))
    features[0] = 415.0  # score 4 - 415 / 100 = -0.15: among the highest of the references 0, -0.1, ..., p above 1 %
    base = make_classifier(tiny, lean=4.0)
    mixture = [i / 100 for i in range(999)]  # 0 to 9.98
    buckets = [
        replace(bucket, human_mixture=mixture, machine_contrast=[i / 10 for i in range(99)]) for bucket in base.buckets
    ]
    classifier = replace(base, buckets=buckets)
    assert classifier.knows_mixtures
    for contrast, p_human, p_machine, verdict in (
        (10.135, 1 / 1000, 1 / 100, "mixed"),  # above all of both
        (10.105, 4 / 1000, 1 / 100, "inconclusive"),  # as divided as four in a thousand: a quarter of the target is 2.5
        (5.006, 514 / 1000, 49 / 100, "inconclusive"),
    ):
        found = judge(classifier, Measured(60, features, 5.0, 5.0, contrast), target_fpr=0.01)
        assert found.score == pytest.approx(-0.15)
        assert found.p.machine_part == pytest.approx(p_human)
        assert found.p.human_part == pytest.approx(p_machine)
        assert found.p.one_author == pytest.approx(max(p_human, p_machine))
        assert found.verdict == verdict
    undivided = judge(classifier, Measured(60, features, 5.0, 0.0, 10.135), target_fpr=0.01)
    assert (undivided.verdict, undivided.p.one_author) == ("inconclusive", 1.0)


def test_a_contrast_that_was_not_measured_is_none(tiny):
    base = make_classifier(tiny, lean=4.0)
    classifier = replace(base, buckets=[replace(b, human_mixture=[0.0] * 500) for b in base.buckets])
    found = judge(classifier, Measured(60, np.zeros(len(FEATURE_NAMES)), math.nan, math.nan), target_fpr=0.01)
    assert (found.p.machine_part, found.p.human_part, found.p.is_divided) == (1.0, 1.0, False)


def test_long_texts_are_compared_with_enough_machine_texts(tiny):
    base = make_classifier(tiny)
    few = replace(base.buckets[1], machine_contrast=[9.0] * 10)
    many = replace(base.buckets[0], machine_contrast=[1.0] * 90)
    classifier = replace(base, buckets=[many, few])
    assert classifier.one_machine_p_value(5.0, 300) == pytest.approx(11 / 101)
    assert classifier.one_machine_p_value(5.0, 60) == pytest.approx(1 / 91)


def test_a_text_unlike_all_references_gets_no_verdict(tiny):
    register = Register([0.0] * 12, [1.0] * 12, [0.0] * 12, 0.0, [0.0] * 12, 0.0, [0.0, 0.0])
    neighbours = Neighbours([[0.0] * 12] * 5, [-9.0] * 5, nth=5, farthest=2.0, sizes=[5])
    base = make_classifier(tiny, lean=4.0)
    buckets = [replace(bucket, human_standings=[[0.0] * 500]) for bucket in base.buckets]
    classifier = replace(base, register=register, neighbours=neighbours, probe_fingerprint="p", buckets=buckets)
    features = np.zeros(len(FEATURE_NAMES))
    features[REGISTER_COLUMNS[0]] = 1.9
    assert judge(classifier, Measured(60, features, 0.0, 0.0), 0.01).verdict == "machine"
    features[REGISTER_COLUMNS[0]] = 2.1
    found = judge(classifier, Measured(60, features, 0.0, 0.0), 0.01)
    assert (found.verdict, found.unlike) == ("unscored", (KIND,))
    assert classifier.distance_ratio(features) == pytest.approx(1.05)


def test_the_largest_p_value_among_neighbours_counts(tiny):
    """A score above all references of its length is no rarer than it is among the texts nearest to it."""
    register = Register([0.0] * 12, [1.0] * 12, [0.0] * 12, 0.0, [0.0] * 12, 0.0, [0.0, 0.0])
    base = make_classifier(tiny, lean=4.0)
    features = np.zeros(len(FEATURE_NAMES))
    score = replace(base, register=register, probe_fingerprint="p").score(features)
    points = [[0.0] * 12] * 2 + [[0.1] * 12] * 28
    known = Neighbours(points, [score - 1.0, score] + [score - 3.0] * 28, nth=5, farthest=2.0, sizes=[2, 30])
    low, high = known.standings(np.zeros(12), score)
    assert 0 < low < high
    references = [[low - 1.0] * 95 + [low] * 4, [high - 1.0] * 99]
    buckets = [replace(bucket, human_standings=references) for bucket in base.buckets]
    classifier = replace(base, register=register, neighbours=known, probe_fingerprint="p", buckets=buckets)
    found = judge(classifier, Measured(60, features, 0.0, 0.0), 0.01)
    assert found.standings == pytest.approx((low, high))
    assert found.p.machine == pytest.approx((1 + 4) / 100)
    assert base.p_value(score, 60) < found.p.machine
    with pytest.raises(ValueError, match="zip"):
        classifier.p_value(score, 60)
    assert found.verdict == "inconclusive"
