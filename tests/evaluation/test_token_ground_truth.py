"""Predictors and selections against known counts, by hand; and the picture."""

import json
from pathlib import Path

import numpy as np
import pytest

from detector.evaluation.token_ground_truth import BELOW, judge_selection, measure
from detector.report.tokens.ground_truth import Panel, draw_against_counts

COUNTS = np.array([0, 0, 5, 50, 500, 5000])
IDS = np.arange(6)


def test_a_predictor_that_is_the_count_itself_is_perfect() -> None:
    (found,) = measure({"count": -COUNTS.astype(float)}, COUNTS, IDS)
    assert found.auroc_below == {1: 1.0, 10: 1.0, 100: 1.0}
    assert found.spearman == pytest.approx(-1)
    assert found.tokens == 6


def test_auroc_by_hand() -> None:
    # Suspicion 3 2 4 1 0 0. Seen 0 times: 3 and 2, against 4 1 0 0: 3 wins 3 of 4, 2 wins 3 of 4.
    (found,) = measure({"some": np.array([3.0, 2.0, 4.0, 1.0, 0.0, 0.0])}, COUNTS, IDS)
    assert found.auroc_below[1] == pytest.approx(6 / 8)
    assert found.auroc_below[10] == 1.0


def test_tokens_without_a_value_or_not_asked_for_are_left_out() -> None:
    values = np.array([3.0, np.nan, 2.0, 1.0, 9.0, 0.0])
    (found,) = measure({"some": values}, COUNTS, np.array([0, 1, 2, 3, 5]))
    assert found.tokens == 4
    assert found.auroc_below[1] == 1.0


def test_a_side_without_tokens_has_no_auroc() -> None:
    (found,) = measure({"some": np.arange(3.0)}, COUNTS, np.array([1, 2])[1:])
    assert np.isnan(found.auroc_below[1])


def test_precision_and_recall_by_hand() -> None:
    found = judge_selection("some", [0, 2, 3, 4], COUNTS, IDS)
    assert {below: (rate.hits, rate.total) for below, rate in found.precision_below.items()} == {
        1: (1, 4),
        10: (2, 4),
        100: (3, 4),
    }
    assert {below: (rate.hits, rate.total) for below, rate in found.recall_below.items()} == {
        1: (1, 2),
        10: (2, 3),
        100: (3, 4),
    }
    outside = judge_selection("some", [0, 2, 3, 4], COUNTS, np.array([0, 1]))
    assert (outside.precision_below[1].hits, outside.precision_below[1].total) == (1, 1)
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["precision"]["10"]["hits"] == 2
    assert set(record["recall"]) == {str(below) for below in BELOW}


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    panels = [
        Panel("distance", np.linspace(0.001, 1, 6), "One", is_logarithmic=True),
        Panel("score", np.array([3.0, np.nan, 2.0, 1.0, 0.5, 0.0]), "Two"),
        Panel("third", np.ones(6), "Three"),
    ]
    draw_against_counts(panels, COUNTS, IDS, np.array([0, 2]), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    draw_against_counts(panels, COUNTS, IDS, np.array([], dtype=int), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()
