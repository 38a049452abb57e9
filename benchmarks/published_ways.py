"""What published detectors do with a text and a model, written from their formulas, for ``speed.py`` to time.

Each takes a causal model of ``transformers`` and ids (1, n), and holds the logits of every position for the whole
vocabulary, as their authors' code does. Each gives the text's number, so that the tests can say it is the right one.
"""

from typing import Any

import torch
from torch import Tensor


def bare_forward(model: Any, ids: Tensor) -> float:
    """(a) Nothing but ``model(ids).logits``."""
    return float(model(input_ids=ids).logits[0, -1, 0])


def gltr_and_detect_gpt(model: Any, ids: Tensor) -> dict[str, float]:
    """(b) Mean log-likelihood, entropy, rank by sorting the vocabulary, and log-rank, each nats or ranks a token.

    Gehrmann et al. 2019 ("GLTR") and the baselines of Mitchell et al. 2023 ("DetectGPT").
    """
    logits, targets = model(input_ids=ids).logits[0, :-1], ids[0, 1:]
    log_probs = logits.log_softmax(-1)
    own = log_probs.gather(1, targets[:, None]).squeeze(1)
    order = log_probs.argsort(dim=-1, descending=True)
    rank = (order == targets[:, None]).nonzero()[:, 1] + 1
    entropy = -(logits.softmax(-1) * log_probs).sum(-1)
    return {
        "log_likelihood": own.mean().item(),
        "rank": rank.float().mean().item(),
        "log_rank": rank.float().log().mean().item(),
        "entropy": entropy.mean().item(),
    }


def binoculars(model: Any, ids: Tensor) -> float:
    """(c) Log-perplexity over cross-perplexity, of two forward passes (Hans et al. 2024).

    Observer and performer are the same model here, which costs what two of its size cost.
    """
    observed, performed = model(input_ids=ids).logits, model(input_ids=ids).logits
    log_perplexity = torch.nn.functional.cross_entropy(performed[0, :-1], ids[0, 1:])
    probabilities = observed[0].softmax(-1)
    cross = torch.nn.functional.cross_entropy(performed[0], probabilities)
    return float(log_perplexity / cross)


def fast_detect_gpt(model: Any, ids: Tensor) -> float:
    """(d) The analytic conditional probability curvature (Bao et al. 2024), in float32."""
    logits, targets = model(input_ids=ids).logits[:, :-1].float(), ids[:, 1:, None]
    log_probs = logits.log_softmax(-1)
    probabilities = logits.softmax(-1)
    own = log_probs.gather(-1, targets).squeeze(-1)
    mean = (probabilities * log_probs).sum(-1)
    variance = (probabilities * log_probs.square()).sum(-1) - mean.square()
    return float((own.sum() - mean.sum()) / variance.sum().sqrt())


WAYS = {
    "a bare forward": bare_forward,
    "b GLTR, DetectGPT": gltr_and_detect_gpt,
    "c Binoculars": binoculars,
    "d Fast-DetectGPT": fast_detect_gpt,
}
