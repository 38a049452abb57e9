import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from detector.errors import ModelError
from detector.vocabulary.embeddings import read_embeddings, say_rows

E_IN = torch.arange(12, dtype=torch.float32).reshape(6, 2)
E_OUT = -E_IN
ODD = torch.full((2, 2), 9.0)


def folder_with(tmp_path, tensors, config=None, shards=1):
    (tmp_path / "config.json").write_text(json.dumps(config or {}))
    if shards == 1:
        save_file(tensors, tmp_path / "model.safetensors")
        return tmp_path
    weight_map = {}
    for i, (name, tensor) in enumerate(tensors.items()):
        file = f"model-{i}.safetensors"
        save_file({name: tensor}, tmp_path / file)
        weight_map[name] = file
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return tmp_path


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ("model.embed_tokens.weight", "lm_head.weight"),  # Llama
        ("gpt_neox.embed_in.weight", "embed_out.weight"),  # NeoX
        ("transformer.wte.weight", "lm_head.weight"),  # GPT-J
        ("model.tok_embeddings.weight", "output.weight"),  # InternLM 2
        ("model.language_model.embed_tokens.weight", "lm_head.weight"),
    ],
)
@pytest.mark.parametrize("shards", [1, 2])
def test_untied_matrices_under_the_usual_names(tmp_path, inputs, outputs, shards):
    tensors = {inputs: E_IN, outputs: E_OUT, "model.layers.0.mlp.output.weight": ODD}
    found = read_embeddings(folder_with(tmp_path, tensors, shards=shards))
    assert found.input.tolist() == E_IN.tolist()
    assert found.output.tolist() == E_OUT.tolist()
    assert not found.is_tied
    assert found.output_bias is None
    assert found.names == (inputs, outputs)


@pytest.mark.parametrize("name", ["wte.weight", "transformer.wte.weight", "model.decoder.embed_tokens.weight"])
def test_tied_matrices_without_a_head(tmp_path, name):
    tensors = {name: E_IN, "h.0.attn.output.weight": ODD, "h.0.ff_out.weight": ODD.clone()}
    found = read_embeddings(folder_with(tmp_path, tensors))
    assert found.is_tied
    assert found.output is found.input


def test_a_head_that_is_said_to_be_tied_is_not_read(tmp_path):
    tensors = {"model.embed_tokens.weight": E_IN, "lm_head.weight": E_OUT}
    found = read_embeddings(folder_with(tmp_path, tensors, {"tie_word_embeddings": True}))
    assert found.is_tied
    assert found.output.tolist() == E_IN.tolist()


def test_equal_matrices_are_tied_whatever_is_said(tmp_path):
    tensors = {"model.embed_tokens.weight": E_IN, "lm_head.weight": E_IN.clone()}
    assert read_embeddings(folder_with(tmp_path, tensors)).is_tied


def test_short_formats_are_read(tmp_path):
    found = read_embeddings(folder_with(tmp_path, {"wte.weight": E_IN.bfloat16()}))
    assert found.input.dtype == np.float32
    assert found.input.tolist() == E_IN.tolist()


def test_a_bias_is_read_unless_it_is_zero(tmp_path):
    tensors = {"transformer.wte.weight": E_IN, "lm_head.weight": E_OUT, "lm_head.bias": torch.arange(6.0)}
    assert read_embeddings(folder_with(tmp_path, tensors)).output_bias.tolist() == [0, 1, 2, 3, 4, 5]
    tensors["lm_head.bias"] = torch.zeros(6)
    assert read_embeddings(folder_with(tmp_path, tensors)).output_bias is None


def test_rows_and_vocabulary_are_compared(tmp_path):
    found = read_embeddings(folder_with(tmp_path, {"wte.weight": E_IN}))
    assert say_rows(found, 6) is None
    assert say_rows(found, 4) == (
        "The model has 6 rows of embeddings and the tokenizer 4 tokens: 2 rows belong to no token."
    )
    assert "The 3 tokens from 6 on have no row" in say_rows(found, 9)


@pytest.mark.parametrize(
    ("tensors", "config", "sentence"),
    [
        ({"adapter.weight": E_IN}, {}, "No input embeddings were found"),
        ({"wte.weight": E_IN}, {"tie_word_embeddings": False}, "not tied"),
        ({"wte.weight": E_IN * float("nan")}, {}, "not finite"),
        ({"wte.weight": E_IN[0]}, {}, "no matrices"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path, tensors, config, sentence):
    with pytest.raises(ModelError, match=sentence):
        read_embeddings(folder_with(tmp_path, tensors, config))


def test_damaged_and_missing_files_are_said(tmp_path):
    with pytest.raises(ModelError, match="no weights"):
        read_embeddings(tmp_path)
    folder_with(tmp_path, {"wte.weight": E_IN})
    (tmp_path / "config.json").write_text("[")
    with pytest.raises(ModelError, match="not valid JSON"):
        read_embeddings(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="damaged"):
        read_embeddings(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"wte.weight": "gone.safetensors"}}')
    with pytest.raises(ModelError, match=r"lacks 1 of the files .*gone\.safetensors"):
        read_embeddings(tmp_path)
