"""How human texts of a kind score: two regressions on the coordinates of the register.

The middle of the scores is a ridge regression; the spread is the mean distance of the upper half from it, a Gamma
regression with logarithmic link, since those are distances above 0. Both are linear: a register that the references
lack is judged by its neighbours, and no further than ``WIDEST`` standard deviations.
"""

import numpy as np
from numpy.typing import NDArray

from detector.verdict.register import REGISTER_COLUMNS, WIDEST, Register

Floats = NDArray[np.float64]

FOLDS = 5
_RIDGE = 10.0
_GAMMA_PENALTY = 0.01
_LIMITS = (0.05, 0.95)
"""Quantiles of the fitted spread beyond which no text's goes."""


def fit_register(features: Floats, scores: Floats, weights: Floats) -> Register:
    """From human texts: features (n, len(FEATURE_NAMES)), raw scores and weights (n,)."""
    from sklearn.linear_model import GammaRegressor, Ridge

    columns = features[:, REGISTER_COLUMNS]
    means, scales = columns.mean(axis=0), columns.std(axis=0) + 1e-9
    coordinates = np.clip((columns - means) / scales, -WIDEST, WIDEST)
    middle = Ridge(alpha=_RIDGE).fit(coordinates, scores, sample_weight=weights)
    above = scores - middle.predict(coordinates)
    upper = above > 0
    spread = GammaRegressor(alpha=_GAMMA_PENALTY, max_iter=1000)
    spread.fit(coordinates[upper], above[upper], sample_weight=weights[upper])
    logarithms = np.log(spread.predict(coordinates))
    return Register(
        means=_rounded(means),
        scales=_rounded(scales),
        expected_weights=_rounded(middle.coef_),
        expected_intercept=float(f"{middle.intercept_:.7g}"),
        spread_weights=_rounded(spread.coef_),
        spread_intercept=float(f"{spread.intercept_:.7g}"),
        spread_limits=_rounded(np.quantile(logarithms, _LIMITS)),
    )


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.7g}") for value in values]
