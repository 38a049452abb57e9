import numpy as np
import pytest

from detector.verdict.bootstrap import _blocks, _drawn, score_interval
from detector.verdict.classifier import LENGTH_LIMITS
from detector.verdict.features import BASE_NAMES, LEAST_TOKENS, feature_vector
from tests.conftest import make_classifier
from tests.verdict.test_features import series


@pytest.mark.parametrize("n", [50, 90, 700])
@pytest.mark.parametrize("sentence_length", [7, 30, 10_000])
def test_blocks_cover_the_text_once_and_are_several(n, sentence_length):
    found = series(np.ones(n), sentence=np.arange(n) // sentence_length)
    blocks = _blocks(found)
    assert np.concatenate(blocks).tolist() == list(range(n))
    assert len(blocks) >= 3


@pytest.mark.parametrize("sentence_length", [7, 45, 10_000])
def test_a_text_drawn_of_its_shortest_block_alone_still_has_every_feature(sentence_length):
    class Shortest:
        def integers(self, high, size):
            return [int(np.argmin([len(block) for block in blocks]))] * size

    for n in range(LENGTH_LIMITS[0], 400):
        surprisal = np.random.default_rng(n).gamma(2, 2, size=n)
        found = series(surprisal, sentence=np.arange(n) // sentence_length)
        blocks = _blocks(found)
        assert min(map(len, blocks)) >= LEAST_TOKENS
        if n < 100:  # the features of longer ones take long, and have more tokens
            taken = found.take(*_drawn(found, blocks, Shortest()))
            assert np.isfinite(feature_vector(taken, BASE_NAMES)[: len(BASE_NAMES)]).all()


def test_a_text_of_one_token_more_than_its_blocks_has_an_interval(tiny):
    """65 tokens without a full stop: four blocks of 16, and a token that 1 resample in 3,125 was drawn of alone."""
    found, classifier = series(np.random.default_rng(0).normal(5, 2, size=65)), make_classifier(tiny)
    for seed in range(60):
        low, high = score_interval(found, classifier, str(seed))
        assert low < classifier.score(feature_vector(found)) < high


def test_a_block_that_is_drawn_twice_brings_its_sentences_twice():
    class Draws:
        def integers(self, high, size):
            assert (high, size) == (2, 2)
            return [1, 1]

    found = series(np.ones(6), sentence=np.array([0, 0, 1, 1, 2, 2]))
    index, sentence = _drawn(found, [np.arange(3), np.arange(3, 6)], Draws())
    assert index.tolist() == [3, 4, 5, 3, 4, 5]
    assert sentence.tolist() == [0, 1, 1, 2, 3, 3]


def test_the_interval_has_the_width_of_the_standard_error_for_independent_tokens(tiny):
    """The score is -mean / 100 of independent values with spread 2: the half-width is 1.96 * 2 / sqrt(n) / 100."""
    surprisal = np.random.default_rng(0).normal(5, 2, size=4000)
    classifier = make_classifier(tiny)
    low, high = score_interval(series(surprisal, sentence=np.arange(4000) // 20), classifier, "seed")
    expected = 2 * 1.96 * surprisal.std() / np.sqrt(4000) / 100
    assert high - low == pytest.approx(expected, rel=0.3)
    assert low < -surprisal.mean() / 100 < high


def test_a_text_without_full_stops_still_has_an_interval(tiny):
    surprisal = np.random.default_rng(0).normal(5, 2, size=300)
    low, high = score_interval(series(surprisal), make_classifier(tiny), "seed")
    assert high - low > 1e-4
