"""A GGUF file of the Llama architecture as an ordinary model folder, with weights in bfloat16.

Rounded once to bfloat16, the weights are the same for a pass in float32 and in bfloat16. Nothing here asks
transformers, whose own reading of GGUF files changes from version to version: a calibration is bound to these weights.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from detector.models.gguf_file import GgufFile
from detector.models.gguf_tokenizer import read_tokenizer

_OUTSIDE = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}
_IN_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""GGUF name of a tensor of a layer → its name in a Llama of transformers."""


def llama_files(file: GgufFile, prefix_token: str) -> dict[str, bytes]:
    """File name → content of a folder that ``LanguageModel.load`` reads; ``prefix_token`` becomes its BOS and EOS."""
    from safetensors.torch import save

    tokenizer = json.loads(read_tokenizer(file).backend_tokenizer.to_str())
    tokenizer["post_processor"] = None
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": prefix_token,
        "eos_token": prefix_token,
        "model_max_length": file.metadata["llama.context_length"],
        "clean_up_tokenization_spaces": False,
    }
    prefix_id = file.metadata["tokenizer.ggml.tokens"].index(prefix_token)
    return {
        "model.safetensors": save(dict(_weights(file)), metadata={"format": "pt"}),
        "config.json": _json(_config(file, prefix_id)),
        "tokenizer.json": json.dumps(tokenizer, ensure_ascii=False).encode(),
        "tokenizer_config.json": _json(settings),
    }


def _json(record: dict[str, Any]) -> bytes:
    return (json.dumps(record, indent=1) + "\n").encode()


def _config(file: GgufFile, prefix_id: int) -> dict[str, Any]:
    known = file.metadata
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": known["llama.embedding_length"],
        "intermediate_size": known["llama.feed_forward_length"],
        "num_hidden_layers": known["llama.block_count"],
        "num_attention_heads": known["llama.attention.head_count"],
        "num_key_value_heads": known["llama.attention.head_count_kv"],
        "vocab_size": file.tensors["token_embd.weight"].shape[0],
        "max_position_embeddings": known["llama.context_length"],
        "rms_norm_eps": known["llama.attention.layer_norm_rms_epsilon"],
        "rope_theta": known["llama.rope.freq_base"],
        "hidden_act": "silu",
        "tie_word_embeddings": "output.weight" not in file.tensors,
        "attention_bias": False,
        "mlp_bias": False,
        "torch_dtype": "bfloat16",
        "bos_token_id": prefix_id,
        "eos_token_id": prefix_id,
    }


def _weights(file: GgufFile) -> Iterator[tuple[str, Tensor]]:
    """Each parameter by its name in transformers, in bfloat16."""
    heads = {
        "attn_q": file.metadata["llama.attention.head_count"],
        "attn_k": file.metadata["llama.attention.head_count_kv"],
    }
    for name, values in file.weights():
        kind, _, end = name.removeprefix("blk.").rpartition(".")
        layer, _, kind = kind.rpartition(".")
        renamed = f"model.layers.{layer}.{_IN_LAYER[kind]}" if layer else _OUTSIDE[kind]
        if kind in heads:
            values = _halves_apart(values, heads[kind])
        yield f"{renamed}.{end}", torch.from_numpy(np.array(values)).to(torch.bfloat16)


def _halves_apart(weight: np.ndarray, n_heads: int) -> np.ndarray:
    """Rows of queries or keys as transformers rotates them: (rows, d) → (rows, d).

    GGUF keeps the two rows that are rotated together side by side, transformers half a head apart.

    >>> _halves_apart(np.arange(8)[:, None], n_heads=2)[:, 0].tolist()
    [0, 2, 1, 3, 4, 6, 5, 7]
    """
    rows = weight.shape[0]
    return weight.reshape(n_heads, rows // n_heads // 2, 2, -1).swapaxes(1, 2).reshape(rows, -1)
