"""Tiny GGUF files, written by the format's own library: a Llama of two layers with random weights."""

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from tests.conftest import tiny_llama, tiny_tokenizer

NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_gguf(
    path: Path,
    model: LlamaForCausalLM | None = None,
    tokenizer: PreTrainedTokenizerFast | None = None,
    kind: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.F32,
    architecture: str = "llama",
    pre: str | None = "gpt-2",
    **more: Any,
) -> Path:
    """A GGUF file of ``model`` with its matrices in ``kind``; ``more`` are further keys, ``a__b`` for ``a.b``."""
    model = model or tiny_llama()
    writer = gguf.GGUFWriter(path, architecture)
    config = model.config
    writer.add_name("tiny")
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if tokenizer is not None:
        _add_tokenizer(writer, tokenizer, pre)
    for key, value in more.items():
        for kept in writer.kv_data:  # older writers refuse a key that they have
            kept.pop(key.replace("__", "."), None)
        _add(writer, key.replace("__", "."), value)
    for name, parameter in model.named_parameters():
        values = parameter.detach().float().numpy()
        if ".q_proj" in name or ".k_proj" in name:
            values = side_by_side(values, config.num_attention_heads)
        renamed = _renamed(name)
        if values.ndim == 2 and kind != gguf.GGMLQuantizationType.F32:
            writer.add_tensor(renamed, gguf.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(renamed, np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def side_by_side(weight: np.ndarray, n_heads: int) -> np.ndarray:
    """Rows as GGUF keeps them: the two that are rotated together are neighbours. One row at a time, to be plain."""
    rows, half = [], weight.shape[0] // n_heads // 2
    for head in range(n_heads):
        for i in range(half):
            rows += [weight[head * 2 * half + i], weight[head * 2 * half + half + i]]
    return np.stack(rows)


def tiny_gguf(path: Path, **more: Any) -> Path:
    """With the tiny tokenizer, whose token 0 is the boundary of documents."""
    return write_gguf(path, tokenizer=tiny_tokenizer(), **more)


def _renamed(name: str) -> str:
    base, end = name.rsplit(".", 1)
    if base.startswith("model.layers."):
        _, _, layer, rest = base.split(".", 3)
        return f"blk.{layer}.{NAMES[rest]}.{end}"
    return f"{NAMES[base]}.{end}"


def _add_tokenizer(writer: gguf.GGUFWriter, tokenizer: PreTrainedTokenizerFast, pre: str | None) -> None:
    record = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary = record["model"]["vocab"]
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    special = {added["content"] for added in record["added_tokens"] if added["special"]}
    writer.add_tokenizer_model("gpt2")
    if pre is not None:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if t in special else gguf.TokenType.NORMAL for t in tokens])
    writer.add_token_merges([" ".join(merge) for merge in record["model"]["merges"]])


def _add(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        raise TypeError(key)
