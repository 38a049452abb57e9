"""Lastde against a slow reference, and Lastde++ against Lastde."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from detector.methods import compute
from detector.methods.lastde import Lastde, diversity_entropy
from tests.conftest import make_scores


def test_diversity_entropy_by_hand():
    # windows of 2 over 1, 2, 2, 4 at scale 1: (1,2) (2,2) (2,4)
    # cosines 6/(sqrt5 sqrt8) = 0.9487 and 12/(sqrt8 sqrt20) = 0.9487: both in one of 4 bins, entropy 0
    assert diversity_entropy(np.array([1.0, 2.0, 2.0, 4.0]), 1, 2, 4) == pytest.approx(0)
    # over 1, -1, 1, 1: (1,-1) (-1,1) (1,1), cosines -1 and 0: bins 0 and 2 of 4, entropy ln 2 / ln 4
    assert diversity_entropy(np.array([1.0, -1.0, 1.0, 1.0]), 1, 2, 4) == pytest.approx(0.5)


def slow_lastde(log_probs, embedding=3, bins_per_token=10, scales=5):
    n = len(log_probs)
    bins = bins_per_token * n
    entropies = []
    for tau in range(1, scales + 1):
        smooth = [sum(log_probs[i : i + tau]) / tau for i in range(n - tau + 1)]
        windows = [smooth[i : i + embedding] for i in range(len(smooth) - embedding + 1)]
        counts = [0] * bins
        for left, right in itertools.pairwise(windows):
            dot = sum(a * b for a, b in zip(left, right, strict=True))
            cosine = dot / (math.hypot(*left) * math.hypot(*right))
            counts[min(bins - 1, int((min(1.0, max(-1.0, cosine)) + 1) / 2 * bins))] += 1
        total = sum(counts)
        entropies.append(-sum(c / total * math.log(c / total) for c in counts if c) / math.log(bins))
    mean = sum(entropies) / scales
    spread = math.sqrt(sum((e - mean) ** 2 for e in entropies) / (scales - 1))
    return sum(log_probs) / n / spread


def test_lastde_against_a_slow_reference():
    log_probs = (-np.random.default_rng(3).gamma(1.0, 2.0, size=120)).astype(np.float32)
    expected = slow_lastde(log_probs.astype(float).tolist())
    assert compute("lastde", make_scores(log_probs.tolist())) == pytest.approx(expected, rel=1e-6)


def test_lastde_plus_plus_is_lastde_among_lastdes():
    rng = np.random.default_rng(0)
    sampled = (-rng.gamma(1.0, 2.0, size=(60, 5))).astype(np.float32)
    text = (-rng.gamma(1.0, 2.0, size=60)).astype(np.float32)
    lastde = Lastde(embedding=4, bins_per_token=8, scales=10)
    values = [lastde(make_scores(column.tolist())) for column in sampled.T]
    expected = (lastde(make_scores(text.tolist())) - np.mean(values)) / np.std(values, ddof=1)
    scores = replace(make_scores(text.tolist()), sampled_log_prob_nats=sampled)
    assert compute("lastde_plus_plus", scores) == pytest.approx(expected, rel=1e-6)
