import math

import numpy as np
import pytest
import torch

from detector.models.linear_head import LinearHead
from detector.scoring.vocabulary_head import reduce_logits, reduce_vocabulary, target_log_probs


def test_hand_derived_values():
    # p = (1/2, 1/4, 1/4), x = the second entry.
    # ln p = (-L, -2L, -2L) with L = ln 2; H = L/2 + 2 * 2L/4 = 1.5 L
    # variance = 1/2 (-L + 1.5L)^2 + 1/2 (-2L + 1.5L)^2 = 0.25 L^2
    # rank: only the first logit is strictly larger, the tie with the third does not count: 2
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]])) + 7.0
    found = reduce_logits(logits, torch.tensor([1]), top_k=2)
    ln2 = math.log(2)
    assert found.log_prob_nats.item() == pytest.approx(-2 * ln2, abs=1e-6)
    assert found.rank.item() == 2
    assert found.entropy_nats.item() == pytest.approx(1.5 * ln2, abs=1e-6)
    assert found.log_prob_variance.item() == pytest.approx(0.25 * ln2**2, abs=1e-6)
    assert found.max_log_prob_nats.item() == pytest.approx(-ln2, abs=1e-6)
    assert found.top_ids[0, 0].item() == 0
    assert found.top_log_prob_nats[0].tolist() == pytest.approx([-ln2, -2 * ln2], abs=1e-6)


def test_against_a_slow_reference_in_double_precision():
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(50, 3000, generator=generator) * 6
    targets = torch.randint(0, 3000, (50,), generator=generator)
    found = reduce_logits(logits.clone(), targets)
    for i in range(50):
        row = logits[i].double().numpy()
        p = np.exp(row - row.max())
        p /= p.sum()
        log_p = np.log(p)
        assert found.log_prob_nats[i].item() == pytest.approx(log_p[targets[i]], abs=2e-5)
        assert found.rank[i].item() == 1 + int((row > row[targets[i]]).sum())
        entropy = -(p * log_p).sum()
        assert found.entropy_nats[i].item() == pytest.approx(entropy, abs=2e-5)
        assert found.log_prob_variance[i].item() == pytest.approx(
            (p * (log_p + entropy) ** 2).sum(), rel=1e-4, abs=1e-5
        )


def test_variance_does_not_cancel_when_nearly_certain():
    # One entry has almost all mass: E[X^2] - E[X]^2 would lose every digit in float32.
    q = 1e-6
    logits = torch.log(torch.tensor([[1 - q, q]], dtype=torch.float64)).float()
    exact = (1 - q) * q * (math.log(1 - q) - math.log(q)) ** 2  # variance of a two-valued variable
    assert reduce_logits(logits, torch.tensor([0])).log_prob_variance.item() == pytest.approx(exact, rel=1e-3)


def test_masked_entries_do_not_make_the_entropy_nan():
    found = reduce_logits(torch.tensor([[0.0, 0.0, -torch.inf]]), torch.tensor([0]))
    assert found.entropy_nats.item() == pytest.approx(math.log(2), abs=1e-6)
    assert found.log_prob_variance.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("chunk", [1, 7, 128])
def test_chunk_size_changes_nothing(chunk):
    generator = torch.Generator().manual_seed(2)
    hidden, head = torch.randn(40, 16, generator=generator), torch.randn(500, 16, generator=generator)
    targets = torch.randint(0, 500, (40,), generator=generator)
    uniforms = torch.rand(40, 5, generator=generator)
    whole, parts = (reduce_vocabulary(hidden, lambda h: h @ head.T, targets, 3, size, uniforms) for size in (40, chunk))
    for name in whole.__dataclass_fields__:
        assert torch.allclose(getattr(whole, name).float(), getattr(parts, name).float(), atol=1e-4), name


def test_sampled_tokens_are_drawn_by_inverting_the_distribution():
    p = torch.tensor([[0.5, 0.2, 0.3]])
    found = reduce_logits(p.log(), torch.tensor([0]), uniforms=torch.tensor([[0.0, 0.49, 0.51, 0.69, 0.71, 0.999]]))
    expected = torch.tensor([0.5, 0.5, 0.2, 0.2, 0.3, 0.3]).log()
    assert torch.allclose(found.sampled_log_prob_nats[0], expected, atol=1e-5)
    assert reduce_logits(p.log(), torch.tensor([0])).sampled_log_prob_nats is None


def test_exact_logits_mend_the_target_and_the_likeliest_token():
    # In bfloat16 13.3 is 13.3125 and 12.9 is 12.875: the two alone decide the probability, so rounding would show.
    exact = torch.tensor([[13.3, 12.9, -5.0]])
    rounded = exact.bfloat16()
    plain = reduce_logits(rounded, torch.tensor([1]))
    mended = reduce_logits(rounded, torch.tensor([1]), exact=lambda ids: exact.gather(1, ids))
    expected = -math.log1p(math.exp(0.4))
    assert mended.log_prob_nats.item() == pytest.approx(expected, abs=1e-6)
    assert abs(plain.log_prob_nats.item() - expected) > 0.01


