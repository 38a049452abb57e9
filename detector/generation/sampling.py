"""From logits to the distribution a token is drawn from.

The order of operations, each of which may be left out:

1. Penalties for tokens the text already holds. With count c_i of token i, f and p the frequency and
   the presence penalty:
   divide:    z_i = (z_i - min z + 1) / ((1 + f c_i) (1 + p [c_i > 0]))
   subtract:  z_i = z_i - f c_i - p [c_i > 0]
   Dividing a negative logit would make its token likelier, so the logits are moved to a positive
   range first; the subtracting form needs no such care.
2. Temperature: z_i / T.
3. Top-k: only the k largest logits stay; ties with the last of them go by id.
4. Top-p: of those, the smallest set of likeliest tokens whose probability reaches p stays, at least one.
5. softmax.

Sources: Keskar et al. 2019 (dividing penalty), Holtzman et al. 2020 (top-p), Fan et al. 2018 (top-k).
Under the same names elsewhere: the repetition penalty of transformers multiplies negative logits
instead of moving them; OpenAI's penalties are the subtracting form.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from detector.errors import UsageError


@dataclass(frozen=True)
class SamplingSettings:
    """What is done to the logits; the defaults draw from the model's own distribution."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    penalty_form: str = "divide"
    """``divide`` or ``subtract``."""
    greedy: bool = False
    """Always the likeliest token, after the penalties; the lowest id where several are."""

    def __post_init__(self) -> None:
        if not self.temperature > 0 or self.temperature == float("inf"):
            raise UsageError(f"The temperature is {self.temperature:g}; it must be a finite number above 0.")
        if self.top_k is not None and self.top_k < 1:
            raise UsageError(f"top-k is {self.top_k}; it must be at least 1.")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top-p is {self.top_p:g}; it must be a number above 0 and at most 1.")
        for name, penalty in (("frequency", self.frequency_penalty), ("presence", self.presence_penalty)):
            if not 0 <= penalty < float("inf"):
                raise UsageError(f"The {name} penalty is {penalty:g}; it must be a finite number of at least 0.")
        if self.penalty_form not in ("divide", "subtract"):
            raise UsageError(f"Unknown penalty form {self.penalty_form!r}. Allowed: divide, subtract.")

    @property
    def has_penalty(self) -> bool:
        """Whether the tokens so far matter."""
        return self.frequency_penalty > 0 or self.presence_penalty > 0


def penalised(logits: Tensor, counts: Tensor, settings: SamplingSettings) -> Tensor:
    """Logits (..., V) after the penalties; ``counts`` (..., V) says how often each token stands in the text."""
    if not settings.has_penalty:
        return logits
    frequency, presence = settings.frequency_penalty, settings.presence_penalty
    seen = (counts > 0).to(logits)
    if settings.penalty_form == "subtract":
        return logits - frequency * counts - presence * seen
    positive = logits - logits.amin(dim=-1, keepdim=True) + 1
    return positive / ((1 + frequency * counts) * (1 + presence * seen))


def kept_by_top_k(logits: Tensor, k: int) -> Tensor:
    """True for the ``min(k, V)`` largest logits of each row; exactly that many, ties by id."""
    order = logits.sort(dim=-1, descending=True, stable=True).indices[..., : min(k, logits.shape[-1])]
    return torch.zeros_like(logits, dtype=torch.bool).scatter_(-1, order, True)


def kept_by_top_p(probabilities: Tensor, p: float) -> Tensor:
    """True for the smallest set of likeliest tokens of each row whose probability reaches ``p``, at least one.

    Probabilities and answer have the shape (..., V).
    """
    values, order = probabilities.sort(dim=-1, descending=True, stable=True)
    before = values.cumsum(dim=-1) - values  # mass of the likelier ones: a token stays while it is below p
    keep = before < p
    keep[..., 0] = True
    return torch.zeros_like(keep).scatter_(-1, order, keep)


def next_distribution(logits: Tensor, counts: Tensor | None, settings: SamplingSettings) -> Tensor:
    """Probabilities (..., V), float64, that the next token is drawn with.

    ``counts`` (..., V) may be None where there is no penalty. With ``greedy`` all mass is on one token.
    """
    logits = logits.double()
    if settings.has_penalty:
        if counts is None:
            raise ValueError("penalties need the counts of the tokens so far")
        logits = penalised(logits, counts.double(), settings)
    if settings.greedy:
        best = logits.argmax(dim=-1, keepdim=True)
        return torch.zeros_like(logits).scatter_(-1, best, 1.0)
    # The largest is moved to 0 first, so that not even the smallest temperature makes it infinite.
    logits = (logits - logits.amax(dim=-1, keepdim=True)) / settings.temperature
    if settings.top_k is not None:
        logits = logits.masked_fill(~kept_by_top_k(logits, settings.top_k), float("-inf"))
    probabilities = logits.softmax(dim=-1)
    if settings.top_p < 1:
        probabilities = probabilities * kept_by_top_p(probabilities, settings.top_p)
        probabilities = probabilities / probabilities.sum(dim=-1, keepdim=True)
    return probabilities


def draw(probabilities: Tensor, uniforms: Tensor) -> Tensor:
    """Ids (n,) drawn from rows (n, V) with one uniform number in [0, 1) each, by inverting the distribution.

    A row's draw depends on its own number alone, whatever stands in the other rows.
    """
    cumulative = probabilities.cumsum(dim=-1)
    threshold = uniforms.to(cumulative)[:, None] * cumulative[:, -1:]
    chosen = torch.searchsorted(cumulative, threshold, right=True).squeeze(1)
    # Rounding may reach past the last token that has any probability.
    last = probabilities.shape[-1] - 1 - (probabilities.flip(-1) > 0).int().argmax(dim=-1)
    return torch.minimum(chosen, last)
