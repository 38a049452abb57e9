"""What may come next: the distribution of the next token, sorted, with and without the sampler's settings."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from detector.generation.sampler import next_token_distribution
from detector.generation.sampling import SamplingSettings, kept_by_top_k, kept_by_top_p
from detector.models.language_model import LanguageModel


@dataclass(frozen=True, eq=False)
class NextTokens:
    """The distribution after a prompt, likeliest first; arrays have the shape (vocabulary,)."""

    prompt: str
    tokens: list[str]
    probabilities: NDArray[np.float64]
    """The model's own, falling."""
    settled: NDArray[np.float64]
    """After penalties, temperature, top-k and top-p, in the same order."""
    kept_top_k: int | None
    """How many tokens top-k keeps, at the settings' temperature."""
    kept_top_p: int | None
    """How many top-p keeps of those."""

    @property
    def entropy_nats(self) -> float:
        """Of the model's own distribution."""
        possible = self.probabilities[self.probabilities > 0]
        return float(-(possible * np.log(possible)).sum())

    @property
    def is_changed(self) -> bool:
        """Whether the settings move any probability."""
        return not np.allclose(self.settled, self.probabilities, rtol=1e-6, atol=1e-12)


def next_tokens(language_model: LanguageModel, prompt: str, settings: SamplingSettings) -> NextTokens:
    """The next token's distribution with and without ``settings``."""
    own = next_token_distribution(language_model, prompt)
    settled = next_token_distribution(language_model, prompt, settings)
    order = np.argsort(-own, kind="stable")
    kept_k, kept_p = _kept(language_model, prompt, settings)
    texts = [language_model.tokenizer.decode([int(i)]) for i in order]
    return NextTokens(prompt, texts, own[order], settled[order], kept_k, kept_p)


def by_temperature(
    language_model: LanguageModel, prompt: str, settings: SamplingSettings, temperatures: Iterable[float]
) -> dict[float, NDArray[np.float64]]:
    """For each temperature, rising, the probabilities under the settings otherwise, falling, shape (vocabulary,)."""
    return {
        temperature: np.sort(
            next_token_distribution(language_model, prompt, replace(settings, temperature=temperature, greedy=False))
        )[::-1]
        for temperature in sorted(set(temperatures))
    }


def _kept(language_model: LanguageModel, prompt: str, settings: SamplingSettings) -> tuple[int | None, int | None]:
    """How many tokens top-k keeps, and top-p of those; None for a cut that is not asked for."""
    uncut = replace(settings, top_k=None, top_p=1.0, greedy=False)
    probabilities = torch.from_numpy(next_token_distribution(language_model, prompt, uncut))
    kept_k = kept_p = None
    if settings.top_k is not None:
        is_kept = kept_by_top_k(probabilities, settings.top_k)
        kept_k = int(is_kept.sum())
        probabilities = probabilities * is_kept
    if settings.top_p < 1:
        kept_p = int(kept_by_top_p(probabilities / probabilities.sum(), settings.top_p).sum())
    return kept_k, kept_p
