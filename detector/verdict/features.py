"""The numbers a verdict rests on: levels of probability, and how it fluctuates.

They come from one pass of the base model and, where the model has them, of its two voices. Each is
a mean, share, spread or ratio that does not grow with the length of the text, so that long and short
texts can be compared. In the formulas
s = -ln p(x) is surprisal, H the entropy, v the variance of ln p, h and m the ln p(x) of the human
and the machine voice, all in nats a token.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.methods.fluctuation import autocorrelation
from detector.scoring.records import TokenScores

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Series:
    """The columns features are computed from, float64 of shape (n,), and each token's sentence."""

    surprisal: Floats
    entropy: Floats
    variance: Floats
    log_max: Floats
    rank: Floats
    sentence: NDArray[np.int64]
    """Index of the sentence a token stands in, never decreasing."""
    human: Floats | None = None
    """ln p under the human voice."""
    machine: Floats | None = None
    """ln p under the machine voice."""

    def __len__(self) -> int:
        return len(self.surprisal)

    def take(self, index: NDArray[np.int64], sentence: NDArray[np.int64]) -> "Series":
        """The tokens at ``index``, in that order, under new sentence numbers."""
        return Series(
            self.surprisal[index],
            self.entropy[index],
            self.variance[index],
            self.log_max[index],
            self.rank[index],
            sentence,
            None if self.human is None else self.human[index],
            None if self.machine is None else self.machine[index],
        )

    @property
    def voice_ratio(self) -> Floats:
        """M - h of every token: above 0 where the machine voice expected it more."""
        if self.machine is None or self.human is None:
            raise ValueError("these scores were made without voices")
        return self.machine - self.human

    @property
    def machine_gain(self) -> Floats:
        """M + s of every token: above 0 where the machine voice expected it more than the base."""
        if self.machine is None:
            raise ValueError("these scores were made without voices")
        return self.machine + self.surprisal


def series_of(scores: TokenScores, sentence_starts: list[int]) -> Series:
    """Columns of a text's scores; ``sentence_starts`` are the first characters of its sentences."""
    return Series(
        surprisal=-scores.log_prob_nats.astype(np.float64),
        entropy=scores.entropy_nats.astype(np.float64),
        variance=scores.log_prob_variance.astype(np.float64),
        log_max=scores.max_log_prob_nats.astype(np.float64),
        rank=scores.rank.astype(np.float64),
        # subtle: a token's leading space belongs to the sentence before, so ask for its last character
        sentence=np.searchsorted(np.asarray(sentence_starts, dtype=np.int64), scores.end_char - 1, side="right"),
        human=None if scores.human_log_prob_nats is None else scores.human_log_prob_nats.astype(np.float64),
        machine=None if scores.machine_log_prob_nats is None else scores.machine_log_prob_nats.astype(np.float64),
    )


def _moment(values: Floats, power: int) -> float:
    spread = values.std()
    return float((((values - values.mean()) / spread) ** power).mean()) if spread > 1e-9 else 0.0


def _correlation(left: Floats, right: Floats) -> float:
    product = left.std() * right.std()
    return float(((left - left.mean()) * (right - right.mean())).mean() / product) if product > 1e-9 else 0.0


