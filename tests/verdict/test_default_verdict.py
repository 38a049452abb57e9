"""The embedded verdict: what has no say in it."""

import re
from pathlib import Path

import numpy as np
import pytest

import cli
from detector import Detector
from detector.evaluation.feature_table import FeatureTable, shipped_table
from detector.evaluation.metrics import auroc
from detector.verdict.classifier import Classifier
from detector.verdict.shipped import calibration_for

SAMPLE = Path(cli.__file__).parent / "datasets" / "samples" / "essay.txt"
ESSAY = "\n\n".join(SAMPLE.read_text(encoding="utf-8").split("\n\n")[:3])
"""Its title and two paragraphs, which have quotes and apostrophes."""
SAME = 1e-3
"""Score units, of which the scores of human references span about ten."""


@pytest.fixture(scope="module")
def detector():
    return Detector.load("small")


@pytest.fixture(scope="module")
def result(detector):
    """Of the beginning of the essay as it stands."""
    return detector.detect(ESSAY)


@pytest.fixture(scope="module")
def table():
    return FeatureTable.load(shipped_table("small"))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: re.sub(r"\s+", " ", text),
        lambda text: re.sub(r"\s+", "\r\n\r\n", text),
        lambda text: text.replace("'", "\u2019").replace('"', "\u201d"),
        lambda text: text.replace("'", "\u00b4").replace('"', "\u201e"),
        lambda text: text.replace(" ", "\u00a0"),
        lambda text: "\ufeff" + text.replace("e", "e\u200b"),
    ],
    ids=["one line", "a line a word", "curly quotes", "other quotes", "hard spaces", "invisible characters"],
)
def test_layout_and_quotes_do_not_move_the_score(detector, result, change):
    assert change(ESSAY) != ESSAY
    assert detector.detect(change(ESSAY)).score == pytest.approx(result.score, abs=SAME)


def test_length_alone_says_little(table):
    """Beginnings against the whole of the same texts: the score hardly tells them apart."""
    scores = Classifier.load(calibration_for("small")).scores(table.features)
    for label in (False, True):
        long = (table.is_machine == label) & table.is_whole & (table.n_tokens >= 200)
        short = np.isin(table.text_number, table.text_number[long]) & (table.n_tokens < 100)
        assert auroc(scores[short], scores[long]) == pytest.approx(0.5, abs=0.2)


def test_the_score_is_the_one_of_the_table_and_of_plain_arithmetic(result):
    assert result.explained.intercept + sum(c.contribution for c in result.explained.features) == pytest.approx(
        result.score, abs=1e-9
    )


def test_no_text_that_tuned_or_fitted_judges(table):
    keys = {role: set(table.text_key[table.role == role]) for role in ("fit", "calibrate", "dev")}
    assert not keys["fit"] & keys["calibrate"]
    assert not keys["dev"] & (keys["fit"] | keys["calibrate"])
    dev_sets, fit_sets = (set(table.dataset[table.role == role]) for role in ("dev", "fit"))
    assert dev_sets & fit_sets <= {"eqbench_cw.stories"}  # whose pairs and generators are divided
