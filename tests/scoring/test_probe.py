import numpy as np
import pytest
import torch

from detector import LanguageModel, score_texts
from detector.scoring.probe import EveryState, LinearProbe, scaled
from tests.conftest import CONTEXT, TRAINING_TEXT, tiny_llama, tiny_tokenizer

LAYERS = (0, 1, 2)
TEXTS = ["", "a", "The old man", TRAINING_TEXT, "Boats.\r\n\r\nGone 🚢 e\u0301té! ", TRAINING_TEXT * 3]


def a_probe(width: int = 2) -> LinearProbe:
    generator = torch.Generator().manual_seed(3)
    weights = torch.randn(width, len(LAYERS), 32, generator=generator)
    return LinearProbe(LAYERS, weights, torch.arange(width, dtype=torch.float32))


def one_token_at_a_time(language_model, text, probe):
    """A pass for each token that ends with it; every number multiplied and added by itself, in double precision."""
    ids = language_model.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    sequence = [language_model.prefix_id, *ids]
    rows = []
    for end in range(2, len(sequence) + 1):
        with torch.no_grad():
            states = language_model.model(torch.tensor([sequence[:end]]), output_hidden_states=True).hidden_states
        row = probe.bias.double().clone()
        for i, layer in enumerate(probe.layers):
            state = states[layer][0, -1].double()
            length = (sum(float(x) ** 2 for x in state) / len(state)) ** 0.5
            for k in range(probe.width):
                row[k] += sum(float(w) * float(x) / length for w, x in zip(probe.weights[k, i], state, strict=True))
        rows.append(row.tolist())
    return np.array(rows).reshape(-1, probe.width)


@pytest.fixture(scope="module")
def roomy():
    """A model whose context holds the longest text, so that there is one window."""
    return LanguageModel(tiny_llama(context=512), tiny_tokenizer(), name="roomy")


@pytest.mark.parametrize("text", ["a", "The old man", TRAINING_TEXT[:120]])
def test_values_are_those_of_the_slow_reference(roomy, text):
    probe = a_probe()
    (scores,) = score_texts(roomy, [text], probe=probe)
    assert scores.probe.shape == (len(scores), 2)
    np.testing.assert_allclose(scores.probe, one_token_at_a_time(roomy, text, probe), atol=1e-4)


@pytest.mark.parametrize("context", [CONTEXT, 512])
def test_neither_batches_nor_company_change_a_value(context):
    language_model = LanguageModel(tiny_llama(context), tiny_tokenizer(), name="tiny")
    probe = a_probe()
    together = list(score_texts(language_model, TEXTS, probe=probe))
    for tokens in (1, 40, 4096):
        for text, scores in zip(TEXTS, together, strict=True):
            (alone,) = score_texts(language_model, [text], probe=probe, batch_tokens=tokens, chunk_positions=3)
            assert alone.probe.shape == (len(alone), 2)
            np.testing.assert_allclose(alone.probe, scores.probe, atol=1e-4)


def test_a_probe_leaves_the_probabilities_alone(roomy):
    for with_probe, without in zip(score_texts(roomy, TEXTS, probe=a_probe()), score_texts(roomy, TEXTS), strict=True):
        np.testing.assert_allclose(with_probe.log_prob_nats, without.log_prob_nats, atol=1e-4)
        assert without.probe is None


@pytest.mark.parametrize("context", [CONTEXT, 512])
def test_a_pass_without_probabilities_reads_the_same(context):
    language_model = LanguageModel(tiny_llama(context), tiny_tokenizer(), name="tiny")
    lower = LinearProbe((0, 1), a_probe().weights[:, :2], a_probe().bias)
    for probe in (a_probe(), lower):
        whole = score_texts(language_model, TEXTS, probe=probe)
        quick = score_texts(language_model, TEXTS, probe=probe, probabilities=False)
        for scores, read in zip(whole, quick, strict=True):
            np.testing.assert_allclose(read.probe, scores.probe, atol=1e-5)
            np.testing.assert_array_equal(read.token_ids, scores.token_ids)
            np.testing.assert_array_equal(read.end_char, scores.end_char)
            assert scores.has_probabilities or not len(scores)
            assert not read.has_probabilities
            assert np.isnan(read.log_prob_nats).all()
            assert np.isnan(read.entropy_nats).all()
            assert not read.rank.any()


def test_without_probabilities_only_a_probe_can_be_read(roomy):
    for asked in ({}, {"probe": a_probe(), "top_k": 3}, {"probe": a_probe(), "samples": 2}):
        with pytest.raises(ValueError, match="without probabilities"):
            score_texts(roomy, ["a"], probabilities=False, **asked)


def test_the_mean_of_the_values_is_the_value_of_the_mean_state(roomy):
    probe = a_probe()
    (scores,) = score_texts(roomy, [TRAINING_TEXT], probe=probe)
    (states,) = score_texts(roomy, [TRAINING_TEXT], probe=EveryState(LAYERS, 32))
    mean = torch.from_numpy(states.probe.mean(axis=0)).reshape(1, len(LAYERS), 32)
    np.testing.assert_allclose(scores.probe.mean(axis=0), probe.read(mean)[0].numpy(), atol=1e-4)


def test_scaling_makes_every_state_as_long_as_another():
    states = torch.tensor([[3.0, 4.0], [300.0, 400.0], [0.0, 0.0]])
    assert scaled(states)[0].tolist() == pytest.approx([3 / 12.5**0.5, 4 / 12.5**0.5])
    assert torch.allclose(scaled(states)[0], scaled(states)[1])
    assert scaled(states)[2].tolist() == [0, 0]
