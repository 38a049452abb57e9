import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.evaluation.metrics import Rate, auroc, tpr_at_fpr


def test_auroc_by_hand():
    # pairs (h, m): (1,2) (1,3) (3,3)=1/2 (3,2)=0 -> 2.5 of 4
    assert auroc([1, 3], [2, 3]) == pytest.approx(2.5 / 4)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.lists(st.integers(0, 9), min_size=1, max_size=8))
def test_auroc_is_the_share_of_pairs(human, machine):
    pairs = [(m > h) + (m == h) / 2 for h in human for m in machine]
    assert auroc(human, machine) == pytest.approx(sum(pairs) / len(pairs))


def test_tpr_at_fpr_by_hand():
    human = list(range(100))  # at 5 %, five may exceed the threshold: 94
    assert tpr_at_fpr(human, [94, 94.5, 200], fpr=0.05) == pytest.approx(2 / 3)
    assert tpr_at_fpr(human, [99, 99.5], fpr=0.0) == pytest.approx(0.5)


@given(st.lists(st.integers(0, 9), min_size=1), st.sampled_from([0.0, 0.01, 0.05, 0.3, 1.0]))
def test_the_false_positive_rate_is_never_exceeded(human, fpr):
    # Scored as machine texts, the human ones show their own false-positive rate.
    assert tpr_at_fpr(human, human, fpr) <= fpr + 1e-9


def test_empty_sides_are_nan():
    assert np.isnan(auroc([], [1]))
    assert np.isnan(tpr_at_fpr([1], [], 0.1))


def test_exact_interval_of_a_rate():
    # 0 of 20: upper bound 1 - 0.025^(1/20)
    low, high = Rate(0, 20).interval
    assert low == 0
    assert high == pytest.approx(1 - 0.025 ** (1 / 20))
    assert str(Rate(1, 4)).startswith("0.250 [0.006, 0.806]")
