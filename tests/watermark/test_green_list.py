"""The green-list test: schemes by hand, marks found, unmarked texts at the promised rate, repeats once."""

import numpy as np
import pytest
import torch
from scipy.stats import binom, kstest
from transformers import WatermarkLogitsProcessor
from transformers.generation.watermarking import WatermarkDetector

from detector import LanguageModel, UsageError
from detector.generation import generate
from detector.watermark.green_list import PUBLISHED_KEY, GreenList, detect_green_list
from tests.conftest import tiny_llama, tiny_tokenizer

SCHEMES = ["lefthash", "minhash", "skipgram", "selfhash", "selfhash_transformers"]


@pytest.fixture(scope="module")
def flat():
    """A model that is unsure of everything, with room for long texts."""
    model = tiny_llama(context=512)
    with torch.no_grad():
        model.lm_head.weight.mul_(0.1)
    return LanguageModel(model, tiny_tokenizer(), name="flat")


def permutation(size, seed, n):
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))[:n].tolist()


def test_lists_by_hand():
    key, h = 7, (torch.randperm(1_000_003, generator=torch.Generator().manual_seed(2_971_215_073)) + 1).tolist()
    context = [11, 5, 300, 42]
    seeds = {
        "lefthash": 7 * 42,
        "minhash": min(h[7 * t] for t in context),
        "skipgram": h[7 * 11],
        "selfhash": min(7 * h[t] * h[42] for t in context),
    }
    for scheme, seed in seeds.items():
        found = GreenList(400, key, 0.25, scheme).green_ids(context).tolist()
        assert found == permutation(400, seed % (2**64 - 1), 100), scheme


@pytest.mark.parametrize("scheme", ["lefthash", "selfhash_transformers"])
def test_where_transformers_is_right_it_agrees(scheme):
    theirs = WatermarkLogitsProcessor(
        400, "cpu", greenlist_ratio=0.25, hashing_key=99, seeding_scheme=scheme.removesuffix("_transformers"),
        context_width=1 if scheme == "lefthash" else 4,
    )  # fmt: skip
    ours = GreenList(400, 99, 0.25, scheme)
    for context in ([3, 14, 15, 92], [0, 0, 0, 1], [399, 2, 6, 5]):
        assert ours.green_ids(context).tolist() == theirs._get_greenlist_ids(torch.tensor(context)).tolist()


def test_the_counts_are_those_of_transformers_and_the_p_value_is_exact():
    config = tiny_llama().config
    settings = {
        "greenlist_ratio": 0.25,
        "bias": 2.0,
        "hashing_key": 99,
        "seeding_scheme": "lefthash",
        "context_width": 1,
    }
    theirs = WatermarkDetector(config, "cpu", settings, ignore_repeated_ngrams=True)
    ids = np.random.default_rng(0).integers(1, 400, 120)
    expected = theirs(torch.from_numpy(ids)[None], return_dict=True)
    found = detect_green_list(GreenList(400, 99, 0.25, "lefthash"), ids.tolist())
    assert found.n_scored == expected.num_tokens_scored[0]
    assert found.n_green == expected.num_green_tokens[0]
    assert found.z == pytest.approx(expected.z_score[0])
    assert found.p_value == pytest.approx(binom.sf(found.n_green - 1, found.n_scored, 0.25))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_mark_is_found_with_its_key_and_not_with_another(flat, scheme):
    watermark = GreenList(400, 12_345, 0.25, scheme)
    (drawn,) = generate(flat, ["The old man"], max_tokens=120, seed=1, adjust_logits=watermark.marker(bias=4.0))
    found = detect_green_list(watermark, drawn.token_ids)
    assert found.z > 4
    assert found.p_value < 1e-5
    assert found.window_p_value < 1e-3
    assert detect_green_list(GreenList(400, 54_321, 0.25, scheme), drawn.token_ids).p_value > 1e-3


@pytest.mark.parametrize(("scheme", "n_tried"), [("selfhash", 41), ("selfhash_transformers", 40)])
def test_as_many_candidates_are_tried_as_the_published_code_tries(scheme, n_tried):
    # the published loop ends at index 40, which is the 41st; that of transformers is range(40)
    watermark = GreenList(400, 12_345, 0.25, scheme)
    logits, context = torch.linspace(4, 0, 400)[None], [11, 5, 300]
    marked = watermark.marker(bias=2.0)(logits, [context])[0] - logits[0]
    green = [i for i in range(400) if watermark.is_green([*context, i])]
    assert np.flatnonzero(marked > 1).tolist() == [i for i in green if i < n_tried]
    # and the last one tried is tried: in some context it is green
    last = n_tried - 1
    contexts = ([a, b, 7] for a in range(1, 400) for b in range(1, 20))
    context = next(c for c in contexts if watermark.is_green([*c, last]) and watermark.is_green([*c, n_tried]))
    marked = watermark.marker(bias=2.0)(logits, [context])[0] - logits[0]
    assert (marked[last] > 1, marked[n_tried] > 1) == (True, False)


