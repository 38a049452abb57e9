"""DivEye's ten features, by hand and against numpy."""

import math

import numpy as np
import pytest

from detector.methods.diveye import diveye_features
from tests.conftest import make_scores


def test_diveye_by_hand():
    s = [1.0, 2.0, 4.0, 1.0, 2.0, 4.0, 1.0, 2.0, 4.0, 1.0]
    found = diveye_features(make_scores([-v for v in s]))
    d = [s[i + 1] - s[i] for i in range(9)]
    e = [d[i + 1] - d[i] for i in range(8)]
    m = sum(s) / 10
    variance = sum((v - m) ** 2 for v in s) / 10
    assert found["surprisal_mean"] == pytest.approx(m)
    assert found["surprisal_variance"] == pytest.approx(variance)
    assert found["surprisal_std"] == pytest.approx(math.sqrt(variance))
    assert found["surprisal_skewness"] == pytest.approx(sum((v - m) ** 3 for v in s) / 10 / variance**1.5)
    assert found["surprisal_kurtosis"] == pytest.approx(sum((v - m) ** 4 for v in s) / 10 / variance**2 - 3)
    assert found["difference_mean"] == pytest.approx((s[-1] - s[0]) / 9, abs=1e-12)
    assert found["second_difference_variance"] == pytest.approx(np.var(e))
    # e takes the values 1, -5, 4 in turn, 3 + 3 + 2 times, each in a bin of its own
    assert found["second_difference_entropy"] == pytest.approx(-(6 / 8 * math.log(3 / 8) + 2 / 8 * math.log(2 / 8)))
    # without its last value, e has the sum 4 of 7 values, without its first, -2: Pearson's correlation of the two
    first, second = [1, -5, 4, 1, -5, 4, 1], [-5, 4, 1, -5, 4, 1, -5]
    assert e == [*first, second[-1]]
    products = sum((a - 1 / 7) * (b + 5 / 7) for a, b in zip(first, second, strict=True))
    spreads = sum((a - 1 / 7) ** 2 for a in first) * sum((b + 5 / 7) ** 2 for b in second)
    assert found["second_difference_autocorrelation"] == pytest.approx(products / math.sqrt(spreads))
    assert all(math.isnan(v) for v in diveye_features(make_scores([-1.0] * 9)).values())


@pytest.mark.parametrize("n", [12, 60, 600])
def test_the_tenth_feature_of_diveye_is_pearsons_correlation(n):
    surprisal = np.random.default_rng(n).gamma(1, 3, n).astype(np.float32)
    e = np.diff(surprisal.astype(np.float64), 2)
    found = diveye_features(make_scores((-surprisal).tolist()))["second_difference_autocorrelation"]
    assert found == pytest.approx(np.corrcoef(e[:-1], e[1:])[0, 1], abs=1e-12)
