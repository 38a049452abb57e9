"""What the embeddings say of each token: how near it is to rows that were never trained.

With U the output embeddings, u the mean of the reference rows (``reference_rows.py``; a member is
compared with the mean of the others) and m the centre of all rows:

    input_norm                      |E_i|, E the input embeddings
    cosine_distance                 1 - cos(U_i, u)
    centred_cosine_distance         1 - cos(U_i - m, u - m)
    cosine_distance_without_pc1     the same as the first, with principal component 1 of U projected out
    euclidean_distance              |U_i - u|, which centring does not change
    euclidean_distance_without_pc1  the same with principal component 1 projected out
    output_bias                     b_i, where the model has one

All are lower for a more suspect token. After Land and Bartolo, "Fishing for Magikarp" (2024), where m is the
mean and the reference is chosen by hand; the other Euclidean forms are ours. Softmax does not change when
one vector is added to every row of U: hence the centred forms, and those without the component all rows share.

Each distance is computed a second time for *mirrored* rows, 2 m - U_i: a row as far from the centre in the
opposite direction; norm and bias are mirrored at their medians. ``combined_score.py`` takes its false-discovery
rate from them.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.vocabulary.embeddings import Embeddings
from detector.vocabulary.reference_rows import ReferenceRows, centre_of_rows, sample_of
from detector.vocabulary.tokenizer_analysis import Category, TokenizerAnalysis

INPUT_NORM = "input_norm"
OUTPUT_BIAS = "output_bias"
DISTANCES = (
    "cosine_distance",
    "centred_cosine_distance",
    "cosine_distance_without_pc1",
    "euclidean_distance",
    "euclidean_distance_without_pc1",
)
_CHUNK_ROWS = 2048
_SMALLEST_NORM = 1e-6


@dataclass(frozen=True, eq=False)
class Indicators:
    """Arrays of shape (vocabulary,), NaN for tokens without a row; lower = more suspect."""

    values: dict[str, NDArray[np.float64]]
    mirrored: dict[str, NDArray[np.float64]]
    """The same of the mirrored rows: what well-trained tokens reach by chance."""
    of_reference: dict[str, NDArray[np.float64]]
    """Of the reference rows, (reference,), each compared with the others; those above the vocabulary included."""


@dataclass(frozen=True, eq=False)
class _Directions:
    """Columns that every row is multiplied with; distances follow from the products and the row's norm."""

    reference: NDArray[np.float64]
    centre: NDArray[np.float64]
    principal: NDArray[np.float64]


def compute_indicators(embeddings: Embeddings, analysis: TokenizerAnalysis, reference: ReferenceRows) -> Indicators:
    """Every indicator the model allows: without reference rows there are no distances."""
    size = len(analysis)
    known = min(size, embeddings.rows)
    ordinary = analysis.ids(*(category for category in Category if category is not Category.UNASSIGNED))
    ordinary = ordinary[ordinary < known]
    norm = np.sqrt(np.einsum("ij,ij->i", embeddings.input, embeddings.input, dtype=np.float64))
    values = {INPUT_NORM: norm}
    mirrored = {INPUT_NORM: 2 * np.median(norm[ordinary]) - norm}
    if embeddings.output_bias is not None:
        bias = embeddings.output_bias.astype(np.float64)
        values[OUTPUT_BIAS] = bias
        mirrored[OUTPUT_BIAS] = 2 * np.median(bias[ordinary]) - bias
    of_reference = {name: array[reference.ids[reference.ids < len(array)]] for name, array in values.items()}
    if len(reference):
        members = embeddings.output[reference.ids].astype(np.float64)
        centre = centre_of_rows(embeddings.output, ordinary)
        to = _Directions(members.mean(axis=0), centre, first_principal_component(embeddings.output, ordinary))
        rows = embeddings.output[:known]
        among = reference.ids < known
        for found, mirror in ((values, False), (mirrored, True)):
            found |= _distances(rows, to, mirror)
            own = _leave_one_out(members, to, mirror)
            for name in DISTANCES:
                found[name][reference.ids[among]] = own[name][among]
            if not mirror:
                of_reference |= own
    return Indicators(
        {name: _fitted(array, size) for name, array in values.items()},
        {name: _fitted(array, size) for name, array in mirrored.items()},
        of_reference,
    )


def _fitted(array: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    return np.concatenate([array[:size], np.full(max(0, size - len(array)), np.nan)])


def _distances(rows: NDArray[np.float32], to: _Directions, mirror: bool) -> dict[str, NDArray[np.float64]]:
    found = {name: np.empty(len(rows)) for name in DISTANCES}
    for start in range(0, len(rows), _CHUNK_ROWS):
        chunk = rows[start : start + _CHUNK_ROWS].astype(np.float64)
        for name, distances in _distances_of(2 * to.centre - chunk if mirror else chunk, to).items():
            found[name][start : start + len(chunk)] = distances
    return found


def _leave_one_out(members: NDArray[np.float64], to: _Directions, mirror: bool) -> dict[str, NDArray[np.float64]]:
    """Distances of each member to the mean of the others."""
    found = {name: np.empty(len(members)) for name in DISTANCES}
    total = members.sum(axis=0)
    for i, member in enumerate(members):
        others = replace(to, reference=(total - member) / (len(members) - 1))
        row = 2 * to.centre - member if mirror else member
        for name, distances in _distances_of(row[None], others).items():
            found[name][i] = distances[0]
    return found


def _distances_of(rows: NDArray[np.float64], to: _Directions) -> dict[str, NDArray[np.float64]]:
    share = rows @ to.principal
    reference_share = float(to.reference @ to.principal)
    without = rows - share[:, None] * to.principal
    reference_without = to.reference - reference_share * to.principal
    return {
        "cosine_distance": _cosine_distance(rows, to.reference),
        "centred_cosine_distance": _cosine_distance(rows - to.centre, to.reference - to.centre),
        "cosine_distance_without_pc1": _cosine_distance(without, reference_without),
        "euclidean_distance": np.linalg.norm(rows - to.reference, axis=1),
        "euclidean_distance_without_pc1": np.linalg.norm(without - reference_without, axis=1),
    }


def _cosine_distance(rows: NDArray[np.float64], direction: NDArray[np.float64]) -> NDArray[np.float64]:
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(direction)
    distance: NDArray[np.float64] = 1 - rows @ direction / np.maximum(norms, _SMALLEST_NORM)
    return distance


def first_principal_component(rows: NDArray[np.float32], ids: NDArray[np.int32]) -> NDArray[np.float64]:
    """Direction of the largest variance of the rows ``ids`` about their mean, (d,), of length 1."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    centred = rows[sample_of(ids)].astype(np.float64)
    centred -= centred.mean(axis=0)
    width = centred.shape[1]
    if width == 1:
        return np.ones(1)
    scatter = LinearOperator((width, width), matvec=lambda x: centred.T @ (centred @ x), dtype=np.float64)
    _, vectors = eigsh(scatter, k=1, v0=np.ones(width))
    component: NDArray[np.float64] = vectors[:, 0]
    return component
