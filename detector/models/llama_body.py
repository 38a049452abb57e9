"""The body of a Llama over several texts at once, one behind the other, without padding.

The same weights and formulas as ``transformers``' ``LlamaModel`` (RMSNorm, rotary positions, grouped attention,
SwiGLU), in fewer passes over memory: sums that a matrix product can carry are carried by it, keys that several heads
share are not repeated, and each text attends to itself alone, so that nothing is computed for padding. What runs
through the layers (the residual stream) and what is normed stay in float32 whatever the format of the weights, which
halves the rounding of bfloat16.
"""

from collections.abc import Sequence
from itertools import accumulate, islice, pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import embedding, linear, scaled_dot_product_attention, silu

from detector.models.linear_head import is_product

_STATIC_ROTATIONS = ("default", "linear", "llama3")
"""Kinds of rotary positions whose angles do not depend on the length of the text."""


class LlamaBody:
    """Ids → hidden states of a ``LlamaModel``, whose parameters it shares."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._width = model.layers[0].self_attn.head_dim
        self._n_keys = model.config.num_key_value_heads

    @classmethod
    def of(cls, model: Any) -> "LlamaBody | None":
        """The same as ``model``, or None where it is not a plain ``LlamaModel``."""
        from transformers import LlamaModel

        if type(model) is not LlamaModel or model.config.hidden_act != "silu":
            return None
        projections = [part for name, part in model.named_modules() if name.endswith("_proj")]
        is_plain = all(is_product(part) and part.bias is None for part in projections)
        return cls(model) if is_plain and model.rotary_emb.rope_type in _STATIC_ROTATIONS else None

    def __call__(self, ids: Tensor, lengths: Sequence[int], layers: Sequence[int] = ()) -> tuple[Tensor, list[Tensor]]:
        """Last hidden states (n, d) in the weights' format; and those of ``layers``, in float32 or that format.

        ``ids`` (n,) are all texts, one behind the other, of so many ids each. Layer 0 is the embedding, layer L what
        the L-th layer gives on; of the last layer it is the last hidden state, as in ``transformers``.
        """
        *found, last = self.states(ids, lengths, (*layers, len(self._model.layers)))
        return last, found

    def states(self, ids: Tensor, lengths: Sequence[int], layers: Sequence[int]) -> list[Tensor]:
        """Those of ``layers`` alone; what stands above the highest of them is not computed."""
        model = self._model
        texts = _Texts(lengths, ids.device, self._pads_attention(ids.device))
        stream = embedding(ids, model.embed_tokens.weight).float()
        cos, sin = (angle[0, :, None, : self._width // 2] for angle in model.rotary_emb(stream, texts.positions[None]))
        kept: dict[int, Tensor] = {}
        highest = max(layers)
        for number, layer in enumerate(islice(model.layers, highest)):
            if number in layers:
                kept[number] = stream.clone()
            self._run(layer, stream, cos, sin, texts)
        kept[highest] = _normed(stream, model.norm) if highest == len(model.layers) else stream
        return [kept[layer] for layer in layers]

    def _run(self, layer: Any, stream: Tensor, cos: Tensor, sin: Tensor, texts: "_Texts") -> None:
        """One layer, added to the ``stream`` (n, d)."""
        attention, mlp = layer.self_attn, layer.mlp
        normed = _normed(stream, layer.input_layernorm)
        q, k, v = (linear(normed, part.weight) for part in (attention.q_proj, attention.k_proj, attention.v_proj))
        seen = self._attended(self._rotated(q, cos, sin), self._rotated(k, cos, sin), v, texts)
        _add_product(stream, seen, attention.o_proj.weight)
        normed = _normed(stream, layer.post_attention_layernorm)
        gate = silu(linear(normed, mlp.gate_proj.weight), inplace=True)
        _add_product(stream, gate.mul_(linear(normed, mlp.up_proj.weight)), mlp.down_proj.weight)

    def _pads_attention(self, device: torch.device) -> bool:
        return device.type != "cpu"

    def _rotated(self, states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """(n, heads * width) → the same shape, the two halves of each head turned by their angles."""
        left, right = states.view(len(states), -1, 2, self._width // 2).unbind(2)
        turned = torch.empty_like(states).view(len(states), -1, 2, self._width // 2)
        torch.sub(left * cos, right * sin, out=turned[:, :, 0])
        torch.add(right * cos, left * sin, out=turned[:, :, 1])
        return turned.flatten(1)

    def _attended(self, q: Tensor, k: Tensor, v: Tensor, texts: "_Texts") -> Tensor:
        """What each position takes from those of its text up to itself, (n, heads * width)."""
        if texts.places is not None and texts.kept is not None:
            q, k, v = (x.unflatten(1, (-1, self._width))[texts.places].transpose(1, 2) for x in (q, k, v))
            seen = scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
            return seen.transpose(1, 2).flatten(0, 1)[texts.kept].flatten(1)
        q = q.unflatten(1, (self._n_keys, -1, self._width)).permute(1, 2, 0, 3)  # (keys, heads of a key, n, width)
        k, v = (x.view(len(x), self._n_keys, 1, -1).permute(1, 2, 0, 3).expand(q.shape) for x in (k, v))
        seen = torch.empty((q.shape[2], *q.shape[:2], q.shape[3]), dtype=v.dtype)
        for own in texts.own:
            found = scaled_dot_product_attention(q[:, :, own], k[:, :, own], v[:, :, own], is_causal=True)
            seen[own] = found.permute(2, 0, 1, 3)
        return seen.flatten(1)


class _Texts:
    """Where texts that stand one behind the other begin and end.

    A CPU attends to one text after the other. Elsewhere a call costs more than some padding, so all texts are
    attended to at once: ``places`` (texts, longest) says which of the n positions stands where, ``kept`` (n,) where
    each of them is found among texts * longest.
    """

    def __init__(self, lengths: Sequence[int], device: torch.device, pads: bool) -> None:
        self.own = [slice(start, stop) for start, stop in pairwise(accumulate(lengths, initial=0))]
        self.positions = torch.cat([torch.arange(length) for length in lengths]).to(device)
        self.places: Tensor | None = None
        self.kept: Tensor | None = None
        if pads:
            n, longest = len(self.positions), max(lengths)
            starts = torch.tensor([own.start for own in self.own])
            self.places = (starts[:, None] + torch.arange(longest)).clamp_(max=n - 1).to(device)
            rows = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
            self.kept = (rows * longest).to(device) + self.positions


def _normed(stream: Tensor, norm: Any) -> Tensor:
    """(n, d) float32 → (n, d) in the format of the norm's weights."""
    scale = torch.linalg.vector_norm(stream, dim=1, keepdim=True).square_().div_(stream.shape[1])
    return (stream * scale.add_(norm.variance_epsilon).rsqrt_()).mul_(norm.weight).to(norm.weight.dtype)


def _add_product(stream: Tensor, states: Tensor, weight: Tensor) -> None:
    """``stream`` (n, d) += states (n, k) @ weight (d, k) transposed."""
    if states.dtype == stream.dtype:
        stream.addmm_(states, weight.T)
    else:
        stream.add_(linear(states, weight))
