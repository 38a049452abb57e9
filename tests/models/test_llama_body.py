"""The packed Llama against transformers' own, one text at a time."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralModel

from detector import LanguageModel
from detector.models.body import Body
from detector.models.llama_body import LlamaBody
from tests.conftest import tiny_llama, tiny_tokenizer

LENGTHS = [7, 1, 32, 12]


def grouped_llama(**changes):
    torch.manual_seed(3)
    sizes = {
        "vocab_size": 400, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3,
        "num_attention_heads": 6, "num_key_value_heads": 2, "max_position_embeddings": 64, "initializer_range": 0.3,
    }  # fmt: skip
    config = LlamaConfig(**(sizes | changes), bos_token_id=0, eos_token_id=0)
    return LlamaForCausalLM(config).eval()


def some_ids(lengths=LENGTHS):
    return torch.randint(0, 400, (sum(lengths),), generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def one_at_a_time(model, ids, lengths, layers):
    outputs = [model(input_ids=text[None], output_hidden_states=True) for text in ids.split(lengths)]
    last = torch.cat([output.last_hidden_state[0] for output in outputs])
    return last, [torch.cat([output.hidden_states[layer][0] for output in outputs]) for layer in layers]


@pytest.mark.parametrize("pads", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        tiny_llama(),
        grouped_llama(),
        grouped_llama(head_dim=16),
        grouped_llama(
            rope_parameters={
                "rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 16,
            }
        ),
    ],
    ids=["heads of their own", "shared keys", "wide heads", "scaled rotation"],
)  # fmt: skip
def test_packed_texts_get_the_states_that_transformers_gives_each_alone(model, pads, monkeypatch):
    monkeypatch.setattr(LlamaBody, "_pads_attention", lambda self, device: pads)
    last_layer = model.config.num_hidden_layers
    layers = [0, 1, last_layer]
    expected, expected_states = one_at_a_time(model.model, some_ids(), LENGTHS, layers)
    with torch.inference_mode():
        found, states = LlamaBody.of(model.model)(some_ids(), LENGTHS, layers)
    for state, wanted in zip([found, *states], [expected, *expected_states], strict=True):
        assert (state - wanted).abs().max() <= 1e-5 * wanted.abs().max()


@pytest.mark.parametrize("layers", [[0], [2, 1], [3], [0, 3, 1]])
def test_states_of_lower_layers_are_the_same_without_the_layers_above(layers):
    model = grouped_llama()
    body, computed = LlamaBody.of(model.model), []
    for number, layer in enumerate(model.model.layers):
        layer.input_layernorm.weight = torch.nn.Parameter(layer.input_layernorm.weight + 0.1 * number)
    run = body._run
    body._run = lambda layer, *rest: (computed.append(layer), run(layer, *rest))
    with torch.inference_mode():
        expected = one_at_a_time(model.model, some_ids(), LENGTHS, layers)[1]
        for found in (body.states(some_ids(), LENGTHS, layers), Body(model.model).states(some_ids(), LENGTHS, layers)):
            for state, wanted in zip(found, expected, strict=True):
                assert (state - wanted).abs().max() <= 1e-5 * wanted.abs().max()
    assert len(computed) == max(layers)


def test_bfloat16_is_nearer_to_the_exact_states_than_transformers_is():
    exact, short = (grouped_llama(num_hidden_layers=16, initializer_range=0.1) for _ in range(2))
    short.bfloat16()
    exact.load_state_dict(short.state_dict())
    reference, _ = one_at_a_time(exact.model, some_ids(), LENGTHS, [])
    theirs, _ = one_at_a_time(short.model, some_ids(), LENGTHS, [])
    with torch.inference_mode():
        ours, _ = LlamaBody.of(short.model)(some_ids(), LENGTHS)
    assert ours.dtype == torch.bfloat16
    error_of = [(states.float() - reference).square().mean().sqrt() for states in (ours, theirs)]
    assert error_of[0] < error_of[1]


def test_models_that_compute_otherwise_are_left_to_transformers():
    sizes = {"vocab_size": 400, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1}
    assert LlamaBody.of(MistralModel(MistralConfig(**sizes, num_attention_heads=4, num_key_value_heads=2))) is None
    assert LlamaBody.of(grouped_llama(hidden_act="gelu").model) is None
    assert LlamaBody.of(grouped_llama(attention_bias=True).model) is None
    rotation = {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}
    assert LlamaBody.of(grouped_llama(rope_parameters=rotation).model) is None


def test_any_other_body_is_padded_and_gives_the_same():
    model = grouped_llama(hidden_act="gelu")
    body = Body(model.model)
    assert not body.packs
    expected, (state,) = one_at_a_time(model.model, some_ids(), LENGTHS, [1])
    with torch.inference_mode():
        found, states = body(some_ids(), LENGTHS, [1])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(states[0], state, atol=1e-5, rtol=1e-5)
    with torch.inference_mode():
        torch.testing.assert_close(body.states(some_ids(), LENGTHS, [1])[0], state, atol=1e-5, rtol=1e-5)


def test_a_body_that_does_not_agree_with_its_model_is_not_used(monkeypatch):
    assert LanguageModel(grouped_llama(), tiny_tokenizer()).packs_texts
    monkeypatch.setattr(LlamaBody, "_rotated", lambda self, states, cos, sin: states)
    assert not LanguageModel(grouped_llama(), tiny_tokenizer()).packs_texts
