from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.verdict.features import Series
from detector.verdict.segments import EvidenceWeights, divide, sentence_sums, strongest


def slow_best(evidence, penalty):
    """The greatest value over all 2^n divisions."""
    return max(
        sum(e for e, s in zip(evidence, states, strict=True) if s) - penalty * sum(a != b for a, b in pairwise(states))
        for states in product([0, 1], repeat=len(evidence))
    )


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=9), st.floats(0, 8))
def test_the_division_is_the_best_of_all(evidence, penalty):
    parts = divide(evidence, penalty)
    value = sum(p.evidence_nats for p in parts if p.is_machine) - penalty * (len(parts) - 1)
    assert value == pytest.approx(slow_best(evidence, penalty), abs=1e-9)
    assert [p.first for p in parts] == [0, *(p.last + 1 for p in parts[:-1])]
    assert parts[-1].last == len(evidence) - 1
    assert all(a.is_machine != b.is_machine for a, b in pairwise(parts))


def test_a_border_must_be_worth_its_price():
    evidence = [-5, -5, 3, -5, 6, 6]
    assert [(p.first, p.last, p.is_machine) for p in divide(evidence, 2)] == [(0, 3, False), (4, 5, True)]
    assert len(divide(evidence, 1)) == 4
    assert len(divide(evidence, 100)) == 1
    assert divide([], 1) == []


def test_strongest_parts():
    parts = divide([-5, -6, 4, 4, -2, -2], 0)
    assert strongest(parts) == (8, 11)
    assert strongest(divide([-1.0], 0)) == (0, 1)
    assert strongest([]) == (0, 0)


def test_evidence_by_hand():
    series = Series(
        surprisal=np.array([1.0, 2.0]),
        entropy=np.array([3.0, 1.0]),
        variance=np.ones(2),
        log_max=np.zeros(2),
        rank=np.ones(2),
        sentence=np.array([1, 1]),
        human=np.array([-1.0, -5.0]),
        machine=np.array([-0.5, -1.0]),  # ratio 0.5 and 4, capped at 1
        lexical=np.array([0.0, 2.0]),
    )
    weights = EvidenceWeights(voice_ratio=2, lexical=0.5, typicality=0.1, token=-0.3, border_penalty=1)
    assert weights.of(series) == pytest.approx([1 + 0 + 0.2 - 0.3, 2 + 1 - 0.1 - 0.3])


def test_sums_over_sentences_that_have_tokens():
    assert sentence_sums(np.array([1.0, 2.0, 4.0]), np.array([1, 1, 5])).tolist() == [3, 4]
    assert sentence_sums(np.zeros((0, 4)), np.zeros(0, dtype=int)).shape == (0, 4)
