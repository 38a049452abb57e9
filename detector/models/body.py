"""The body of any causal model over several texts at once: packed where we know its layers, else padded."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from detector.models.llama_body import LlamaBody


class Body:
    """Ids → hidden states, whatever the architecture.

    No mask is needed where texts are padded: a causal model's position sees only what stands to its left, and
    padding stands to the right of everything kept.
    """

    def __init__(self, model: Any, packs: bool = True) -> None:
        self._model = model
        self._packed = LlamaBody.of(model) if packs else None

    @property
    def packs(self) -> bool:
        """Whether nothing is computed for padding, so that texts of any lengths go together well."""
        return self._packed is not None

    def __call__(self, ids: Tensor, lengths: Sequence[int], layers: Sequence[int] = ()) -> tuple[Tensor, list[Tensor]]:
        """Last hidden states (n, d), and those of ``layers``, each (n, d).

        ``ids`` (n,) are all texts, one behind the other, of so many ids each. Layer 0 is the embedding, layer L what
        the L-th layer gives on.
        """
        if self._packed is not None:
            return self._packed(ids, lengths, layers)
        output = self._model(input_ids=padded(ids, lengths), use_cache=False, output_hidden_states=bool(layers))
        return unpadded(output.last_hidden_state, lengths), [
            unpadded(output.hidden_states[layer], lengths) for layer in layers
        ]

    def states(self, ids: Tensor, lengths: Sequence[int], layers: Sequence[int]) -> list[Tensor]:
        """Those of ``layers`` alone; where layers are known, none above the highest of them is computed."""
        if self._packed is not None:
            return self._packed.states(ids, lengths, layers)
        return self(ids, lengths, layers)[1]

    def agrees(self, ids: Tensor, hidden: Tensor) -> bool:
        """Whether a packed pass over ids (n,) gives ``hidden`` (n, d), to the rounding of the weights' number format.

        States that are no numbers are left to whoever uses them.
        """
        if self._packed is None:
            return True
        found = self._packed(torch.cat([ids[:1], ids]), [1, len(ids)])[0][1:].float()
        tolerance = max(1e-4, 8 * torch.finfo(hidden.dtype).eps)
        return not (found - hidden.float()).norm() > tolerance * hidden.float().norm()


def padded(ids: Tensor, lengths: Sequence[int]) -> Tensor:
    """Texts one behind the other (n,) → one a row, zeros on the right (texts, longest)."""
    return pad_sequence(list(ids.split(list(lengths))), batch_first=True)


def unpadded(states: Tensor, lengths: Sequence[int]) -> Tensor:
    """(texts, longest, ...) → (n, ...) without the padding."""
    if len(lengths) == 1:
        return states[0]
    return torch.cat([states[row, :length] for row, length in enumerate(lengths)])
