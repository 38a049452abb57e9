"""Fast-DetectGPT with one model, in closed form and by sampling."""

import math
from dataclasses import replace

import numpy as np
import pytest

from detector import score_texts
from detector.methods import compute
from tests.conftest import TRAINING_TEXT, make_scores


def test_fast_detect_gpt():
    # (-1 - 2 + 0.5 + 1) / sqrt(0.25 + 2) = -1.5 / 1.5
    scores = make_scores([-1, -2], entropy_nats=[0.5, 1.0], log_prob_variance=[0.25, 2.0])
    assert compute("fast_detect_gpt", scores) == pytest.approx(-1.0)


def test_fast_detect_gpt_identity(tiny):
    """N (LL + H) / sqrt(sum var), from the other statistics."""
    (scores,) = score_texts(tiny, [TRAINING_TEXT])
    n = len(scores)
    expected = n * (compute("log_likelihood", scores) + compute("entropy", scores))
    expected /= math.sqrt(scores.log_prob_variance.astype(float).sum())
    assert compute("fast_detect_gpt", scores) == pytest.approx(expected, rel=1e-9)


def test_fast_detect_gpt_of_sampled_text_is_standard_normal():
    """Tokens drawn from the model's own distributions have mean 0 and variance 1."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(50, 0.3), size=200)  # 200 positions, 50 tokens
    log_p = np.log(p + 1e-300)
    entropy = -(p * log_p).sum(1)
    variance = (p * (log_p + entropy[:, None]) ** 2).sum(1)
    values = []
    for _ in range(400):
        drawn = np.array([rng.choice(50, p=row) for row in p])
        found = make_scores(log_p[np.arange(200), drawn].tolist(), None, entropy.tolist(), variance.tolist())
        values.append(compute("fast_detect_gpt", found))
    assert abs(np.mean(values)) < 4 / math.sqrt(400)
    assert np.std(values) == pytest.approx(1, abs=0.15)


def test_sampling_approaches_the_analytic_score(tiny):
    (scores,) = score_texts(tiny, [TRAINING_TEXT], samples=20_000)
    # the standard error of the sampled spread is 1 / sqrt(2 * 20,000) of the score
    assert compute("fast_detect_gpt_sampled", scores) == pytest.approx(compute("fast_detect_gpt", scores), rel=0.03)


def test_fast_detect_gpt_sampled_by_hand():
    # samples sum to -2 and -4: mean -3, unbiased deviation sqrt 2; the text has -1 - 1
    scores = replace(make_scores([-1, -1]), sampled_log_prob_nats=np.array([[-1, -3], [-1, -1]], dtype=np.float32))
    assert compute("fast_detect_gpt_sampled", scores) == pytest.approx(1 / math.sqrt(2))
