"""How much of a text a machine wrote, given that it is by two authors.

The likeliest division of a text is not the best estimate of a share: where borders are doubtful, it errs to one side.
So the share is estimated over all ways to put the sentences down to two authors and over all levels of the text, each
as likely as the chain of ``levels`` says (forward-backward recursion, Baum et al. 1970): its mean is the estimate, and
its distribution, of which ``_DRAWS`` divisions are drawn, gives the interval.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.verdict.levels import LEVEL_GRID, Levels

Floats = NDArray[np.float64]

LEVEL_SPREAD = 0.6
"""Standard deviation of the levels tried. That of texts by one author is 0.4; with two of them more has to be left open
(chosen on mixed texts that calibrate)."""
COVERAGE = 0.9
_DRAWS = 400


class MachineShare(NamedTuple):
    """Shares of the tokens of a text."""

    value: float
    low: float
    high: float

    @property
    def said(self) -> str:
        """In a sentence.

        >>> MachineShare(0.62, 0.41, 0.8).said
        'By estimate a machine wrote about 62 % of the words, most likely between 41 % and 80 %.'
        """
        return (
            f"By estimate a machine wrote about {self.value:.0%} of the words, most likely between {self.low:.0%} and "
            f"{self.high:.0%}."
        ).replace("%", " %")


def machine_share(values: Floats, sentence: NDArray[np.int64], levels: Levels, penalty: float) -> MachineShare:
    """Estimate and ``COVERAGE`` interval, from the value of each token (n,) and the sentence it stands in.

    ``values`` are those of ``EvidenceWeights.plain``. The draws are the same every time.
    """
    _, index, counts = np.unique(sentence, return_inverse=True, return_counts=True)
    means = np.bincount(index, weights=values) / counts
    by_author = _log_likelihoods(means, counts, levels)
    stays = -np.log1p(np.exp(-penalty))
    forward = _forward(by_author, stays, stays - penalty)
    total = np.logaddexp(forward[-1, 0], forward[-1, 1])
    weights = np.exp(total - total.max())
    weights /= weights.sum()
    drawn = _draws(forward, weights, penalty, np.random.default_rng(0))
    shares = drawn @ counts / counts.sum()
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(shares, [tail, 1 - tail])
    value = float(_probabilities(forward, by_author, stays, stays - penalty, weights) @ counts / counts.sum())
    return MachineShare(value, min(float(low), value), max(float(high), value))


def _log_likelihoods(means: Floats, counts: NDArray[np.int64], levels: Levels) -> Floats:
    """Of each sentence by a person, by a machine, at each level: (sentences, 2, levels), the prior in the first."""
    spread = np.sqrt(levels.variances(counts))[:, None]
    found = [-(((means[:, None] - LEVEL_GRID - author) / spread) ** 2) / 2 for author in (levels.human, levels.machine)]
    by_author = np.stack(found, axis=1)
    by_author[0] -= (LEVEL_GRID / LEVEL_SPREAD) ** 2 / 2
    return by_author


def _forward(by_author: Floats, stays: float, changes: float) -> Floats:
    """Log likelihood of the sentences so far, the last of them by either author, (sentences, 2, levels)."""
    forward = np.empty_like(by_author)
    forward[0] = by_author[0]
    for t in range(1, len(by_author)):
        before = forward[t - 1]
        forward[t] = np.logaddexp(before + stays, before[::-1] + changes) + by_author[t]
    return forward


def _probabilities(forward: Floats, by_author: Floats, stays: float, changes: float, weights: Floats) -> Floats:
    """Of each sentence, that a machine wrote it, (sentences,)."""
    later = np.zeros_like(forward[0])
    total = np.logaddexp(forward[-1, 0], forward[-1, 1])
    found = np.empty(len(forward))
    for t in range(len(forward) - 1, -1, -1):
        found[t] = np.exp(forward[t, 1] + later[1] - total) @ weights
        onward = later + by_author[t]
        later = np.logaddexp(onward + stays, onward[::-1] + changes)
    return found


def _draws(forward: Floats, weights: Floats, penalty: float, random: np.random.Generator) -> NDArray[np.bool_]:
    """Divisions drawn by their probability, whether each sentence is a machine's: (_DRAWS, sentences)."""
    level = random.choice(len(weights), size=_DRAWS, p=weights)
    log_odds = (forward[:, 1] - forward[:, 0])[:, level].T  # given all that came before, (draws, sentences)
    uniform = random.random(log_odds.shape)
    drawn = np.empty(log_odds.shape, dtype=bool)
    following = np.zeros(_DRAWS)
    for t in range(log_odds.shape[1] - 1, -1, -1):
        drawn[:, t] = uniform[:, t] < 1 / (1 + np.exp(-np.clip(log_odds[:, t] + following, -500, 500)))
        following = np.where(drawn[:, t], penalty, -penalty)
    return drawn
