"""Statistics of a text as two models score it: Binoculars, DNA-DetectLLM and Fast-DetectGPT."""

import math

import numpy as np
import pytest

from detector import score_texts
from detector.methods import compute
from detector.methods.binoculars import Binoculars
from detector.scoring import PairScores, score_pairs
from tests.conftest import TRAINING_TEXT


def make_pair(log_probs, cross_entropies, variances=None, maxima=None, final=0.0):
    n = len(log_probs)
    return PairScores(
        log_prob_nats=np.array(log_probs, dtype=np.float32),
        max_log_prob_nats=np.array(maxima or [0.0] * n, dtype=np.float32),
        cross_entropy_nats=np.array(cross_entropies, dtype=np.float32),
        cross_variance=np.array(variances or [1.0] * n, dtype=np.float32),
        final_cross_entropy_nats=final,
        observer_fingerprint="o",
        performer_fingerprint="p",
    )


def test_binoculars_by_hand():
    # surprise 1 and 3 against 2 and 3 expected: 4 / 5; with 4 expected past the end: 2 / 3
    pair = make_pair([-1, -3], [2, 3], final=4.0)
    assert compute("binoculars", pair) == pytest.approx(4 / 5)
    assert Binoculars(published=True)(pair) == pytest.approx(2 / 3)
    assert math.isnan(compute("binoculars", make_pair([], [])))


def test_dna_detect_llm_by_hand():
    # (4 + 1.5) / (2 * 5)
    pair = make_pair([-1, -3], [2, 3], maxima=[-0.5, -1.0])
    assert compute("dna_detect_llm", pair) == pytest.approx(5.5 / 10)


def test_fast_detect_gpt_with_two_models_by_hand_and_with_one_model_twice(tiny):
    # (-4 + 5) / sqrt(1 + 3)
    assert compute("fast_detect_gpt_pair", make_pair([-1, -3], [2, 3], variances=[1.0, 3.0])) == pytest.approx(0.5)
    (pair,), (plain,) = score_pairs(tiny, tiny, [TRAINING_TEXT]), score_texts(tiny, [TRAINING_TEXT])
    assert compute("fast_detect_gpt_pair", pair) == pytest.approx(compute("fast_detect_gpt", plain), abs=1e-3)
    n_surprise = -compute("log_likelihood", plain)
    assert compute("binoculars", pair) == pytest.approx(n_surprise / compute("entropy", plain), rel=1e-4)


def test_one_models_method_is_not_given_two():
    with pytest.raises(ValueError, match="the scores of one text"):
        compute("lrr", make_pair([-1], [1]))
