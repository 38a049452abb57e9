"""How human texts of a kind score: two regressions on the coordinates of the register.

The middle of the scores is a ridge regression; the spread is the mean distance of the upper half from it, a Gamma
regression with logarithmic link, since those are distances above 0. Both are linear: a register that the references
lack is judged by its neighbours, and no further than ``WIDEST`` standard deviations.
"""

import numpy as np
from numpy.typing import NDArray

from detector.verdict.features import REGISTER_SIZE
from detector.verdict.register import REGISTER_COLUMNS, SECOND_REGISTER_COLUMNS, WIDEST, Register

Floats = NDArray[np.float64]

FOLDS = 5
CENTRES = 12
"""Kinds of text at most; fewer where one would have less than ``FEWEST_OF_A_KIND`` references."""
FEWEST_OF_A_KIND = 150
OFFSET_COORDINATES = 6
"""Coordinates with weights; the choice is explained in ``register``."""
_RIDGE = 10.0
_GAMMA_PENALTY = 0.01
_LIMITS = (0.05, 0.95)
"""Quantiles of the fitted spread beyond which no text's goes."""


def fit_register(features: Floats, scores: Floats, with_kinds: bool = True, is_second: bool = False) -> Register:
    """From human texts: features (n, len(FEATURE_NAMES)) and scores (n,)."""
    from sklearn.linear_model import GammaRegressor, Ridge

    columns = features[:, SECOND_REGISTER_COLUMNS if is_second else REGISTER_COLUMNS]
    means, scales = columns.mean(axis=0), columns.std(axis=0) + 1e-9
    coordinates = np.clip((columns - means) / scales, -WIDEST, WIDEST)
    used = coordinates[:, :OFFSET_COORDINATES]
    middle = Ridge(alpha=_RIDGE).fit(used, scores)
    above = scores - middle.predict(used)
    upper = above > 0
    spread = GammaRegressor(alpha=_GAMMA_PENALTY, max_iter=1000).fit(used[upper], above[upper])
    logarithms = np.log(spread.predict(used))
    return Register(
        means=_rounded(means),
        scales=_rounded(scales),
        expected_weights=_padded(middle.coef_),
        expected_intercept=float(f"{middle.intercept_:.7g}"),
        spread_weights=_padded(spread.coef_),
        spread_intercept=float(f"{spread.intercept_:.7g}"),
        spread_limits=_rounded(np.quantile(logarithms, _LIMITS)),
        centres=_centres(coordinates) if with_kinds else [],
        is_second=is_second,
    )


def _centres(coordinates: Floats) -> list[list[float]]:
    from sklearn.cluster import KMeans

    for number in range(CENTRES, 1, -1):
        found = KMeans(number, n_init=4, random_state=0).fit(coordinates)
        if np.bincount(found.labels_).min() >= FEWEST_OF_A_KIND:
            return [_rounded(centre) for centre in found.cluster_centers_]
    return []


def _padded(weights: Floats) -> list[float]:
    return _rounded(np.append(weights, np.zeros(REGISTER_SIZE - len(weights))))


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.7g}") for value in values]
