"""The order of operations on distributions made by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from detector import UsageError
from detector.generation.sampling import SamplingSettings, draw, kept_by_top_k, kept_by_top_p, next_distribution

PROBABILITIES = torch.tensor([0.1, 0.4, 0.2, 0.3], dtype=torch.float64)
LOGITS = PROBABILITIES.log()


def distribution(counts=None, logits=LOGITS, **settings):
    return next_distribution(logits, counts, SamplingSettings(**settings)).tolist()


def test_without_settings_it_is_the_models_own_distribution():
    assert distribution() == pytest.approx([0.1, 0.4, 0.2, 0.3])


def test_temperature_by_hand():
    # at T = 1/2 the probabilities are squared: 1, 16, 4, 9 over 30
    assert distribution(temperature=0.5) == pytest.approx([1 / 30, 16 / 30, 4 / 30, 9 / 30])


def test_top_k_and_top_p_by_hand():
    assert distribution(top_k=2) == pytest.approx([0, 4 / 7, 0, 3 / 7])
    assert distribution(top_k=99) == pytest.approx([0.1, 0.4, 0.2, 0.3])
    assert distribution(top_p=0.75) == pytest.approx([0, 4 / 9, 2 / 9, 3 / 9])
    assert distribution(top_p=0.3999) == [0, 1, 0, 0]  # 0.4 alone reaches it
    assert distribution(top_p=1e-9) == [0, 1, 0, 0]


def test_temperature_comes_before_the_cuts_and_top_k_before_top_p():
    # squared: 16/30, 9/30, 4/30, 1/30; two of them reach 0.8, while unsquared it takes three
    assert distribution(temperature=0.5, top_p=0.8) == pytest.approx([0, 16 / 25, 0, 9 / 25])
    # of the two that top-k leaves, 4/7 alone reaches 0.55
    assert distribution(top_k=2, top_p=0.55) == [0, 1, 0, 0]


def test_the_dividing_penalty_by_hand():
    logits = torch.tensor([-3.0, -1.0, 0.0])
    # moved to 1, 3, 4; the second token stands twice: 3 / ((1 + 2 * 0.1) (1 + 0.2)) = 3 / 1.44
    counts = torch.tensor([0.0, 2.0, 0.0])
    expected = torch.tensor([1, 3 / 1.44, 4], dtype=torch.float64).softmax(-1)
    found = distribution(counts, logits, frequency_penalty=0.1, presence_penalty=0.2)
    assert found == pytest.approx(expected.tolist())


def test_the_subtracting_penalty_by_hand():
    logits = torch.tensor([-3.0, -1.0, 0.0])
    expected = torch.tensor([-3.0, -1 - 2 * 0.1 - 0.2, 0.0], dtype=torch.float64).softmax(-1)
    found = distribution(
        torch.tensor([0.0, 2.0, 0.0]), logits, frequency_penalty=0.1, presence_penalty=0.2, penalty_form="subtract"
    )
    assert found == pytest.approx(expected.tolist())


@given(
    st.lists(st.floats(-30, 30), min_size=2, max_size=12), st.data(), st.sampled_from(["divide", "subtract"]),
    st.sampled_from(["frequency_penalty", "presence_penalty"]), st.floats(0.05, 2),
)  # fmt: skip
def test_a_penalty_always_lowers_the_probability(logits, data, form, name, penalty):
    index = data.draw(st.integers(0, len(logits) - 1))
    counts = torch.zeros(len(logits))
    settings = {"penalty_form": form, name: penalty}
    # penalised from the same, moved logits: only this token's count differs
    before = distribution(counts, torch.tensor(logits), **settings)[index]
    counts[index] = 1
    after = distribution(counts, torch.tensor(logits), **settings)[index]
    assert after < before or before == pytest.approx(1) or before < 1e-12


def test_greedy_takes_the_first_of_the_best_after_the_penalty():
    assert distribution(greedy=True) == [0, 1, 0, 0]
    assert distribution(logits=torch.tensor([1.0, 2.0, 2.0]), greedy=True) == [0, 1, 0]
    counts = torch.tensor([0.0, 3.0, 0.0, 0.0])
    assert distribution(counts, greedy=True, frequency_penalty=1.0) == [0, 0, 0, 1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0.001, 1), st.integers(1, 25))
def test_the_cuts_keep_the_likeliest_and_no_more_than_asked(weights, p, k):
    probabilities = torch.tensor(weights, dtype=torch.float64) + 1e-6
    probabilities /= probabilities.sum()
    kept = kept_by_top_p(probabilities, p)
    assert kept.any()
    assert probabilities[kept].sum() >= min(p, 1) - 1e-9
    if kept.sum() > 1:
        assert probabilities[kept].sum() - probabilities[kept].min() < p + 1e-12  # the smallest such set
    kept_k = kept_by_top_k(probabilities, k)
    assert int(kept_k.sum()) == min(k, len(weights))
    for mask in (kept, kept_k):
        if not mask.all():
            assert probabilities[mask].min() >= probabilities[~mask].max()


def test_draws_follow_the_distribution_and_each_row_its_own_number():
    uniforms = torch.from_numpy(np.random.default_rng(0).random(20_000))
    drawn = draw(PROBABILITIES.expand(20_000, 4), uniforms)
    counts = torch.bincount(drawn, minlength=4).numpy()
    assert chisquare(counts, PROBABILITIES.numpy() * 20_000).pvalue > 0.001
    assert (draw(PROBABILITIES.expand(5, 4), uniforms[:5]) == drawn[:5]).all()
    edges = draw(PROBABILITIES.expand(4, 4), torch.tensor([0.0, 0.0999999, 0.1000001, 0.9999999], dtype=torch.float64))
    assert edges.tolist() == [0, 0, 1, 3]


def test_a_token_without_probability_is_never_drawn():
    probabilities = torch.tensor([[0.0, 0.5, 0.5, 0.0]], dtype=torch.float64)
    assert draw(probabilities, torch.tensor([0.0])).item() == 1
    assert draw(probabilities, torch.tensor([1.0])).item() == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "temperature is 0; it must be a finite number above 0"),
        ({"temperature": float("inf")}, "temperature is inf; it must be a finite number above 0"),
        ({"frequency_penalty": float("inf")}, "frequency penalty is inf; it must be a finite number of at least 0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_k": 0}, "top-k is 0"),
        ({"top_p": 0.0}, "top-p is 0"),
        ({"top_p": 1.5}, r"top-p is 1\.5"),
        ({"frequency_penalty": -0.1}, r"frequency penalty is -0\.1"),
        ({"presence_penalty": float("nan")}, "presence penalty is nan"),
        ({"penalty_form": "multiply"}, "Unknown penalty form 'multiply'"),
    ],
)
def test_impossible_settings_are_named(settings, message):
    with pytest.raises(UsageError, match=message):
        SamplingSettings(**settings)


@pytest.mark.parametrize("temperature", [5e-324, 1e-308, 1e308])
def test_extreme_temperatures_stay_finite(temperature):
    found = next_distribution(torch.tensor([[3.0, 90.0, -50.0]]), None, SamplingSettings(temperature=temperature))
    expected = [0.0, 1.0, 0.0] if temperature < 1 else [1 / 3] * 3
    assert found[0].tolist() == pytest.approx(expected)
