"""The detector in scikit-learn's pipelines."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from detector import Detector, DetectorTransformer
from tests.conftest import TRAINING_TEXT, make_classifier

TEXTS = [TRAINING_TEXT * 2, "Short."]


@pytest.fixture
def loaded(tiny, monkeypatch):
    asked = []

    def load(*arguments, **options):
        asked.append((arguments, options))
        return Detector(tiny, make_classifier(tiny))

    monkeypatch.setattr(Detector, "load", load)
    return asked


def test_texts_become_columns_and_probabilities(loaded, tiny):
    found = Detector(tiny, make_classifier(tiny)).detect(TEXTS[0])
    estimator = DetectorTransformer(model="m", target_fpr=0.02).fit(TEXTS)
    assert loaded == [(("m", "auto"), {"target_fpr": 0.02, "calibration": None})]
    columns = estimator.transform(TEXTS)
    assert columns[0] == pytest.approx([found.score, found.probability_machine, found.p_value])
    assert np.isnan(columns[1]).all()
    probabilities = estimator.predict_proba(TEXTS)
    assert probabilities[0] == pytest.approx([1 - found.probability_machine, found.probability_machine])
    assert estimator.classes_.tolist() == ["human", "machine"]
    assert estimator.transform([]).shape == (0, 3)


def test_it_keeps_the_conventions(loaded):
    estimator = DetectorTransformer(columns=("p_value",))
    assert clone(estimator).get_params() == estimator.get_params()
    assert not loaded  # making one loads nothing
    with pytest.raises(NotFittedError):
        estimator.transform(TEXTS)
    pipeline = make_pipeline(estimator, FunctionTransformer(np.log))
    assert pipeline.fit_transform(TEXTS[:1]).shape == (1, 1)
    assert estimator.get_feature_names_out().tolist() == ["p_value"]