def _low_frequency_share(values: Floats) -> float:
    """Share of the power spectrum below 1/8 cycle a token; 0.25 for white noise."""
    power = np.abs(np.fft.rfft(values - values.mean()))[1:] ** 2
    total = power.sum()
    return float(power[: max(1, len(power) // 4)].sum() / total) if total > 1e-9 else 0.25


def sentence_means(series: Series) -> Floats:
    """Mean surprisal of each sentence of at least 4 tokens."""
    _, first = np.unique(series.sentence, return_index=True)
    counts = np.diff(np.append(first, len(series)))
    means = np.add.reduceat(series.surprisal, first) / counts
    return means[counts >= 4]


def _sentence_spread(series: Series) -> float:
    means = sentence_means(series)
    return float(means.std()) if len(means) > 1 else 0.0


def _mean_run(flags: NDArray[np.bool_]) -> float:
    """Mean length of the runs of true values; 0 if there is none."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    runs = int((edges == 1).sum())
    return float(flags.sum() / runs) if runs else 0.0


BASE_FEATURES: dict[str, tuple[Callable[[Series], float], str]] = {
    # Level: how likely the text is, absolutely and against what the model expected there.
    "mean_surprisal": (lambda x: float(x.surprisal.mean()), "mean s: machines choose likelier tokens"),
    "mean_entropy": (lambda x: float(x.entropy.mean()), "mean H: machines keep to contexts with few continuations"),
    "mean_log_rank": (lambda x: float(np.log(x.rank).mean()), "mean ln rank: less moved by a sharp model than s"),
    "curvature": (
        lambda x: float((x.entropy - x.surprisal).mean() / np.sqrt(max(x.variance.mean(), 1e-9))),
        "Fast-DetectGPT / sqrt(n): likelier than a sample in the same context",
    ),
    "surprisal_per_log_rank": (
        lambda x: float(x.surprisal.sum() / max(np.log(x.rank).sum(), 1e-9)),
        "LRR: machines keep the rank low more than the surprise",
    ),
    "mean_gap_to_best": (lambda x: float((x.surprisal + x.log_max).mean()), "mean ln(p_max / p): distance from greedy"),
    # Shares of GLTR's ranks.
    "share_rank_1": (lambda x: float((x.rank == 1).mean()), "share of first choices"),
    "share_rank_10": (lambda x: float((x.rank <= 10).mean()), "share within the first 10"),
    "share_rank_100": (lambda x: float((x.rank <= 100).mean()), "share within the first 100"),
    "share_rank_over_1000": (lambda x: float((x.rank > 1000).mean()), "share beyond 1000: rare words, slips, names"),
    # Fluctuation: people mix the expected and the surprising more than machines do.
    "std_surprisal": (lambda x: float(x.surprisal.std()), "spread of s"),
    "skew_surprisal": (lambda x: _moment(x.surprisal, 3), "a few great surprises among many small ones"),
    "kurtosis_surprisal": (lambda x: _moment(x.surprisal, 4) - 3, "how rare and how great the surprises are"),
    "std_entropy": (lambda x: float(x.entropy.std()), "spread of H"),
    "difference_1": (lambda x: float(np.abs(np.diff(x.surprisal)).mean()), "mean |s' - s|: roughness"),
    "difference_2": (
        lambda x: float(np.abs(np.diff(x.surprisal, 2)).mean()),
        "mean |s'' - 2s' + s|: roughness of slopes",
    ),
    "autocorrelation_1": (lambda x: _finite(autocorrelation(x.surprisal, 1)), "surprise follows surprise"),
    "autocorrelation_2": (lambda x: _finite(autocorrelation(x.surprisal, 2)), "the same two tokens on"),
    "entropy_surprisal_correlation": (
        lambda x: _correlation(x.entropy, x.surprisal),
        "machines are surprising only where the model expects to be surprised",
    ),
    "low_frequency_share": (lambda x: _low_frequency_share(x.surprisal), "slow waves of s against fast ones"),
    "excess_low_frequency_share": (
        lambda x: _low_frequency_share(x.surprisal - x.entropy),
        "slow waves of what the contexts do not explain",
    ),
    "std_excess": (
        lambda x: float(((x.surprisal - x.entropy) / np.sqrt(np.maximum(x.variance, 1e-2))).std()),
        "spread of s in the model's own standard deviations",
    ),
    "sentence_spread": (_sentence_spread, "spread of the sentences' mean s: machines write evenly"),
    "mean_run_rank_1": (lambda x: _mean_run(x.rank == 1), "length of runs of first choices: phrases by rote"),
    "mean_run_over_100": (lambda x: _mean_run(x.rank > 100), "length of bursts of surprise"),
}
"""Name → (formula, what it means and why it should help)."""

_CAP_NATS = 1.0

VOICE_FEATURES: dict[str, tuple[Callable[[Series], float], str]] = {
    "machine_gain": (
        lambda x: float(x.machine_gain.mean()),
        "mean m + s: what the machine voice knows that the base does not",
    ),
    "machine_gain_capped": (
        lambda x: float(x.machine_gain.clip(-_CAP_NATS, _CAP_NATS).mean()),
        "the same with every token capped at 1 nat, so that no single word decides",
    ),
    "voice_ratio": (lambda x: float(x.voice_ratio.mean()), "mean m - h: who wrote it, whatever it is about"),
    "voice_ratio_capped": (
        lambda x: float(x.voice_ratio.clip(-_CAP_NATS, _CAP_NATS).mean()),
        "the same with every token capped at 1 nat",
    ),
    "voice_ratio_spread": (lambda x: float(x.voice_ratio.std()), "spread of m - h: marked words of either side"),
}
"""The same of the voices; NaN for a model without them."""

BASE_NAMES = tuple(BASE_FEATURES)
FEATURES = BASE_FEATURES | VOICE_FEATURES
FEATURE_NAMES = tuple(FEATURES)
LEAST_TOKENS = 8
"""Below this the differences and spectra have nothing to work on."""


def _finite(value: float) -> float:
    return value if np.isfinite(value) else 0.0


def feature_vector(series: Series) -> Floats:
    """All features in the order of ``FEATURE_NAMES``, shape (n_features,); NaN below ``LEAST_TOKENS`` tokens.

    Those of ``VOICE_FEATURES`` are NaN where the scores hold no voices.
    """
    vector = np.full(len(FEATURES), np.nan)
    if len(series) >= LEAST_TOKENS:
        known = BASE_FEATURES if series.machine is None or series.human is None else FEATURES
        vector[: len(known)] = [formula(series) for formula, _ in known.values()]
    return vector