def test_a_bfloat16_head_is_near_the_float32_one():
    generator = torch.Generator().manual_seed(5)
    hidden = torch.randn(200, 64, generator=generator).bfloat16()
    weight = torch.randn(800, 64, generator=generator).bfloat16()
    targets = torch.randint(0, 800, (200,), generator=generator)

    def logits(rows):
        return rows @ weight.T

    def exact(rows, ids):
        return torch.einsum("nd,nkd->nk", rows.float(), weight[ids].float())

    reference = reduce_vocabulary(hidden.float(), lambda rows: rows @ weight.float().T, targets)
    mended = reduce_vocabulary(hidden, logits, targets, exact=exact)
    assert (mended.log_prob_nats - reference.log_prob_nats).abs().mean() < 0.01
    assert (mended.max_log_prob_nats - reference.max_log_prob_nats).abs().mean() < 0.01
    assert ((mended.rank - reference.rank).abs() <= 1 + 0.02 * reference.rank).float().mean() > 0.99


def linear_head(vocabulary, width, dtype=torch.float32, bias=False, spread=1.0):
    generator = torch.Generator().manual_seed(8)
    weight = (torch.randn(vocabulary, width, generator=generator) * spread).to(dtype)
    return LinearHead(weight, torch.randn(vocabulary, generator=generator).to(dtype) if bias else None)


@pytest.mark.parametrize("block", [1, 7, 64, 301, 5000])
@pytest.mark.parametrize("bias", [False, True])
def test_a_sweep_in_blocks_agrees_with_whole_rows_in_double_precision(block, bias):
    head = linear_head(301, 24, bias=bias)
    hidden = torch.randn(40, 24, generator=torch.Generator().manual_seed(9))
    targets = torch.arange(40) * 7 % 301
    logits = hidden.double() @ head.weight.double().T + (head.bias.double() if bias else 0.0)
    log_p = logits.log_softmax(1)
    entropy = -(log_p.exp() * log_p).sum(1)
    found = reduce_vocabulary(hidden, head, targets, top_k=3, chunk_positions=17, block_entries=block)
    own = log_p.gather(1, targets[:, None])
    expected = {
        "log_prob_nats": own.squeeze(1),
        "rank": 1 + (log_p > own).sum(1),
        "entropy_nats": entropy,
        "log_prob_variance": (log_p.exp() * (log_p + entropy[:, None]) ** 2).sum(1),
        "max_log_prob_nats": log_p.amax(1),
        "top_ids": log_p.topk(3).indices,
        "top_log_prob_nats": log_p.topk(3).values,
    }
    for name, values in expected.items():
        torch.testing.assert_close(getattr(found, name).double(), values.double(), atol=2e-5, rtol=2e-5)
    ours = target_log_probs(hidden, head, targets, chunk_positions=17, block_entries=block)
    torch.testing.assert_close(ours.double(), own.squeeze(1), atol=2e-5, rtol=2e-5)


def test_a_target_never_outranks_itself_by_rounding():
    head = linear_head(200, 300, spread=3.0)
    hidden = head.weight[:50] * 2  # each position is surest of the target by far
    found = reduce_vocabulary(hidden, head, torch.arange(50), block_entries=64)
    assert found.rank.tolist() == [1] * 50
    assert torch.equal(found.log_prob_nats, found.max_log_prob_nats)


@pytest.mark.parametrize("block", [64, 1000])
def test_blocks_change_nothing_in_bfloat16_either(block):
    head = linear_head(1000, 32, torch.bfloat16, spread=0.7)
    hidden = torch.randn(90, 32, generator=torch.Generator().manual_seed(4)).bfloat16()
    best = head(hidden).topk(2).values
    hidden = hidden[best[:, 0] > best[:, 1]][:60]  # of two that round to the same, either may be mended
    targets = torch.arange(60) * 13 % 1000
    rounded = head(hidden).float()
    mended = torch.stack([rounded.argmax(1), targets], dim=1)
    logits = rounded.scatter(1, mended, head.few(hidden, mended)).double()  # the two that rounding would show in
    log_p = logits.log_softmax(1)
    entropy = -(log_p.exp() * log_p).sum(1)
    for top_k in (0, 4):
        found = reduce_vocabulary(hidden, head, targets, top_k=top_k, block_entries=block)
        own = log_p.gather(1, targets[:, None])
        torch.testing.assert_close(found.log_prob_nats.double(), own.squeeze(1), atol=2e-5, rtol=0)
        torch.testing.assert_close(found.entropy_nats.double(), entropy, atol=2e-5, rtol=0)
        torch.testing.assert_close(found.max_log_prob_nats.double(), log_p.amax(1), atol=2e-5, rtol=0)
        assert found.rank.tolist() == (1 + (log_p > own).sum(1)).tolist()
        assert found.top_ids.shape == (60, top_k)
    assert torch.equal(found.top_log_prob_nats[:, 0], found.max_log_prob_nats)


def test_a_block_that_is_masked_altogether_counts_for_nothing():
    logits = torch.full((1, 6), -torch.inf)
    logits[0, 4:] = 1.0
    found = reduce_logits(logits, torch.tensor([5]), block_entries=2)
    assert found.entropy_nats.item() == pytest.approx(math.log(2), abs=1e-6)
    assert found.log_prob_nats.item() == pytest.approx(-math.log(2), abs=1e-6)
    assert found.log_prob_variance.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_logit_that_is_no_number_shows_in_the_largest(bad):
    logits = torch.zeros(1, 6)
    logits[0, 1] = bad
    found = reduce_logits(logits, torch.tensor([5]), block_entries=2)
    assert not found.max_log_prob_nats.isfinite().all()
