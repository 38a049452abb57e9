"""Each statistic: a value derived by hand, a slow reference, and what happens where it is undefined."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from detector import methods, score_texts
from detector.methods import METHODS, compute, compute_all, plain_methods
from detector.methods.binoculars import Binoculars
from detector.methods.diveye import diveye_features
from detector.methods.fluctuation import autocorrelation
from detector.methods.gltr import bucket_of, bucket_shares, top10_entropies
from detector.methods.lastde import Lastde, diversity_entropy
from detector.methods.spectrum import spectrum
from detector.methods.uid import extreme_spans
from detector.scoring import PairScores, PerturbedScores, RegeneratedScores, score_pairs
from tests.conftest import TRAINING_TEXT, make_scores

LN2 = math.log(2)


def test_log_likelihood_and_perplexity():
    # (-1 - 3) / 2 = -2; perplexity e^2
    scores = make_scores([-1.0, -3.0])
    assert compute("log_likelihood", scores) == pytest.approx(-2)
    assert compute("perplexity", scores) == pytest.approx(math.exp(2))


def test_perplexity_overflows_to_infinity_and_not_to_an_error():
    assert compute("perplexity", make_scores([-1000.0])) == math.inf


def test_entropy_is_the_mean_of_the_entropies():
    assert compute("entropy", make_scores([-1, -1], entropy_nats=[1.0, 2.0])) == pytest.approx(1.5)


def test_rank_and_log_rank():
    # ranks 1, 1, 4: mean 2; ln 4 / 3 = 2 ln 2 / 3
    scores = make_scores([-1, -1, -1], rank=[1, 1, 4])
    assert compute("rank", scores) == pytest.approx(2)
    assert compute("log_rank", scores) == pytest.approx(2 * LN2 / 3)


def test_lrr():
    # -(-1 - 2 - 3) / (ln 1 + ln 2 + ln 4) = 6 / (3 ln 2)
    assert compute("lrr", make_scores([-1, -2, -3], rank=[1, 2, 4])) == pytest.approx(2 / LN2)


def test_lrr_is_undefined_when_every_token_is_the_first_choice():
    assert math.isnan(compute("lrr", make_scores([-0.1, -0.2], rank=[1, 1])))


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


def test_gltr_counts_the_first_ten_and_not_eleven():
    scores = make_scores([-1] * 8, rank=[1, 10, 11, 100, 101, 1000, 1001, 9999])
    assert compute("gltr", scores) == pytest.approx(2 / 8)
    assert bucket_shares(scores).tolist() == [0.25] * 4
    assert bucket_of(scores.rank).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_surprisal_spread_and_difference():
    # s = 1, 3, 1, 3: mean 2, every deviation 1, every jump 2
    scores = make_scores([-1, -3, -1, -3])
    assert compute("surprisal_std", scores) == pytest.approx(1)
    assert compute("surprisal_difference", scores) == pytest.approx(2)
    # products of neighbours -1, -1, -1 over the sum of squares 4
    assert compute("surprisal_autocorrelation", scores) == pytest.approx(-0.75)


def test_autocorrelation_of_a_longer_lag():
    # deviations 1, -1, 1, -1: products two apart 1, 1 over 4
    assert autocorrelation(np.array([1.0, 3.0, 1.0, 3.0]), lag=2) == pytest.approx(0.5)


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


@pytest.mark.parametrize("name", sorted(plain_methods()))
def test_no_tokens_gives_nan(name):
    assert math.isnan(compute(name, make_scores([])))


@pytest.mark.parametrize("name", sorted(plain_methods()))
def test_one_token_and_one_repeated_token_give_a_number_or_nan_but_no_error(name):
    for scores in (make_scores([-2.0]), make_scores([-2.0] * 100, log_prob_variance=[0.0] * 100)):
        assert isinstance(compute(name, scores), float)


@pytest.mark.parametrize("name", sorted(plain_methods()))
def test_every_method_states_direction_unit_and_source(name):
    chosen = METHODS[name]
    assert isinstance(chosen().higher_is_machine, bool)
    assert chosen().unit
    module = __import__(chosen.__module__, fromlist=["x"])
    assert "Definition" in module.__doc__
    assert "Source" in module.__doc__


def test_undefined_values():
    assert math.isnan(compute("surprisal_std", make_scores([-1.0])))
    assert math.isnan(compute("surprisal_autocorrelation", make_scores([-1.0] * 9)))
    assert math.isnan(compute("lastde", make_scores([-1.0] * 7)))
    assert math.isnan(compute("fast_detect_gpt", make_scores([-1.0], log_prob_variance=[0.0])))


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"registered: .*fast_detect_gpt.*log_rank"):
        compute("fast-detect-gpt", make_scores([-1.0]))


def test_compute_all_names_every_method():
    assert set(compute_all(make_scores([-1.0, -2.0]))) == set(plain_methods())


def test_llm_deviation():
    # ranks 1 and 4: (0 + (2 ln 2)^2) / 2
    assert compute("llm_deviation", make_scores([-1, -1], rank=[1, 4])) == pytest.approx(2 * LN2**2)


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


def test_uniform_information_density_by_hand():
    # s = 1, 3, 2: mean 2, variance 2/3; |d| = 2, 1; all over n = 3
    scores = make_scores([-1, -3, -2])
    assert compute("uid_variance", scores) == pytest.approx(2 / 3)
    assert compute("uid_difference", scores) == pytest.approx(1)
    assert compute("uid_difference_squared", scores) == pytest.approx(5 / 3)


def test_extreme_spans_are_the_even_and_the_uneven_stretch():
    even, uneven, middle = [1.0, 1.0, 1.0], [0.0, 9.0, 0.0], [1.0, 2.0, 1.0]
    least, most = extreme_spans(make_scores([-s for s in [*middle, *uneven, *even, 5.0]]), length=3)
    assert least.tolist() == even
    assert most.tolist() == uneven
    assert all(np.isnan(span).all() for span in extreme_spans(make_scores([-1.0])))


def test_outliers_are_counted_in_the_models_own_deviations():
    # (s - H) / sqrt(v): 3.5, 2.5, and a sure token that is not the one expected
    scores = make_scores([-8, -6, -0.5], entropy_nats=[1, 1, 0], log_prob_variance=[4, 4, 0])
    assert compute("outlier_share", scores) == pytest.approx(2 / 3)


def test_diveye_by_hand():
    s = [1.0, 2.0, 4.0, 1.0, 2.0, 4.0, 1.0, 2.0, 4.0, 1.0]
    found = diveye_features(make_scores([-v for v in s]))
    d = [s[i + 1] - s[i] for i in range(9)]
    e = [d[i + 1] - d[i] for i in range(8)]
    m = sum(s) / 10
    variance = sum((v - m) ** 2 for v in s) / 10
    assert found["surprisal_mean"] == pytest.approx(m)
    assert found["surprisal_variance"] == pytest.approx(variance)
    assert found["surprisal_std"] == pytest.approx(math.sqrt(variance))
    assert found["surprisal_skewness"] == pytest.approx(sum((v - m) ** 3 for v in s) / 10 / variance**1.5)
    assert found["surprisal_kurtosis"] == pytest.approx(sum((v - m) ** 4 for v in s) / 10 / variance**2 - 3)
    assert found["difference_mean"] == pytest.approx((s[-1] - s[0]) / 9, abs=1e-12)
    assert found["second_difference_variance"] == pytest.approx(np.var(e))
    # e takes the values 1, -5, 4 in turn, 3 + 3 + 2 times, each in a bin of its own
    assert found["second_difference_entropy"] == pytest.approx(-(6 / 8 * math.log(3 / 8) + 2 / 8 * math.log(2 / 8)))
    # without its last value, e has the sum 4 of 7 values, without its first, -2: Pearson's correlation of the two
    first, second = [1, -5, 4, 1, -5, 4, 1], [-5, 4, 1, -5, 4, 1, -5]
    assert e == [*first, second[-1]]
    products = sum((a - 1 / 7) * (b + 5 / 7) for a, b in zip(first, second, strict=True))
    spreads = sum((a - 1 / 7) ** 2 for a in first) * sum((b + 5 / 7) ** 2 for b in second)
    assert found["second_difference_autocorrelation"] == pytest.approx(products / math.sqrt(spreads))
    assert all(math.isnan(v) for v in diveye_features(make_scores([-1.0] * 9)).values())


@pytest.mark.parametrize("n", [12, 60, 600])
def test_the_tenth_feature_of_diveye_is_pearsons_correlation(n):
    surprisal = np.random.default_rng(n).gamma(1, 3, n).astype(np.float32)
    e = np.diff(surprisal.astype(np.float64), 2)
    found = diveye_features(make_scores((-surprisal).tolist()))["second_difference_autocorrelation"]
    assert found == pytest.approx(np.corrcoef(e[:-1], e[1:])[0, 1], abs=1e-12)


def test_the_spectrum_of_a_wave_has_its_peak_at_its_frequency():
    t = np.arange(200)
    surprisal = np.expm1(2 + np.sin(2 * np.pi * t / 8))  # so that ln(s + 1) is the wave
    found = spectrum(make_scores((-surprisal).tolist()))
    assert np.argmax(found) / (len(found) - 1) * 0.5 == pytest.approx(1 / 8, abs=0.002)
    assert np.isnan(spectrum(make_scores([-1.0] * 20))).all()
    slow = np.expm1(2 + np.sin(2 * np.pi * t / 50))
    assert compute("low_frequency_share", make_scores((-slow).tolist())) == pytest.approx(1, abs=1e-6)
    fast = np.expm1(2 + np.sin(2 * np.pi * t / 3))
    assert compute("low_frequency_share", make_scores((-fast).tolist())) == pytest.approx(0, abs=0.01)


def test_the_spectrum_does_not_depend_on_a_circular_shift():
    values = (-np.random.default_rng(0).exponential(3, 64)).tolist()
    shifted = values[10:] + values[:10]
    np.testing.assert_allclose(spectrum(make_scores(values)), spectrum(make_scores(shifted)), atol=1e-4)


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


def test_sampling_approaches_the_analytic_score(tiny):
    (scores,) = score_texts(tiny, [TRAINING_TEXT], samples=20_000)
    # the standard error of the sampled spread is 1 / sqrt(2 * 20,000) of the score
    assert compute("fast_detect_gpt_sampled", scores) == pytest.approx(compute("fast_detect_gpt", scores), rel=0.03)


def test_fast_detect_gpt_sampled_by_hand():
    # samples sum to -2 and -4: mean -3, unbiased deviation sqrt 2; the text has -1 - 1
    scores = replace(make_scores([-1, -1]), sampled_log_prob_nats=np.array([[-1, -3], [-1, -1]], dtype=np.float32))
    assert compute("fast_detect_gpt_sampled", scores) == pytest.approx(1 / math.sqrt(2))


def test_lastde_plus_plus_is_lastde_among_lastdes():
    rng = np.random.default_rng(0)
    sampled = (-rng.gamma(1.0, 2.0, size=(60, 5))).astype(np.float32)
    text = (-rng.gamma(1.0, 2.0, size=60)).astype(np.float32)
    lastde = Lastde(embedding=4, bins_per_token=8, scales=10)
    values = [lastde(make_scores(column.tolist())) for column in sampled.T]
    expected = (lastde(make_scores(text.tolist())) - np.mean(values)) / np.std(values, ddof=1)
    scores = replace(make_scores(text.tolist()), sampled_log_prob_nats=sampled)
    assert compute("lastde_plus_plus", scores) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("binoculars", "needs the scores of two models: score_pairs"),
        ("lastde_plus_plus", r"score_texts\(..., samples=100\)"),
        ("gltr_top10_entropy", r"score_texts\(..., top_k=10\)"),
    ],
)
def test_a_method_says_what_its_scores_lack(name, message):
    with pytest.raises(ValueError, match=message):
        compute(name, make_scores([-1.0]))


def test_one_models_method_is_not_given_two():
    with pytest.raises(ValueError, match="the scores of one text"):
        compute("lrr", make_pair([-1], [1]))


class _EntryPoint:
    name, value = "mine", "mine:module"

    def __init__(self, load):
        self.load = load


def test_a_third_party_registers_a_method_by_entry_point(monkeypatch):
    def load():
        @methods.method("mine_longest")
        class Longest:
            """Tokens in the text."""

            higher_is_machine, unit = True, "tokens"

            def __call__(self, scores):
                return float(len(scores))

    monkeypatch.setattr(methods, "entry_points", lambda group: [_EntryPoint(load)])
    try:
        methods._load_plugins()
        assert compute("mine_longest", make_scores([-1, -2])) == 2
        assert compute_all(make_scores([-1, -2]))["mine_longest"] == 2
    finally:
        METHODS.pop("mine_longest", None)
        methods.REQUIREMENTS.pop("mine_longest", None)


def test_a_broken_third_party_method_is_named_and_harms_nothing(monkeypatch):
    def load():
        raise ImportError("no module")

    monkeypatch.setattr(methods, "entry_points", lambda group: [_EntryPoint(load)])
    with pytest.warns(UserWarning, match="The method mine from mine:module cannot be loaded: no module"):
        methods._load_plugins()


def test_detect_gpt_by_hand():
    # the text has -1, the copies -2 and -4: d = 2, spread 1
    copies = (make_scores([-2.0, -2.0]), make_scores([-4.0]))
    found = PerturbedScores(make_scores([-1.0, -1.0]), copies)
    assert compute("detect_gpt", found) == pytest.approx(2)
    assert compute("detect_gpt_z", found) == pytest.approx(2)
    assert math.isnan(compute("detect_gpt_z", PerturbedScores(found.original, copies[:1])))
    assert math.isnan(compute("detect_gpt", PerturbedScores(found.original, ())))


def test_npr_by_hand():
    # log-ranks: text ln 2, copies ln 4 and ln 16: mean 3 ln 2
    copies = (make_scores([-1], rank=[4]), make_scores([-1], rank=[16]))
    assert compute("npr", PerturbedScores(make_scores([-1], rank=[2]), copies)) == pytest.approx(3)
    assert math.isnan(compute("npr", PerturbedScores(make_scores([-1], rank=[1]), copies)))


def test_dna_gpt_by_hand():
    # ending "a b c d", drawn "x a b c" and "q": 3-grams abc, bcd of the text, one shared by the first
    found = RegeneratedScores(
        make_scores([-1.0]), (make_scores([-2.0]), make_scores([-4.0])), "A b, c d.", ("x a b c", "q"), 0
    )
    assert compute("dna_gpt", found) == pytest.approx(2)
    assert compute("dna_gpt_overlap", found) == pytest.approx(3 * math.log(3) / (4 * 2) / 2)
    same = RegeneratedScores(make_scores([-1.0]), (make_scores([-1.0]),), "a b c", ("a b c",), 0)
    assert compute("dna_gpt_overlap", same) == pytest.approx(3 * math.log(3) / 3)
    assert math.isnan(compute("dna_gpt_overlap", RegeneratedScores(make_scores([-1.0]), (), "a b c", (), 0)))


def test_dna_gpt_takes_the_mean_of_each_ending_however_long():
    # a head of 100 tokens at -5 counts nowhere; endings at -3, drawn ones of 100, 50 and 10 tokens at -3: 0
    def text(n, ending=-3.0):
        return make_scores([-5.0] * 100 + [ending] * n)

    def dna_gpt(own, *others):
        return compute("dna_gpt", RegeneratedScores(own, others, "", ("",) * len(others), 100))

    for n in (100, 50, 10):
        assert dna_gpt(text(100), text(n)) == pytest.approx(0)
    # endings at -2 and, ended early, at -4: -1 - (-2 - 4) / 2 = 2; an empty one is none
    assert dna_gpt(text(40, -1), text(40, -2), text(2, -4), text(0)) == pytest.approx(2)
    assert math.isnan(dna_gpt(text(40), text(0)))
    assert math.isnan(dna_gpt(text(0), text(40)))
