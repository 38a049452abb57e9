"""The numbers a verdict rests on: levels of probability, how it fluctuates, and the choice of words.

They come from one pass of the base model and, where the model has them, of its two voices, and from
the word weights of ``lexical``. Each is a mean, share, spread or ratio that does not grow with the
length of the text (but for ``lexical_score``, which grows with its square root), so that long and short
texts can be compared. In the formulas
s = -ln p(x) is surprisal, H the entropy, v the variance of ln p, h and m the ln p(x) of the human
and the machine voice, all in nats a token.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.methods.fluctuation import autocorrelation
from detector.methods.lastde import diversity_entropy
from detector.records.token_scores import TokenScores
from detector.verdict.lexical import LexicalModel

Floats = NDArray[np.float64]

REGISTER_SIZE = 12
"""Coordinates of a register, which a probe reads beside its evidence."""
PART_COLUMN = 1 + REGISTER_SIZE
"""Of the probe of parts, among what a probe reads."""
N_EDIT_OUTPUTS = 3
N_EDIT_UNITS = 32
EDIT_COLUMNS = slice(PART_COLUMN + 1, PART_COLUMN + 1 + N_EDIT_OUTPUTS + N_EDIT_UNITS)
"""Of how far a text was edited: linear readings, and units of a hidden layer."""
PARTS_WIDTH = EDIT_COLUMNS.stop
N_UNITS = 32
"""Last columns of a probe that has a hidden layer: half of them speak for a machine, the other half against it."""
SECOND_REGISTER = slice(-N_UNITS - REGISTER_SIZE, -N_UNITS)
"""Columns before those, of a probe whose hidden layer came with a register of its own."""
_UNITS_WIDTHS = (N_UNITS, REGISTER_SIZE + N_UNITS)
WIDTHS_WITH_SECOND_REGISTER = tuple(width + REGISTER_SIZE + N_UNITS for width in (PART_COLUMN, PARTS_WIDTH))
WIDTHS_WITH_UNITS = tuple(width + last for width in (PART_COLUMN, PARTS_WIDTH) for last in _UNITS_WIDTHS)
WIDTHS_WITH_PARTS = tuple(PARTS_WIDTH + last for last in (0, *_UNITS_WIDTHS))
CAP_NATS = 1.0
"""Most that one token's evidence of the voices counts, where it is capped."""
_SCALES, _EMBEDDING, _BINS = range(1, 6), 3, 64


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
    lexical: Floats | None = None
    """Weights of the words and pairs that end in the token, each at its first place in the text."""
    lexical_norm: float = 1.0
    """Square root of the number of distinct words and pairs."""
    lexical_intercept: float = 0.0
    probe: Floats | None = None
    """What the probe read off the hidden states, (n, width); the columns are those of ``verdict.probe_model``."""

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
            None if self.lexical is None else self.lexical[index],
            self.lexical_norm * np.sqrt(len(index) / max(1, len(self))),
            self.lexical_intercept,
            None if self.probe is None else self.probe[index],
        )

    @cached_property
    def has_probabilities(self) -> bool:
        """Whether the pass they come from went as far as the vocabulary; NaN stands for them if not."""
        return not np.isnan(self.surprisal).all()

    @property
    def probe_evidence(self) -> Floats:
        """Evidence of every token that the hidden states give, nats; above 0 speaks for a machine."""
        if self.probe is None:
            raise ValueError("these scores were made without a probe")
        return self.probe[:, 0]

    @property
    def part_evidence(self) -> Floats:
        """What the probe of parts says of each token's own sentence, nats."""
        if self.probe is None or self.probe.shape[1] not in WIDTHS_WITH_PARTS:
            raise ValueError("these scores were made without a probe of parts")
        return self.probe[:, PART_COLUMN]

    @property
    def register(self) -> Floats:
        """What kind of text it is, read off each token, (n, REGISTER_SIZE)."""
        if self.probe is None:
            raise ValueError("these scores were made without a probe")
        return self.probe[:, 1:PART_COLUMN]

    @property
    def second_register(self) -> Floats:
        """The same by the register that came with the hidden layer; NaN where none did."""
        if self.probe is None:
            raise ValueError("these scores were made without a probe")
        if self.probe.shape[1] not in WIDTHS_WITH_SECOND_REGISTER:
            return np.full((len(self), REGISTER_SIZE), np.nan)
        return self.probe[:, SECOND_REGISTER]

    @property
    def units(self) -> Floats:
        """Readings of each token for the hidden layer, (n, N_UNITS)."""
        if self.probe is None or self.probe.shape[1] not in WIDTHS_WITH_UNITS:
            raise ValueError("these scores were made without a hidden layer")
        return self.probe[:, -N_UNITS:]

    @cached_property
    def voice_ratio(self) -> Floats:
        """M - h of every token: above 0 where the machine voice expected it more."""
        if self.machine is None or self.human is None:
            raise ValueError("these scores were made without voices")
        return self.machine - self.human

    @cached_property
    def capped_ratio(self) -> Floats:
        """The same with every token capped at 1 nat, so that no single word decides."""
        return self.voice_ratio.clip(-CAP_NATS, CAP_NATS)

    @cached_property
    def machine_gain(self) -> Floats:
        """M + s of every token: above 0 where the machine voice expected it more than the base."""
        if self.machine is None:
            raise ValueError("these scores were made without voices")
        return self.machine + self.surprisal

    @cached_property
    def diversity(self) -> Floats:
        """Lastde's diversity entropy of -s at scales 1 to 5, with bins that do not depend on the length."""
        return np.array([diversity_entropy(-self.surprisal, tau, _EMBEDDING, _BINS) for tau in _SCALES])


