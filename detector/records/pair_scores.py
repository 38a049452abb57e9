"""What one pass of two language models over one text leaves behind."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PairScores:
    """Aligned arrays, one entry a scored token x; q is the observer's distribution there, p the performer's."""

    log_prob_nats: NDArray[np.float32]
    """ln p(x), shape (n,)."""
    max_log_prob_nats: NDArray[np.float32]
    """ln of the performer's largest probability, shape (n,)."""
    cross_entropy_nats: NDArray[np.float32]
    """-sum_v q(v) ln p(v), shape (n,)."""
    cross_variance: NDArray[np.float32]
    """Variance of ln p(v) for v drawn from q, nats squared, shape (n,)."""
    final_cross_entropy_nats: float
    """The same at the position past the last token; NaN for a text longer than one window."""
    observer_fingerprint: str
    performer_fingerprint: str

    def __len__(self) -> int:
        return len(self.log_prob_nats)
