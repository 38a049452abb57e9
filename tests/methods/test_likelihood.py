"""Log-likelihood, perplexity and entropy."""

import math

import pytest

from detector.methods import compute
from tests.conftest import make_scores


def test_log_likelihood_and_perplexity():
    # (-1 - 3) / 2 = -2; perplexity e^2
    scores = make_scores([-1.0, -3.0])
    assert compute("log_likelihood", scores) == pytest.approx(-2)
    assert compute("perplexity", scores) == pytest.approx(math.exp(2))


def test_perplexity_overflows_to_infinity_and_not_to_an_error():
    assert compute("perplexity", make_scores([-1000.0])) == math.inf


def test_entropy_is_the_mean_of_the_entropies():
    assert compute("entropy", make_scores([-1, -1], entropy_nats=[1.0, 2.0])) == pytest.approx(1.5)