def series_of(
    scores: TokenScores, sentence_starts: list[int], text: str = "", lexical_model: LexicalModel | None = None
) -> Series:
    """Columns of a text's scores; ``sentence_starts`` are the first characters of its sentences.

    With a ``lexical_model`` the words of ``text``, which must be the text of the scores, are weighed too.
    """
    lexical, norm = None, 1.0
    if lexical_model is not None and len(scores):
        found, weights, norm = lexical_model.weigh(text)
        last = np.array([word.end for word in found], dtype=np.int64)
        token = np.minimum(np.searchsorted(scores.end_char, last), len(scores) - 1)
        lexical = np.bincount(token, weights=weights, minlength=len(scores)).astype(np.float64)
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
        lexical=lexical,
        lexical_norm=norm,
        lexical_intercept=lexical_model.intercept if lexical_model else 0.0,
        probe=None if scores.probe is None else scores.probe.astype(np.float64),
    )


def _moment(values: Floats, power: int) -> float:
    centred = values - values.mean()
    spread = np.sqrt(np.mean(centred * centred))
    if spread <= 1e-9:
        return 0.0
    scaled = centred / spread
    return float(math.prod([scaled] * power).mean())  # products take a tenth of the time of powers


def _correlation(left: Floats, right: Floats) -> float:
    left, right = left - left.mean(), right - right.mean()
    product = np.sqrt((left @ left) * (right @ right)) / len(left)
    return float(left @ right / len(left) / product) if product > 1e-9 else 0.0


def _low_frequency_share(values: Floats, below: float = 1 / 8) -> float:
    """Share of the power spectrum below so many cycles a token; twice ``below`` for white noise."""
    power = np.abs(np.fft.rfft(values - values.mean()))[1:] ** 2
    total = power.sum()
    return float(power[: max(1, round(len(power) * 2 * below))].sum() / total) if total > 1e-9 else 2 * below


