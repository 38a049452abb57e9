"""SynthID-Text: bits that are fair without a mark, exact tails, and a mark made by transformers found."""

import numpy as np
import pytest
import torch
from transformers import SynthIDTextWatermarkingConfig

from detector import UsageError
from detector.watermark.synthid import SynthId, _integer_weights, detect_synthid
from tests.conftest import tiny_llama

KEYS = (654, 400, 836, 123, 340, 443, 597, 160)


def test_weights_fall_evenly_from_ten_to_one():
    weights = _integer_weights(30)
    assert weights / weights[-1] == pytest.approx(np.linspace(10, 1, 30))


def test_without_a_mark_the_promise_holds():
    rng = np.random.default_rng(0)
    watermark = SynthId(KEYS)
    results = [detect_synthid(watermark, rng.integers(1, 400, 80).tolist()) for _ in range(150)]
    assert np.mean([r.mean for r in results]) == pytest.approx(0.5, abs=0.01)
    for name in ("mean_p_value", "weighted_mean_p_value"):
        alarms = np.mean([getattr(r, name) <= 0.1 for r in results])
        assert alarms <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / 150)
        assert alarms > 0.02


def test_a_mark_made_by_transformers_is_found_with_its_keys_alone():
    model = tiny_llama(context=256)
    with torch.no_grad():
        model.lm_head.weight.mul_(0.1)
    config = SynthIDTextWatermarkingConfig(keys=list(KEYS), ngram_len=5)
    torch.manual_seed(0)
    drawn = model.generate(
        torch.tensor([[5, 6, 7]]), watermarking_config=config, do_sample=True, top_k=0, max_new_tokens=100,
        eos_token_id=None, pad_token_id=0,
    )[0, 3:].tolist()  # fmt: skip
    found = detect_synthid(SynthId(KEYS), drawn)
    assert found.mean > 0.55
    assert found.mean_p_value < 1e-4
    assert found.weighted_mean_p_value < 1e-4
    assert detect_synthid(SynthId(tuple(k + 1 for k in KEYS)), drawn).mean_p_value > 1e-3


def test_repeated_contexts_are_counted_once_and_short_texts_not_at_all():
    watermark = SynthId(KEYS)
    assert detect_synthid(watermark, [1, 2, 3, 4, 5] * 20).n_scored <= 6
    assert np.isnan(detect_synthid(watermark, [1, 2]).mean_p_value)
    ids = np.random.default_rng(0).integers(1, 400, 20).tolist()
    assert detect_synthid(watermark, ids[:19]).n_scored == 15
    assert np.isnan(detect_synthid(watermark, ids[:19]).weighted_mean_p_value)
    assert 0 < detect_synthid(watermark, ids).mean_p_value <= 1


@pytest.mark.parametrize("apart", [900, 1100])
def test_a_context_counts_once_however_far_apart_it_comes_again(apart):
    block = np.random.default_rng(5).integers(0, 16_384, apart).tolist()
    watermark = SynthId(KEYS)
    once = watermark.bits(block)
    assert len(once) == apart - 4
    repeated = watermark.bits(block * 3)
    seen: set[tuple[int, ...]] = set()
    new = []
    for place in range(4, 3 * apart):  # a slow obvious reference
        context = tuple((block * 3)[place - 4 : place])
        if context not in seen:
            new.append(watermark.bits([*context, (block * 3)[place]])[0])
        seen.add(context)
    assert len(repeated) == apart  # the four contexts across the seam are new once
    np.testing.assert_array_equal(repeated, new)
    np.testing.assert_array_equal(repeated[: len(once)], once)


def test_the_bits_are_those_of_transformers_where_it_remembers():
    from transformers import SynthIDTextWatermarkLogitsProcessor

    published = SynthIDTextWatermarkLogitsProcessor(5, list(KEYS), 2**16, 0, 1024, torch.device("cpu"))
    ids = torch.from_numpy(np.random.default_rng(1).integers(1, 4, 300))[None]  # few tokens: many repeats
    new = published.compute_context_repetition_mask(ids)[0].bool()
    assert 0 < new.sum() < len(new)
    expected = published.compute_g_values(ids)[0][new].numpy()
    np.testing.assert_array_equal(SynthId(KEYS).bits(ids[0].tolist()), expected)


def test_texts_that_repeat_a_passage_raise_no_more_false_alarms():
    rng, watermark = np.random.default_rng(3), SynthId(KEYS)
    blocks = [rng.integers(0, 16_384, 1100).tolist() for _ in range(150)]
    p = [detect_synthid(watermark, block * 4).mean_p_value for block in blocks]
    # of 150 about 15 are at most 0.1; counted four times over, p would be as small for a quarter
    assert np.mean(np.array(p) <= 0.1) <= 0.1 + 2 * np.sqrt(0.1 * 0.9 / 150)


def test_the_highest_key_is_hashed_as_any_other():
    ids = np.random.default_rng(0).integers(1, 400, 400).tolist()
    assert detect_synthid(SynthId((1, 2**63 - 1)), ids).mean == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"keys": ()}, "at least two keys, and none was given"),
        ({"keys": (1,)}, "at least two keys, and only one was given"),
        ({"keys": (1, 5, 5)}, "key 5 was given twice"),
        ({"keys": (1, -4)}, "is -4; it must be a whole number from 1 to 9223372036854775807"),
        ({"keys": (1, 2**63)}, "is 9223372036854775808; it must"),
        ({"keys": KEYS, "ngram_length": 1}, "is 1"),
    ],
)
def test_impossible_keys_are_named(settings, message):
    with pytest.raises(UsageError, match=message):
        SynthId(**settings)
