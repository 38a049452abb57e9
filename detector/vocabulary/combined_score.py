"""Several indicators made one ranking, with the false-discovery rate of every cut.

**Score.** Rows and mirrored rows (``indicators.py``) are ranked together in each indicator. The score of a
token is the mean over indicators of -ln(rank / number ranked): ranks make indicators of any scale
comparable, the logarithm lets the first places count most. An indicator takes part if it knows the
reference rows: half of them at least, each left out of the reference itself, lie below 95 % of the mirrored rows;
and if it finds by itself, at a false-discovery rate of 10 %, at least half as many tokens as the best of them.
Without reference rows the norm of untied input embeddings stands alone.

**False-discovery rate.** A well-trained row lies on some side of the centre of all rows, and nothing makes
the side of the untrained rows more likely than the other; its mirror image is then scored like a second
such row. So, among the tokens whose score is at least s,

    FDR(s) = (1 + mirrored rows with a score of at least s) / (tokens with a score of at least s),

made monotone and at most 1. This is the target-decoy estimate of Elias and Gygi (2007) and, with the 1, the
knockoff+ one of Barber and Candes (2015), which controls the rate where the symmetry holds; it asks for no shape
of the distribution. A false discovery is a token trained like the bulk. Rows of frequent tokens reach further from
the centre, away from the untrained ones, which makes the estimate too high rather than too low. Reference rows are
left out of both counts: that they are untrained was known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.vocabulary.indicators import DISTANCES, INPUT_NORM, OUTPUT_BIAS, Indicators
from detector.vocabulary.reference_rows import ReferenceRows
from detector.vocabulary.tokenizer_analysis import TokenizerAnalysis

DEFAULT_RATE = 0.1
"""False-discovery rate up to which a token is called suspect."""
_LOWEST_SHARE = 0.05
_LEAST_POWER = 0.5
_FLOOR_SLACK = 2.0


@dataclass(frozen=True, eq=False)
class Ranking:
    """Tokens from the most suspect down. Arrays by id have the shape (vocabulary,)."""

    score: NDArray[np.float64]
    """Higher = more suspect; NaN for special tokens and those without a row."""
    false_discovery_rate: NDArray[np.float64]
    """Of the tokens with at least this score, the estimated share trained like the bulk; NaN where not ranked."""
    order: NDArray[np.int32]
    """Ranked ids, the most suspect first; empty where nothing could be ranked."""
    at_floor: NDArray[np.bool_]
    """No further from the reference than twice the farthest reference row: the weights look never trained."""
    indicators: tuple[str, ...]
    """Those that take part."""
    refused: str | None
    """Why there is no ranking, or None."""


def suspects_in(
    order: NDArray[np.int32],
    false_discovery_rate: NDArray[np.float64],
    at_floor: NDArray[np.bool_],
    rate: float = DEFAULT_RATE,
) -> NDArray[np.int32]:
    """Ids up to a false-discovery rate, and those at the floor, the most suspect first, shape (n_suspects,).

    ``order`` (n_ranked,) holds the ranked ids; the other arrays have the shape (vocabulary,). The estimated rate
    cannot fall below 1 / number of tokens, so that fewer than 1 / rate untrained tokens would never be suspects by
    it alone.
    """
    return order[(false_discovery_rate[order] <= rate) | at_floor[order]]


def rank_tokens(
    indicators: Indicators, analysis: TokenizerAnalysis, reference: ReferenceRows, is_tied: bool
) -> Ranking:
    """Combine the indicators that know the reference rows."""
    is_ranked = np.array([analysis.is_ordinary(i) for i in range(len(analysis))]) & np.isfinite(
        indicators.values[INPUT_NORM]
    )
    ranked = np.flatnonzero(is_ranked).astype(np.int32)
    judged = np.setdiff1d(ranked, reference.ids).astype(np.int32)
    names = _usable(indicators, judged, reference, is_tied)
    if not names:
        return _nothing(len(analysis), _why_none(reference))
    scores = np.zeros((2, len(analysis)))
    for name in names:
        pooled = np.sort(np.concatenate([indicators.values[name][judged], indicators.mirrored[name][judged]]))
        for row, values in zip(scores, (indicators.values[name], indicators.mirrored[name]), strict=True):
            row -= np.log(_mid_rank(pooled, values) / len(pooled)) / len(names)
    score = np.where(is_ranked, scores[0], np.nan)
    rate = np.full(len(analysis), np.nan)
    rate[ranked] = false_discovery_rates(scores[0][judged], scores[1][judged], scores[0][ranked])
    order = ranked[np.argsort(-score[ranked], kind="stable")]
    return Ranking(score, rate, order, _at_floor(indicators, names) & is_ranked, names, None)


def false_discovery_rates(
    scores: NDArray[np.float64], decoys: NDArray[np.float64], asked: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Estimated rate of the cut at each score ``asked``, (n,); see the module's text.

    >>> false_discovery_rates(np.array([9.0, 8.0, 7.0, 1.0]), np.array([2.0, 1.0, 0.5, 0.0]), np.array([9.0, 7.0, 1.0]))
    array([0.33333333, 0.33333333, 0.75      ])
    """
    descending, from_above = np.sort(scores)[::-1], np.sort(decoys)
    decoys_above = len(decoys) - np.searchsorted(from_above, descending, side="left")
    targets_above = len(scores) - np.searchsorted(descending[::-1], descending, side="left")
    rates = np.minimum((1 + decoys_above) / targets_above, 1.0)
    monotone = np.minimum.accumulate(rates[::-1])[::-1]
    # The cut at a score is the lowest token that is at least as high; above the highest it is the highest itself.
    place = np.maximum(len(scores) - np.searchsorted(descending[::-1], asked, side="left") - 1, 0)
    found: NDArray[np.float64] = monotone[place]
    return found


