"""Rows of the output embeddings that no training text can have used: what an unlearned token looks like.

A token that never comes is pushed towards probability 0 at every step, whatever the text, so the rows
of such tokens drift together in one direction. Where a tokenizer has tokens that no text can hold,
their rows show that direction. They are found, not looked up: tokens with a byte impossible in UTF-8,
rows above the vocabulary, special tokens kept in reserve, tokens that nothing reaches or whose text another takes.

Each of them might have been trained after all (a tokenizer can change after training), so they must
agree: candidates far from the most typical one are dropped, and what is left must be closer together
than rows drawn at random, treated the same way. Otherwise the set is refused, with the reason.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.vocabulary.embeddings import Embeddings
from detector.vocabulary.tokenizer_analysis import Category, TokenizerAnalysis

FEWEST_ROWS = 3
LEAST_COSINE = 0.5
"""To the most typical candidate, with the mean row subtracted; below it a candidate is an outlier."""
LARGEST_P_VALUE = 0.01
_RANDOM_SETS = 199
_MOST_COMPARED = 200
"""Candidates and random rows beyond this number are sampled; similarity takes their square."""
_MOST_FOR_CENTRE = 20_000


@dataclass(frozen=True, eq=False)
class ReferenceRows:
    """Rows known to be untrained, or why there are none."""

    ids: NDArray[np.int32]
    """Ascending; empty where the set was refused."""
    dropped: NDArray[np.int32]
    """Candidates that are unlike the others."""
    source: str
    """What the rows are, in words; empty where the set was refused."""
    coherence: float | None
    """Mean cosine of a member to the mean of the others, with the mean row of all tokens subtracted."""
    p_value: float | None
    """Share of random sets of ordinary tokens that are at least as close together."""
    refused: str | None
    """Why no set can be used, or None."""

    def __len__(self) -> int:
        return len(self.ids)


def sample_of(ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """At most 20,000 of the ids, always the same: enough for the centre and the spread of a million rows.

    Shapes (n,) and (at most 20,000,).
    """
    if len(ids) <= _MOST_FOR_CENTRE:
        return ids
    return np.sort(np.random.default_rng(0).choice(ids, _MOST_FOR_CENTRE, replace=False))


def centre_of_rows(rows: NDArray[np.float32], ids: NDArray[np.int32]) -> NDArray[np.float64]:
    """Median of the rows ``ids`` in each dimension, (d,); the mean would move if many of them were untrained."""
    centre: NDArray[np.float64] = np.median(rows[sample_of(ids)].astype(np.float64), axis=0)
    return centre


def find_reference(embeddings: Embeddings, analysis: TokenizerAnalysis, seed: int = 0) -> ReferenceRows:
    """The largest coherent set of rows that no text can have used."""
    rows = embeddings.rows
    sources = {
        "tokens with a byte that is impossible in UTF-8": analysis.impossible_ids(),
        "rows above the vocabulary": np.arange(len(analysis), rows, dtype=np.int32),
        "special tokens that no text holds": analysis.ids(Category.SPECIAL),
        "tokens that no text reaches": analysis.ids(Category.UNREACHABLE, Category.DUPLICATE, Category.UNASSIGNED),
    }
    sources = {name: ids[ids < rows] for name, ids in sources.items()}
    present = {name: ids for name, ids in sources.items() if len(ids)}
    ordinary = analysis.ids(Category.OK)
    ordinary = ordinary[ordinary < rows]
    if not present:
        return _refused("every token can come from a text, every byte is possible, and no row is above the vocabulary")
    attempts = {" and ".join(present): np.unique(np.concatenate(list(present.values()))), **present}
    centre = centre_of_rows(embeddings.output, ordinary)
    reasons = []
    for name, candidates in attempts.items():
        found = _coherent_set(embeddings.output, candidates, ordinary, centre, name, np.random.default_rng(seed))
        if found.refused is None:
            return found
        reasons.append(found.refused)
    return _refused("; ".join(dict.fromkeys(reasons)))


def given_reference(embeddings: Embeddings, analysis: TokenizerAnalysis, ids: NDArray[np.int32]) -> ReferenceRows:
    """Rows that the user says are untrained; they must agree like those that are found.

    ``ids`` has the shape (n_reference,).
    """
    ordinary = analysis.ids(Category.OK)
    ordinary = ordinary[ordinary < embeddings.rows]
    centre = centre_of_rows(embeddings.output, ordinary)
    return _coherent_set(
        embeddings.output, np.unique(ids), ordinary, centre, "the rows given", np.random.default_rng(0)
    )


def _refused(reason: str) -> ReferenceRows:
    nothing = np.array([], dtype=np.int32)
    return ReferenceRows(nothing, nothing, "", None, None, reason)


def _coherent_set(
    rows: NDArray[np.float32],
    candidates: NDArray[np.int32],
    ordinary: NDArray[np.int32],
    centre: NDArray[np.float64],
    name: str,
    rng: np.random.Generator,
) -> ReferenceRows:
    counted = f"{len(candidates)} {name}"
    if len(candidates) < FEWEST_ROWS:
        return _refused(f"{counted}: at least {FEWEST_ROWS} are needed to see whether they agree")
    ordinary = np.setdiff1d(ordinary, candidates)
    size = min(len(candidates), _MOST_COMPARED, len(ordinary))
    if size < FEWEST_ROWS:
        return _refused(f"{counted}: too few ordinary tokens to compare them with")
    sampled = np.sort(rng.choice(candidates, size, replace=False))
    typical, closeness = _most_typical(_unit_rows(rows[sampled], centre))
    others = [
        _most_typical(_unit_rows(rows[rng.choice(ordinary, size, replace=False)], centre))[1]
        for _ in range(_RANDOM_SETS)
    ]
    p_value = (1 + sum(other >= closeness for other in others)) / (1 + _RANDOM_SETS)
    unit = _unit_rows(rows[candidates], centre)
    similar = unit @ unit[np.searchsorted(candidates, sampled[typical])] >= LEAST_COSINE
    kept = candidates[similar]
    if len(kept) < max(FEWEST_ROWS, len(candidates) / 2) or p_value > LARGEST_P_VALUE:
        return _refused(
            f"{counted}: they do not agree (median cosine {closeness:.2f}, at least {LEAST_COSINE} is needed; "
            f"{p_value:.0%} of random sets are as close)"
        )
    return ReferenceRows(kept, candidates[~similar], name, _leave_one_out(unit[similar]), p_value, None)


def _unit_rows(rows: NDArray[np.float32], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = rows.astype(np.float64) - centre
    unit: NDArray[np.float64] = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    return unit


def _most_typical(unit: NDArray[np.float64]) -> tuple[int, float]:
    """Index of the row with the highest median cosine to the rows, and that median."""
    medians = np.median(unit @ unit.T, axis=1)
    best = int(medians.argmax())
    return best, float(medians[best])


def _leave_one_out(unit: NDArray[np.float64]) -> float:
    others = unit.sum(axis=0) - unit
    return float(np.mean((unit * others).sum(axis=1) / np.maximum(np.linalg.norm(others, axis=1), 1e-12)))
