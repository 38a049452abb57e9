from dataclasses import replace

import numpy as np
import pytest

from detector.corpus.prevalence import PrevalenceEstimator
from detector.records.references import LengthBucket
from tests.corpus.made_up import CLASSIFIER


def bucket_of(least, human, machine):
    return LengthBucket(least, human, machine, [], [])


def classifier_of(*buckets):
    return replace(CLASSIFIER, probability_slope=1.0, probability_intercept=0.0, buckets=list(buckets))


def drawn_classifier(rng, n_references=500):
    """Two lengths: at the second, the sides are further apart."""
    buckets = [
        bucket_of(least, sorted(rng.normal(-gap, 1, n_references)), sorted(rng.normal(gap, 1, n_references)))
        for least, gap in ((50, 0.7), (200, 1.5))
    ]
    return classifier_of(*buckets)


def draw(rng, share, n):
    """Scores and lengths of a corpus with that share of machine texts."""
    tokens = rng.choice([60, 300], n)
    gap = np.where(tokens == 60, 0.7, 1.5)
    return rng.normal(np.where(rng.random(n) < share, gap, -gap), 1), tokens


def estimate(classifier, scores, tokens):
    estimator = PrevalenceEstimator(classifier)
    estimator.add(scores, tokens)
    return estimator.estimate()


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.9, 1.0])
def test_the_interval_covers_the_share(share):
    """Over simulated corpora and references, as often as a 95 % interval should."""
    rng = np.random.default_rng(int(share * 100))
    found = [estimate(drawn_classifier(rng), *draw(rng, share, 300)) for _ in range(150)]
    covered = np.mean([f.low <= share <= f.high for f in found])
    assert covered > 0.9
    inside = [f for f in found if 0 < f.share < 1]
    if 0 < share < 1:
        assert np.mean([f.share for f in inside]) == pytest.approx(share, abs=0.02)
        assert covered < 0.995 or share < 0.1  # it is no wider than it need be
    assert np.mean([f.fits for f in found]) > 0.95


def test_by_hand():
    """Everything at two scores: g is 1/4 or 3/4, human references are 3 : 1 and machine ones 1 : 3."""
    low, high = -np.log(3), np.log(3)
    bucket = bucket_of(50, [low] * 75 + [high] * 25, [low] * 25 + [high] * 75)
    classifier = classifier_of(bucket)
    # means of g: human 0.375, machine 0.625, corpus 0.5 with half of it high: (0.5 - 0.375) / 0.25
    assert estimate(classifier, [low, high] * 50, [60] * 100).share == pytest.approx(0.5)


@pytest.mark.parametrize("score", [-4.0, 4.0])
def test_a_share_beyond_an_end_has_an_interval_of_some_width(score):
    """All texts alike, further out than most references: the estimate lies beyond 0 or 1, and nobody is that sure."""
    found = estimate(drawn_classifier(np.random.default_rng(1)), np.full(120, score), np.full(120, 60))
    assert found.share == (score > 0)
    assert found.high - found.low > 0.02
    assert not found.fits


def test_it_does_not_matter_how_the_texts_come():
    rng = np.random.default_rng(3)
    classifier = drawn_classifier(rng)
    scores, tokens = draw(rng, 0.4, 1000)
    estimator = PrevalenceEstimator(classifier)
    for chunk in np.array_split(rng.permutation(1000), 7):
        estimator.add(scores[chunk], tokens[chunk])
    whole, parts = estimate(classifier, scores, tokens), estimator.estimate()
    assert whole.share == pytest.approx(parts.share)
    assert whole.high == pytest.approx(parts.high)


def test_a_corpus_unlike_the_references_is_said():
    rng = np.random.default_rng(4)
    classifier = drawn_classifier(rng)
    scores, tokens = draw(rng, 0.0, 2000)
    assert estimate(classifier, scores, tokens).fits
    shifted = estimate(classifier, scores / 10, tokens)  # between the two sides, and too narrow
    assert not shifted.fits
    assert shifted.misfit > 0.1


def test_counting_verdicts_would_be_wrong():
    """At a rate of 1 % no more than half of these machine texts are found; the estimate is not misled."""
    rng = np.random.default_rng(5)
    classifier = drawn_classifier(rng)
    scores, tokens = draw(rng, 0.5, 4000)
    thresholds = {b.least_tokens: np.quantile(b.human_scores, 0.99) for b in classifier.buckets}
    counted = np.mean([s > thresholds[50 if t < 200 else 200] for s, t in zip(scores, tokens, strict=True)])
    assert counted < 0.4
    found = estimate(classifier, scores, tokens)
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 0.15


def test_nothing_to_estimate():
    assert PrevalenceEstimator(CLASSIFIER).estimate() is None
    assert estimate(CLASSIFIER, [0.5] * 29, [60] * 29) is None
    assert estimate(CLASSIFIER, [0.5] * 30, [60] * 30) is not None
    same = [bucket_of(50, [0.0, 1.0], [0.0, 1.0])]
    assert estimate(replace(CLASSIFIER, buckets=same), [0.5] * 30, [60] * 30) is None


def test_the_embedded_judge_can_estimate():
    bucket = CLASSIFIER.buckets[1]
    mixture = [*bucket.human_scores[::4], *bucket.machine_scores[::12]]
    share = len(bucket.machine_scores[::12]) / len(mixture)
    found = estimate(CLASSIFIER, mixture, [bucket.least_tokens] * len(mixture))
    assert found.low < share < found.high
    assert found.fits
