"""Evidence that knows each text's own level: a person's sentence beside a machine's is told by the difference.

How machine-like sentences look depends on the text more than on their author: formal prose looks so throughout. So the
mean value y of a sentence of n tokens is taken to be

    y = mean of its author's sentences + level of the text + noise,      noise ~ N(0, a^2 + b^2 / n)

with level ~ N(0, c^2), and authors that change from one sentence to the next with log odds -penalty (a hidden Markov
model with a random intercept). The level is not known; its mean, given all sentences and over all ways to put them down
to two authors, is found by the forward recursion for each level of a grid. Taken at that level, the evidence of a
sentence is the log odds of its two Gaussians, and adds up over sentences and over their tokens. A text by one author
leaves open whether its level or its author is unusual: its evidence stays small, as it should.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL_GRID = np.linspace(-3.0, 3.0, 25)
"""Levels tried, in units of the value; text levels have a spread well below 1."""


@dataclass(frozen=True)
class Levels:
    """What the values of sentences by either author are, and how they vary."""

    human: float
    """Mean value of sentences by people, at level 0."""
    machine: float
    sentence_spread: float
    """Standard deviation of long sentences by one author in one text."""
    token_spread: float
    """What is added to its square for one token, falling as 1 over their number."""
    text_spread: float
    """Standard deviation of the levels of texts."""

    def variances(self, counts: NDArray[np.int64]) -> Floats:
        """Of the value of sentences with so many tokens, (sentences,)."""
        return self.sentence_spread**2 + self.token_spread**2 / counts

    def level(self, values: Floats, counts: NDArray[np.int64], penalty: float) -> float:
        """Mean level of a text given the mean values and lengths in tokens of its sentences, both (sentences,)."""
        variances = self.variances(counts)
        apart = (values - LEVEL_GRID[:, None]) / np.sqrt(variances)
        human = -((apart - self.human / np.sqrt(variances)) ** 2) / 2  # (levels, sentences)
        machine = -((apart - self.machine / np.sqrt(variances)) ** 2) / 2
        prior = -((LEVEL_GRID / self.text_spread) ** 2) / 2
        stays = -np.log1p(np.exp(-penalty))
        changes = stays - penalty
        by_human, by_machine = prior + human[:, 0], prior + machine[:, 0]
        for t in range(1, len(values)):
            by_human, by_machine = (
                np.logaddexp(by_human + stays, by_machine + changes) + human[:, t],
                np.logaddexp(by_machine + stays, by_human + changes) + machine[:, t],
            )
        total = np.logaddexp(by_human, by_machine)
        weights = np.exp(total - total.max())
        return float((weights * LEVEL_GRID).sum() / weights.sum())

    def evidence(self, values: Floats, sentence: NDArray[np.int64], penalty: float) -> Floats:
        """Nats of each token that speak for a machine, (n,), from its value and the sentence it stands in."""
        if not len(values):
            return values
        _, index, counts = np.unique(sentence, return_inverse=True, return_counts=True)
        means = np.bincount(index, weights=values) / counts
        middle = (self.human + self.machine) / 2 + self.level(means, counts, penalty)
        return (self.machine - self.human) * (values - middle) / (self.variances(counts) * counts)[index]
