"""Two models over one text, against one position at a time."""

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from detector import LanguageModel, ModelError, score_texts
from detector.scoring.pair import score_pairs
from tests.conftest import CONTEXT, TRAINING_TEXT, tiny_llama, tiny_tokenizer

TEXTS = ["", "a", "The old man", TRAINING_TEXT, "Boats. Gone \u20ac", TRAINING_TEXT * 3]
COLUMNS = ("log_prob_nats", "max_log_prob_nats", "cross_entropy_nats", "cross_variance")


@pytest.fixture(scope="module")
def other():
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=400, hidden_size=48, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
        max_position_embeddings=CONTEXT, initializer_range=0.3, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    return LanguageModel(LlamaForCausalLM(config), tiny_tokenizer(), name="other")


def one_position_at_a_time(observer, performer, text):
    ids = [0, *performer.encoder.encode(text)[0].tolist()]
    rows, final = [], float("nan")
    for t in range(1, len(ids) + 1):
        with torch.no_grad():
            q, p = (m.model(torch.tensor([ids[:t]])).logits[0, -1].double() for m in (observer, performer))
        q, log_p = q.softmax(-1), p.log_softmax(-1)
        expected = (q * log_p).sum()
        if t == len(ids):
            final = -expected.item()
        else:
            variance = (q * (log_p - expected) ** 2).sum()
            rows.append((log_p[ids[t]].item(), log_p.max().item(), -expected.item(), variance.item()))
    return np.array(rows).reshape(-1, 4), final


@pytest.mark.parametrize("text", [*TEXTS[:3], "He had counted them in 1984."])
def test_agrees_with_one_position_at_a_time(tiny, other, text):
    (found,) = score_pairs(other, tiny, [text])
    expected, final = one_position_at_a_time(other, tiny, text)
    assert len(found) == len(expected)
    for column, name in enumerate(COLUMNS):
        np.testing.assert_allclose(getattr(found, name), expected[:, column], atol=2e-4, rtol=1e-3)
    assert found.final_cross_entropy_nats == pytest.approx(final, abs=1e-4)


@pytest.mark.parametrize("batch_tokens", [1, 40, 100_000])
def test_batch_chunk_and_company_change_nothing(tiny, other, batch_tokens):
    together = list(score_pairs(other, tiny, TEXTS, batch_tokens=batch_tokens, chunk_positions=7))
    for text, found in zip(TEXTS, together, strict=True):
        (alone,) = score_pairs(other, tiny, [text])
        for name in COLUMNS:
            np.testing.assert_allclose(getattr(found, name), getattr(alone, name), atol=1e-4, rtol=1e-4)
        np.testing.assert_allclose(found.final_cross_entropy_nats, alone.final_cross_entropy_nats, atol=1e-4)


def test_the_performer_alone_says_the_same_of_the_text(tiny, other):
    for pair, plain in zip(score_pairs(other, tiny, TEXTS), score_texts(tiny, TEXTS), strict=True):
        np.testing.assert_allclose(pair.log_prob_nats, plain.log_prob_nats, atol=1e-4)
        np.testing.assert_allclose(pair.max_log_prob_nats, plain.max_log_prob_nats, atol=1e-4)


def test_a_model_with_itself_gives_entropy_and_variance(tiny):
    for pair, plain in zip(score_pairs(tiny, tiny, TEXTS), score_texts(tiny, TEXTS), strict=True):
        np.testing.assert_allclose(pair.cross_entropy_nats, plain.entropy_nats, atol=1e-4)
        np.testing.assert_allclose(pair.cross_variance, plain.log_prob_variance, atol=1e-3, rtol=1e-4)


def test_past_the_end_is_read_where_the_text_fits_one_window(tiny):
    n = len(tiny.encoder.encode(TRAINING_TEXT)[0])
    assert n > CONTEXT
    cut = tiny.tokenizer.decode(tiny.encoder.encode(TRAINING_TEXT)[0][: CONTEXT - 1])
    assert len(tiny.encoder.encode(cut)[0]) == CONTEXT - 1  # with the prefix the window is full
    full, longer = score_pairs(tiny, tiny, [cut, TRAINING_TEXT])
    assert np.isfinite(full.final_cross_entropy_nats)
    assert np.isnan(longer.final_cross_entropy_nats)


def test_models_that_do_not_share_a_tokenizer_are_refused(tiny):
    stranger = LanguageModel(tiny_llama(), tiny_tokenizer(), name="stranger", prefix="none")
    with pytest.raises(ModelError, match="stranger and tiny do not share a tokenizer"):
        next(score_pairs(stranger, tiny, ["a"]))


def test_a_single_text_is_refused(tiny):
    with pytest.raises(TypeError, match="put a single one in a list"):
        next(score_pairs(tiny, tiny, "a"))
