"""The spectrum of the surprise, on waves whose frequency is known."""

import numpy as np
import pytest

from detector.methods import compute
from detector.methods.spectrum import spectrum
from tests.conftest import make_scores


def test_the_spectrum_of_a_wave_has_its_peak_at_its_frequency():
    t = np.arange(200)
    surprisal = np.expm1(2 + np.sin(2 * np.pi * t / 8))  # so that ln(s + 1) is the wave
    found = spectrum(make_scores((-surprisal).tolist()))
    assert np.argmax(found) / (len(found) - 1) * 0.5 == pytest.approx(1 / 8, abs=0.002)
    assert np.isnan(spectrum(make_scores([-1.0] * 20))).all()
    slow = np.expm1(2 + np.sin(2 * np.pi * t / 50))
    assert compute("low_frequency_share", make_scores((-slow).tolist())) == pytest.approx(1, abs=1e-6)
    fast = np.expm1(2 + np.sin(2 * np.pi * t / 3))
    assert compute("low_frequency_share", make_scores((-fast).tolist())) == pytest.approx(0, abs=0.01)


def test_the_spectrum_does_not_depend_on_a_circular_shift():
    values = (-np.random.default_rng(0).exponential(3, 64)).tolist()
    shifted = values[10:] + values[:10]
    np.testing.assert_allclose(spectrum(make_scores(values)), spectrum(make_scores(shifted)), atol=1e-4)
