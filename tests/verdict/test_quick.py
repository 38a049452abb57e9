"""Reading no further than the layer of a probe: same numbers, no probabilities, and words that say so."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from detector import CalibrationError, Detector, UsageError
from detector.corpus.run import score_corpus
from detector.scoring.probe import LinearProbe
from detector.verdict.features import N_UNITS, PART_COLUMN
from detector.verdict.probe_model import ProbeModel
from detector.verdict.shipped import calibration_path
from tests.conftest import TRAINING_TEXT, make_classifier

TEXT = " ".join([TRAINING_TEXT] * 3)


@pytest.fixture
def probe_model(tiny):
    weights = torch.randn(PART_COLUMN + N_UNITS, 1, tiny.hidden_size, generator=torch.Generator().manual_seed(0))
    return ProbeModel(LinearProbe((1,), weights, torch.zeros(len(weights))))


@pytest.fixture
def classifier(tiny, probe_model):
    names = ["probe_evidence", "probe_units"]
    return replace(
        make_classifier(tiny),
        feature_names=names,
        means=[0.0, 0.0],
        scales=[1.0, 1.0],
        coefficients=[-1.0, 0.5],
        human_sentence_bits=[],
        probe_fingerprint=probe_model.fingerprint,
    )


def test_a_quick_reading_gives_the_verdict_of_a_full_one_and_no_probabilities(tiny, classifier, probe_model):
    full = Detector(tiny, classifier, probe_model=probe_model).detect(TEXT)
    quick = Detector(tiny, classifier, probe_model=probe_model, quick=True).detect(TEXT)
    assert quick.score == pytest.approx(full.score, abs=1e-4)
    assert (quick.verdict, quick.p_value) == (full.verdict, full.p_value)
    assert quick.confidence_interval == pytest.approx(full.confidence_interval, abs=1e-3)
    assert quick.explained.score == pytest.approx(quick.score)
    assert full.methods
    assert quick.methods == {}
    assert quick.log_likelihood is None
    assert quick.evidence is None
    record = json.loads(json.dumps(quick.to_dict(), allow_nan=False))
    assert record["methods"] == {}
    assert TEXT[:40] in quick.to_html()
    with pytest.raises(Exception, match="no scores"):
        quick.plot()


def test_nothing_above_the_probe_is_computed(tiny, classifier, probe_model, monkeypatch):
    def forbidden(*_):
        raise AssertionError("the vocabulary was asked")

    monkeypatch.setattr("detector.scoring.engine.reduce_vocabulary", forbidden)
    detector = Detector(tiny, classifier, probe_model=probe_model, quick=True, alternatives=5)
    assert [result.verdict for result in detector.detect_many([TEXT, "", TEXT + "\u200b" + TEXT])][1] == "unscored"
    with pytest.raises(AssertionError, match="vocabulary"):
        Detector(tiny, classifier, probe_model=probe_model).detect(TEXT)


def test_a_calibration_that_needs_probabilities_is_refused(tiny):
    with pytest.raises(CalibrationError, match="Leave out --quick"):
        Detector(tiny, make_classifier(tiny), quick=True)


def test_a_model_without_a_quick_calibration_is_refused():
    with pytest.raises(CalibrationError, match="No quick calibration comes with the tool for small"):
        calibration_path("small", quick=True)
    assert calibration_path("smollm2", quick=True) != calibration_path("smollm2")
    assert calibration_path("small", given="mine.json", quick=True).name == "mine.json"


def test_a_corpus_read_quickly_says_so(tiny, classifier, probe_model, tmp_path):
    detector = Detector(tiny, classifier, probe_model=probe_model, quick=True)
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT)
    (folder / "b.txt").write_text(TEXT[::-1])
    for asked, said in (({"keep_tokens": True}, "--keep-tokens"), ({}, "makes no pages")):
        with pytest.raises(UsageError, match=said):
            score_corpus(folder, tmp_path / "out", detector=detector, **asked)
    summary = score_corpus(folder, tmp_path / "out", detector=detector, reports="none")
    assert summary["settings"]["quick"] is True
    assert any("Read quickly" in note for note in summary["notes"])
    again = Detector(tiny, classifier, probe_model=probe_model)
    with pytest.raises(UsageError, match="quick was True and is False now"):
        score_corpus(folder, tmp_path / "out", detector=again, reports="none")
    plain = score_corpus(folder, tmp_path / "other", detector=again, reports="none")
    assert plain["settings"]["quick"] is False
    assert not any("Read quickly" in note for note in plain["notes"])
    assert plain["verdicts"] == summary["verdicts"]
    assert np.isclose(plain["tokens"], summary["tokens"])
