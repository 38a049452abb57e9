"""What is shipped is what its table makes: nobody has to take a reference's number on trust."""

from dataclasses import replace

import numpy as np

from detector.evaluation.feature_table import FeatureTable, shipped_table
from detector.training.classifier_fit import calibrate
from detector.verdict.classifier import Classifier
from detector.verdict.shipped import calibration_path

ROUNDING = 0.02
"""Points are kept to two decimals, and what they are made of is fitted: another processor may round it otherwise."""


def test_references_and_neighbours_come_from_the_table():
    shipped = Classifier.load(calibration_path("smollm2", quick=True))
    rows = FeatureTable.load(shipped_table("smollm2_quick"))
    bare = replace(shipped, register=None, second_register=None, raw_models=None, neighbours=None, kinds=[])
    made = calibrate(bare, rows.rows(rows.role == "calibrate"))
    assert made.neighbours.sizes == shipped.neighbours.sizes
    np.testing.assert_allclose(made.neighbours.points, shipped.neighbours.points, atol=ROUNDING)
    np.testing.assert_allclose(made.neighbours.scores, shipped.neighbours.scores, atol=ROUNDING)
    assert abs(made.neighbours.farthest - shipped.neighbours.farthest) < ROUNDING
    assert [bucket.least_tokens for bucket in made.buckets] == [bucket.least_tokens for bucket in shipped.buckets]
    for new, kept in zip(made.buckets, shipped.buckets, strict=True):
        for name in ("human_scores", "machine_scores", "human_standings"):
            np.testing.assert_allclose(getattr(new, name), getattr(kept, name), atol=ROUNDING)
