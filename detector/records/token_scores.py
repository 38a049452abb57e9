"""What one pass of a language model over one text leaves behind."""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FirstToken = Literal["after_bos", "after_eos", "after_separator", "after_chosen", "not_scored"]
"""What the first token of a text is conditioned on, or that it has no score."""


@dataclass(frozen=True, eq=False)
class TokenScores:
    """Aligned arrays, one entry a scored token, in the order of the text.

    p is the model's distribution at the token's position, x the token that stands there.
    """

    token_ids: NDArray[np.int32]
    """x, shape (n,)."""
    start_char: NDArray[np.int32]
    """First character of x in the text as given, shape (n,)."""
    end_char: NDArray[np.int32]
    """One past the last character. Tokens that hold parts of one character all span the whole of it."""
    log_prob_nats: NDArray[np.float32]
    """ln p(x), shape (n,)."""
    rank: NDArray[np.int32]
    """1 + number of vocabulary entries with a strictly larger logit than x, shape (n,)."""
    entropy_nats: NDArray[np.float32]
    """-sum p ln p over the vocabulary, shape (n,)."""
    log_prob_variance: NDArray[np.float32]
    """Variance of ln p(v) for v drawn from p, in nats squared, shape (n,)."""
    max_log_prob_nats: NDArray[np.float32]
    """ln of the largest probability, shape (n,)."""
    top_ids: NDArray[np.int32]
    """The k likeliest tokens, best first, shape (n, k); k is 0 unless asked for."""
    top_log_prob_nats: NDArray[np.float32]
    """Their ln p, shape (n, k)."""
    first_token: FirstToken
    """What the first token of the text was conditioned on, or that it has no score."""
    window_tokens: int
    """Longest input the model was given at once; longer texts are scored in overlapping windows."""
    model_fingerprint: str
    """Identifies weights, tokenizer, dtype, first-token policy and window plan."""

    human_log_prob_nats: NDArray[np.float32] | None = None
    """ln p(x) under the human voice, shape (n,); None unless the voices were asked."""
    machine_log_prob_nats: NDArray[np.float32] | None = None
    """ln p(x) under the machine voice, shape (n,)."""

    probe: NDArray[np.float32] | None = None
    """What the probe read off x's hidden states, shape (n, width); None unless one was given."""

    sampled_log_prob_nats: NDArray[np.float32] | None = None
    """ln p of tokens drawn from p at the position, shape (n, samples); None unless asked for."""

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def has_probabilities(self) -> bool:
        """Whether the pass went as far as the vocabulary; if not, probabilities are NaN and ranks 0."""
        return bool(self.rank.any())

    @property
    def surprisal_bits(self) -> NDArray[np.float64]:
        """-log2 p(x), shape (n,)."""
        return -self.log_prob_nats.astype(np.float64) / np.log(2)


def beginning_of(scores: TokenScores, length: int) -> TokenScores:
    """The first ``length`` tokens; what follows a token has no influence on its scores."""
    arrays = {f.name: getattr(scores, f.name) for f in fields(scores)}
    cut: dict[str, Any] = {name: a[:length] for name, a in arrays.items() if isinstance(a, np.ndarray)}
    return replace(scores, **cut)


@dataclass(frozen=True, eq=False)
class PerturbedScores:
    """A text and slightly changed copies of it."""

    original: TokenScores
    perturbed: tuple[TokenScores, ...]


@dataclass(frozen=True, eq=False)
class RegeneratedScores:
    """A text and others with the same first half, their second halves drawn from the model."""

    original: TokenScores
    """Of the whole text."""
    regenerated: tuple[TokenScores, ...]
    """Of the whole of each other text."""
    ending: str
    """The text's own second half."""
    endings: tuple[str, ...]
    """The drawn ones, as they were drawn: what joins them to the first half stands at their beginning."""
    head_chars: int
    """Length of the first half; what follows in each text is its ending."""