def _mid_rank(pooled: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank of each value among the sorted ``pooled``, 1-based, the middle of equal ones; at least 1/2."""
    below, up_to = np.searchsorted(pooled, values, side="left"), np.searchsorted(pooled, values, side="right")
    return np.maximum((below + up_to + 1) / 2, 0.5)


def _usable(
    indicators: Indicators, judged: NDArray[np.int32], reference: ReferenceRows, is_tied: bool
) -> tuple[str, ...]:
    offered = [*DISTANCES, OUTPUT_BIAS] if is_tied else [INPUT_NORM, *DISTANCES, OUTPUT_BIAS]
    if not len(judged):
        return ()
    if not len(reference):
        return () if is_tied else (INPUT_NORM,)
    knowing = [
        name
        for name in offered
        if len(indicators.of_reference.get(name, ()))
        and np.median(np.searchsorted(np.sort(indicators.mirrored[name][judged]), indicators.of_reference[name]))
        <= _LOWEST_SHARE * len(judged)
    ]
    found = {name: _found_alone(indicators, name, judged) for name in knowing}
    return tuple(name for name in knowing if found[name] >= max(found.values()) * _LEAST_POWER)


def _found_alone(indicators: Indicators, name: str, judged: NDArray[np.int32]) -> int:
    """Tokens up to the default rate by one indicator."""
    values, mirrored = -indicators.values[name][judged], -indicators.mirrored[name][judged]
    return int((false_discovery_rates(values, mirrored, values) <= DEFAULT_RATE).sum())


def _at_floor(indicators: Indicators, names: tuple[str, ...]) -> NDArray[np.bool_]:
    distances = [name for name in names if name in DISTANCES]
    if not distances:
        return np.zeros(len(indicators.values[INPUT_NORM]), dtype=bool)
    near = [indicators.values[name] <= _FLOOR_SLACK * indicators.of_reference[name].max() for name in distances]
    return np.logical_and.reduce(near)


def _nothing(size: int, reason: str) -> Ranking:
    nothing = np.full(size, np.nan)
    return Ranking(nothing, nothing, np.array([], dtype=np.int32), np.zeros(size, dtype=bool), (), reason)


def _why_none(reference: ReferenceRows) -> str:
    if reference.refused is None:
        return "No indicator tells the reference rows from ordinary tokens, so there is no ranking."
    return (
        f"There are no reference rows: {reference.refused}. Input and output embeddings are the same matrix, so that "
        "norms say nothing either, and no ranking can be given. Name untrained rows with --reference if you know some."
    )