def test_without_a_mark_p_values_are_uniform_and_windows_keep_their_promise():
    rng = np.random.default_rng(0)
    watermark = GreenList(400, 12_345, 0.25, "lefthash")
    results = [detect_green_list(watermark, rng.integers(1, 400, 120).tolist(), (30, 60)) for _ in range(200)]
    # the binomial is discrete, so spread each p over its step before comparing with the uniform
    spread = [
        r.p_value - rng.random() * binom.pmf(r.n_green, r.n_scored, 0.25) for r in results
    ]  # fmt: skip
    assert kstest(spread, "uniform").pvalue > 0.001
    assert np.mean([r.window_p_value <= 0.05 for r in results]) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_a_mark_in_part_of_a_text_is_found_by_the_window(flat):
    watermark = GreenList(400, 12_345, 0.25, "lefthash")
    (marked,) = generate(flat, ["The"], max_tokens=60, seed=1, adjust_logits=watermark.marker(bias=6.0))
    rng = np.random.default_rng(1)
    ids = [*rng.integers(1, 400, 300).tolist(), *marked.token_ids, *rng.integers(1, 400, 300).tolist()]
    found = detect_green_list(watermark, ids)
    assert found.window_p_value < 1e-4
    assert found.window_p_value < found.p_value
    start, end = found.window
    assert start < 330
    assert 330 < end < 430


def test_a_repeated_ngram_is_counted_once():
    watermark = GreenList(400, 12_345, 0.5, "lefthash")
    once = detect_green_list(watermark, [5, 6, 7])
    often = detect_green_list(watermark, [5, 6, 7, 5, 6, 7, 5, 6, 7])
    assert once.n_scored == 2
    assert often.n_scored == 3  # 7 before 5 is new
    assert often.green[4:] == [None] * 5


def test_too_short_a_text_has_no_p_value():
    found = detect_green_list(GreenList(400, 1, 0.25, "selfhash"), [1, 2, 3])
    assert found.n_scored == 0
    assert np.isnan(found.p_value)
    assert found.green == [None] * 3
    ids = np.random.default_rng(0).integers(1, 400, 17).tolist()
    short, enough = (detect_green_list(GreenList(400, 1, 0.25, "lefthash"), ids[:n]) for n in (16, 17))
    assert (short.n_scored, enough.n_scored) == (15, 16)
    assert np.isnan([short.z, short.p_value, short.window_p_value]).all()
    assert np.isfinite([enough.z, enough.p_value, enough.window_p_value]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scheme": "righthash"}, "Unknown watermark scheme 'righthash'"),
        ({"gamma": 0.0}, "gamma is 0"),
        ({"gamma": 1.0}, "gamma is 1"),
        ({"gamma": float("nan")}, "gamma is nan"),
        ({"gamma": 0.002}, "makes 0 of 400 tokens green"),
        ({"key": 0}, "watermark key is 0"),
        ({"key": -5}, "watermark key is -5; it must be a whole number from 1 to 9223372036854775807"),
        ({"key": 2**63}, "watermark key is 9223372036854775808"),
    ],
)
def test_impossible_watermarks_are_named(settings, message):
    with pytest.raises(UsageError, match=message):
        GreenList(400, **settings)


@pytest.mark.parametrize("bias", [float("nan"), float("inf"), -1.0, 1e9])
def test_an_impossible_bias_is_named(bias):
    with pytest.raises(UsageError, match="must be a finite number from 0 to 1000"):
        GreenList(400).marker(bias)


def test_the_strongest_bias_leaves_the_logits_finite():
    adjusted = GreenList(400, 3, scheme="lefthash").marker(1000.0)(torch.zeros(1, 400), [[5]])
    assert adjusted.softmax(-1).isfinite().all()
    assert adjusted.max() == 1000


@pytest.mark.parametrize("key", [PUBLISHED_KEY, 2**63 - 1])
def test_products_of_great_keys_wrap_around_at_64_bits(key):
    h = (torch.randperm(1_000_003, generator=torch.Generator().manual_seed(2_971_215_073)) + 1).tolist()
    context = [11, 5, 300, 42]

    def wrapped(product):
        return (product + 2**63) % 2**64 - 2**63

    seeds = {
        "lefthash": key * 42,
        "minhash": min(h[wrapped(key * t) % 1_000_003] for t in context),
        "skipgram": h[wrapped(key * 11) % 1_000_003],
        "selfhash": min(wrapped(key * h[t] * h[42]) for t in context),
    }
    for scheme, seed in seeds.items():
        found = GreenList(400, key, 0.25, scheme).green_ids(context).tolist()
        assert found == permutation(400, seed % (2**64 - 1), 100), scheme
    assert len(GreenList(400, key, 0.25, "selfhash_transformers").green_ids(context)) == 100


def test_published_names_are_known():
    assert GreenList(400, scheme="simple_1").scheme == "lefthash"
    assert GreenList(400, scheme="algorithm-3").scheme == "selfhash"
