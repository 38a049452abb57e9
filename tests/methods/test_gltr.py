"""GLTR: how often the text takes one of the model's first choices."""

import math
from dataclasses import replace

import numpy as np
import pytest

from detector import score_texts
from detector.methods import compute
from detector.methods.gltr import bucket_of, bucket_shares, top10_entropies
from tests.conftest import TRAINING_TEXT, make_scores


def test_gltr_counts_the_first_ten_and_not_eleven():
    scores = make_scores([-1] * 8, rank=[1, 10, 11, 100, 101, 1000, 1001, 9999])
    assert compute("gltr", scores) == pytest.approx(2 / 8)
    assert bucket_shares(scores).tolist() == [0.25] * 4
    assert bucket_of(scores.rank).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_gltr_fraction():
    # 0.25 / 0.5 and 1: mean 0.75
    scores = make_scores([math.log(0.25), math.log(0.5)], max_log_prob_nats=[math.log(0.5), math.log(0.5)])
    assert compute("gltr_fraction", scores) == pytest.approx(0.75)


def test_top10_entropy_of_ten_equal_choices_and_of_a_sure_one(tiny):
    even = np.full((1, 12), math.log(1 / 400), dtype=np.float32)
    sure = np.array([[0.0] + [-100.0] * 11], dtype=np.float32)
    scores = replace(make_scores([-1, -1]), top_log_prob_nats=np.concatenate([even, sure]))
    assert top10_entropies(scores) == pytest.approx([math.log(10), 0], abs=1e-6)
    assert compute("gltr_top10_entropy", scores) == pytest.approx(math.log(10) / 2)
    with pytest.raises(ValueError, match="top_k=10"):
        compute("gltr_top10_entropy", make_scores([-1]))
    (found,) = score_texts(tiny, [TRAINING_TEXT], top_k=10)
    assert 0 < compute("gltr_top10_entropy", found) < math.log(10)