def sentence_means(series: Series, values: Floats | None = None) -> Floats:
    """Mean of ``values`` (surprisal unless given) in each sentence of at least 4 tokens."""
    first = np.append(0, np.flatnonzero(np.diff(series.sentence)) + 1)
    counts = np.diff(np.append(first, len(series)))
    means = np.add.reduceat(series.surprisal if values is None else values, first) / counts
    return means[counts >= 4]


def _spread(means: Floats) -> float:
    return float(means.std()) if len(means) > 1 else 0.0


def _mean_step(means: Floats) -> float:
    return float(np.abs(np.diff(means)).mean()) if len(means) > 1 else 0.0


def _mean_run(flags: NDArray[np.bool_]) -> float:
    """Mean length of the runs of true values; 0 if there is none."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    runs = int((edges == 1).sum())
    return float(flags.sum() / runs) if runs else 0.0


_LOWEST_SHARE = 0.15
_IMPROBABLE_NATS = float(np.log(10_000))


@dataclass(frozen=True)
class Feature:
    """One number of a text, and what it says."""

    formula: Callable[[Series], float]
    meaning: str
    """What it measures and why it should help."""
    token_shares: Callable[[Series], NDArray[Any]] | None = None
    """Values of the tokens, shape (n,), whose mean the feature is; None where no token has a share of its own."""


def _token_mean(values: Callable[[Series], NDArray[Any]], meaning: str) -> Feature:
    return Feature(lambda x: float(values(x).mean()), meaning, values)


def _unit_shares(x: Series) -> Floats:
    """What each token adds to the units whose means are above 0, so that their mean is the hidden layer's sum."""
    if x.probe is None or x.probe.shape[1] not in WIDTHS_WITH_UNITS:
        return np.full(len(x), np.nan)
    sides = np.repeat([1.0, -1.0], N_UNITS // 2)
    return x.units @ (sides * (x.units.mean(axis=0) > 0))


def _lexical_shares(x: Series) -> Floats:
    return np.zeros(len(x)) if x.lexical is None else x.lexical / x.lexical_norm * len(x)


BASE_FEATURES: dict[str, Feature] = {
    # Level: how likely the text is, absolutely and against what the model expected there.
    "mean_surprisal": _token_mean(lambda x: x.surprisal, "mean s: machines choose likelier tokens"),
    "mean_entropy": _token_mean(lambda x: x.entropy, "mean H: machines keep to contexts with few continuations"),
    "mean_log_rank": _token_mean(lambda x: np.log(x.rank), "mean ln rank: less moved by a sharp model than s"),
    "curvature": Feature(
        lambda x: float((x.entropy - x.surprisal).mean() / np.sqrt(max(x.variance.mean(), 1e-9))),
        "Fast-DetectGPT / sqrt(n): likelier than a sample in the same context",
    ),
    "surprisal_per_log_rank": Feature(
        lambda x: float(x.surprisal.sum() / max(np.log(x.rank).sum(), 1e-9)),
        "LRR: machines keep the rank low more than the surprise",
    ),
    "mean_gap_to_best": _token_mean(lambda x: x.surprisal + x.log_max, "mean ln(p_max / p): distance from greedy"),
    # Shares of GLTR's ranks.
    "share_rank_1": _token_mean(lambda x: x.rank == 1, "share of first choices"),
    "share_rank_10": _token_mean(lambda x: x.rank <= 10, "share within the first 10"),
    "share_rank_100": _token_mean(lambda x: x.rank <= 100, "share within the first 100"),
    "share_rank_over_1000": _token_mean(lambda x: x.rank > 1000, "share beyond 1000: rare words, slips, names"),
    # Fluctuation: people mix the expected and the surprising more than machines do.
    "std_surprisal": Feature(lambda x: float(x.surprisal.std()), "spread of s"),
    "skew_surprisal": Feature(lambda x: _moment(x.surprisal, 3), "a few great surprises among many small ones"),
    "kurtosis_surprisal": Feature(lambda x: _moment(x.surprisal, 4) - 3, "how rare and how great the surprises are"),
    "std_entropy": Feature(lambda x: float(x.entropy.std()), "spread of H"),
    "difference_1": Feature(lambda x: float(np.abs(np.diff(x.surprisal)).mean()), "mean |s' - s|: roughness"),
    "difference_2": Feature(
        lambda x: float(np.abs(np.diff(x.surprisal, 2)).mean()), "mean |s'' - 2s' + s|: roughness of slopes"
    ),
    "autocorrelation_1": Feature(lambda x: _finite(autocorrelation(x.surprisal, 1)), "surprise follows surprise"),
    "autocorrelation_2": Feature(lambda x: _finite(autocorrelation(x.surprisal, 2)), "the same two tokens on"),
    "entropy_surprisal_correlation": Feature(
        lambda x: _correlation(x.entropy, x.surprisal),
        "machines are surprising only where the model expects to be surprised",
    ),
    "low_frequency_share": Feature(lambda x: _low_frequency_share(x.surprisal), "slow waves of s against fast ones"),
    "excess_low_frequency_share": Feature(
        lambda x: _low_frequency_share(x.surprisal - x.entropy), "slow waves of what the contexts do not explain"
    ),
    "std_excess": Feature(
        lambda x: float(((x.surprisal - x.entropy) / np.sqrt(np.maximum(x.variance, 1e-2))).std()),
        "spread of s in the model's own standard deviations",
    ),
    "very_low_frequency_share": Feature(
        lambda x: _low_frequency_share(x.surprisal, 1 / 32), "waves of s as long as sentences and paragraphs"
    ),
    "multiscale_diversity": Feature(
        lambda x: float(x.diversity.mean()), "Lastde: how many shapes the curve of s has; people's has more"
    ),
    "multiscale_diversity_spread": Feature(
        lambda x: float(x.diversity.std()),
        "Lastde: how much that depends on the scale; machines' looks alike at all scales",
    ),
    "sentence_spread": Feature(
        lambda x: _spread(sentence_means(x)), "spread of the sentences' mean s: machines write evenly"
    ),
    "sentence_step": Feature(
        lambda x: _mean_step(sentence_means(x)), "mean change of the mean s from one sentence to the next"
    ),
    "share_improbable": _token_mean(
        lambda x: x.surprisal > _IMPROBABLE_NATS,
        "share of tokens with p < 1/10,000: rare tokens and slips, which machines avoid",
    ),
    "lowest_log_prob": Feature(
        lambda x: -float(np.sort(x.surprisal)[-max(1, round(len(x) * _LOWEST_SHARE)) :].mean()),
        "Uncertainty++: mean ln p of the 15 % least likely tokens, where people and machines differ most",
    ),
    "mean_run_rank_1": Feature(lambda x: _mean_run(x.rank == 1), "length of runs of first choices: phrases by rote"),
    "mean_run_over_100": Feature(lambda x: _mean_run(x.rank > 100), "length of bursts of surprise"),
}

VOICE_FEATURES: dict[str, Feature] = {
    "machine_gain": _token_mean(
        lambda x: x.machine_gain, "mean m + s: what the machine voice knows that the base does not"
    ),
    "machine_gain_capped": _token_mean(
        lambda x: x.machine_gain.clip(-CAP_NATS, CAP_NATS),
        "the same with every token capped at 1 nat, so that no single word decides",
    ),
    "voice_ratio": _token_mean(lambda x: x.voice_ratio, "mean m - h: who wrote it, whatever it is about"),
    "voice_ratio_capped": _token_mean(lambda x: x.capped_ratio, "the same with every token capped at 1 nat"),
    "voice_ratio_spread": Feature(lambda x: float(x.voice_ratio.std()), "spread of m - h: marked words of either side"),
    "voice_ratio_sentence_spread": Feature(
        lambda x: _spread(sentence_means(x, x.capped_ratio)),
        "spread of the sentences' mean capped m - h: patches of either kind",
    ),
    "voice_ratio_standardised": Feature(
        lambda x: float(x.capped_ratio.mean() / max(x.capped_ratio.std(), 1e-3)),
        "mean over spread of the capped m - h: how steady the evidence is",
    ),
}
"""The same of the voices; NaN for a model without them."""

LEXICAL_FEATURES: dict[str, Feature] = {
    "lexical_score": Feature(
        lambda x: float("nan") if x.lexical is None else float(x.lexical.sum() / x.lexical_norm) + x.lexical_intercept,
        "weights of words and pairs of words, whatever the model expects: each author has habits of wording",
        _lexical_shares,
    ),
}
"""Of the words; NaN without word weights."""

PROBE_FEATURES: dict[str, Feature] = {
    "probe_evidence": _token_mean(
        lambda x: x.probe_evidence, "mean evidence of the hidden states: what the model knows beside probabilities"
    ),
    "probe_sentence_spread": Feature(
        lambda x: _spread(sentence_means(x, x.probe_evidence)),
        "spread of the sentences' mean evidence: patches of either kind",
    ),
    "probe_units": _token_mean(
        _unit_shares,
        "a hidden layer over the mean state, readings of one half above 0 less those of the other: what no single "
        "direction holds",
    ),
}
"""Of the hidden states; NaN without a probe, and without a hidden layer in it."""


def _register(read: Callable[[Series], Floats], i: int, which: str) -> Feature:
    return _token_mean(
        lambda x: read(x)[:, i],
        f"what kind of text it is, coordinate {i + 1}{which}; says nothing of its author by itself",
    )


def _features_of_a_register(name: str, read: Callable[[Series], Floats], which: str) -> dict[str, Feature]:
    return {f"{name}_{i + 1:02}": _register(read, i, which) for i in range(REGISTER_SIZE)}


REGISTER_FEATURES = _features_of_a_register("register", lambda x: x.register, "")
"""What kind of text it is, whoever wrote it; NaN without a probe."""
SECOND_REGISTER_FEATURES = _features_of_a_register(
    "second_register", lambda x: x.second_register, " of the second register"
)
"""The same by another reading of the states; NaN without a probe, and of one that has a single register."""

BASE_NAMES = tuple(BASE_FEATURES)
FEATURES = (
    BASE_FEATURES | VOICE_FEATURES | LEXICAL_FEATURES | PROBE_FEATURES | REGISTER_FEATURES | SECOND_REGISTER_FEATURES
)
FEATURE_NAMES = tuple(FEATURES)
LEAST_TOKENS = 8
"""Below this the differences and spectra have nothing to work on."""


def _finite(value: float) -> float:
    return value if np.isfinite(value) else 0.0


def feature_vector(series: Series, only: Collection[str] = FEATURE_NAMES) -> Floats:
    """All features in the order of ``FEATURE_NAMES``, shape (n_features,); NaN below ``LEAST_TOKENS`` tokens.

    Those of ``BASE_FEATURES`` are NaN where the scores hold no probabilities, those of ``VOICE_FEATURES`` where they
    hold no voices, those of ``LEXICAL_FEATURES`` where no words were weighed, those of ``PROBE_FEATURES`` and of
    either register where no probe was read or it has none, and all that are not among ``only``.
    """
    vector = np.full(len(FEATURES), np.nan)
    if len(series) < LEAST_TOKENS:
        return vector
    missing = set() if series.machine is not None and series.human is not None else set(VOICE_FEATURES)
    if not series.has_probabilities:
        missing.update(BASE_FEATURES)
    if series.probe is None:
        missing.update(PROBE_FEATURES, REGISTER_FEATURES, SECOND_REGISTER_FEATURES)
    for i, (name, feature) in enumerate(FEATURES.items()):
        if name in only and name not in missing:
            vector[i] = feature.formula(series)
    return vector
