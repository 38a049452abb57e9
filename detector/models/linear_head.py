"""The last step of a language model, hidden states to logits, where it is one matrix product."""

from dataclasses import dataclass
from typing import TypeGuard

import torch
from torch import Tensor, nn


def is_product(module: nn.Module) -> TypeGuard[nn.Linear]:
    """Whether a module is a matrix product and nothing else: no subclass, no forward of its own, no hooks."""
    is_hooked = bool(module._forward_hooks or module._forward_pre_hooks)
    return type(module) is nn.Linear and "forward" not in vars(module) and not is_hooked


@dataclass(frozen=True, eq=False)
class LinearHead:
    """Logits of all of the vocabulary, of a block of it, or of a few entries."""

    weight: Tensor  # (V, d)
    bias: Tensor | None  # (V,)

    @classmethod
    def of(cls, module: nn.Module) -> "LinearHead | None":
        """The same as ``module``, or None where that is more than a matrix product."""
        return cls(module.weight, module.bias) if is_product(module) else None

    @property
    def n_entries(self) -> int:
        """Entries of the vocabulary."""
        return len(self.weight)

    @property
    def is_rounded(self) -> bool:
        """Whether logits come in a number format shorter than float32."""
        return self.weight.dtype != torch.float32

    def __call__(self, hidden: Tensor) -> Tensor:
        """Rows (n, d) → logits (n, V)."""
        return nn.functional.linear(hidden, self.weight, self.bias)

    def block(self, hidden: Tensor, start: int, stop: int, room: Tensor) -> Tensor:
        """Rows (n, d) → logits (n, stop - start) of entries from ``start`` on.

        They are in ``room`` (n, stop - start), float32, if the weights are float32 too.
        """
        bias = None if self.bias is None else self.bias[start:stop]
        if self.is_rounded:
            return nn.functional.linear(hidden, self.weight[start:stop], bias)
        torch.mm(hidden, self.weight[start:stop].T, out=room)
        return room if bias is None else room.add_(bias)

    def few(self, hidden: Tensor, ids: Tensor) -> Tensor:
        """Rows (n, d) and ids (n, k) → their logits (n, k), computed in float32 whatever the weights are."""
        found = torch.einsum("nd,nkd->nk", hidden.float(), self.weight[ids].float())
        return found if self.bias is None else found + self.bias[ids].float()
