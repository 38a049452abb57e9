"""The calibrations that come with the tool, each with the model it belongs to."""

import re
from pathlib import Path

import numpy as np
import pytest

import cli
from detector import CalibrationError, Detector
from detector.evaluation.feature_table import FeatureTable, shipped_table
from detector.models.catalogue import CATALOGUE, SMOLLM2, installed_version
from detector.verdict.classifier import Classifier
from detector.verdict.features import N_UNITS
from detector.verdict.probe_model import ProbeModel, fingerprints_of
from detector.verdict.shipped import calibration_for, probe_beside, shipped_calibration, shipped_calibrations

SAMPLES = Path(cli.__file__).parent / "datasets" / "samples"
NAMES = [path.stem for path in shipped_calibrations()]
needs_smollm2 = pytest.mark.skipif(
    installed_version(SMOLLM2) != SMOLLM2.version, reason=f"{SMOLLM2.requirement} is not installed"
)


@pytest.fixture(scope="module")
def detector():
    return Detector.load("smollm2", device="cpu")


def sample(name: str) -> str:
    return (SAMPLES / name).read_text(encoding="utf-8")


def test_every_model_of_the_catalogue_has_one():
    assert sorted(CATALOGUE) == NAMES
    assert shipped_calibration("no-such-model") is None
    assert shipped_calibration("../calibrations/small") is None
    with pytest.raises(CalibrationError, match="detect train"):
        calibration_for("no-such-model")


@pytest.mark.parametrize("name", NAMES)
def test_its_files_belong_together(name):
    classifier = Classifier.load(calibration_for(name))
    assert classifier.model_name == name
    if classifier.needs_probe:
        probe = ProbeModel.load(calibration_for(name).with_suffix(".safetensors"))
        classifier.check_probe(*fingerprints_of(probe))
    table = FeatureTable.load(shipped_table(name))
    classifier.check_fingerprint(name, table.model_fingerprint)
    keys = {role: set(table.text_key[table.role == role]) for role in ("fit", "calibrate", "dev")}
    assert not keys["fit"] & keys["calibrate"]
    assert not keys["dev"] & (keys["fit"] | keys["calibrate"])
    if classifier.register is not None and classifier.kinds:
        rows = table.rows((table.role == "calibrate") & ~table.is_machine & (table.n_tokens < 100))
        far = classifier.register.distance(rows.features)
        assert classifier.buckets[0].human_distances == pytest.approx(np.quantile(far, np.linspace(0, 1, 21)), abs=1e-4)
        assert all(0.3 < distance < 3 for distance in classifier.source_distances.values())
        assert "corpus fiction" in classifier.source_distances


@pytest.mark.parametrize("name", NAMES)
def test_references_are_sorted_and_many(name):
    classifier = Classifier.load(calibration_for(name))
    for bucket in classifier.buckets:
        assert bucket.human_scores == sorted(bucket.human_scores)
        assert bucket.machine_scores == sorted(bucket.machine_scores)
        assert min(len(bucket.human_scores), len(bucket.machine_scores)) >= 100
    for kind in classifier.kinds:
        assert kind.human_scores == sorted(kind.human_scores)
        assert len(kind.human_scores) >= 150  # a promise of 1 % needs 99
    assert sum(len(k.human_scores) for k in classifier.kinds) in (
        0, sum(len(b.human_scores) for b in classifier.buckets)
    )  # fmt: skip


@needs_smollm2
def test_both_number_formats_are_covered():
    assert set(Classifier.load(calibration_for("smollm2")).number_formats) == {"bfloat16", "float32"}
    text = sample("letter.txt")[:600]  # bfloat16 is slow where there are no instructions for it
    scores = {dtype: Detector.load("smollm2", "cpu", dtype).detect(text) for dtype in ("bfloat16", "float32")}
    assert scores["bfloat16"].verdict == scores["float32"].verdict
    assert scores["bfloat16"].score == pytest.approx(scores["float32"].score, abs=0.1)


@needs_smollm2
@pytest.mark.parametrize(
    ("name", "verdicts"),
    [("essay.txt", {"human"}), ("letter.txt", {"human"}), ("answer.txt", {"machine"}), ("note.txt", {"unscored"})],
)
def test_the_samples_are_read_as_their_readme_says(detector, name, verdicts):
    assert detector.detect(sample(name)).verdict in verdicts


@needs_smollm2
def test_the_joined_sample_is_not_passed_as_human_and_divided_where_it_was_joined(detector):
    text = sample("joined.txt")
    result = detector.detect(text)
    assert result.verdict in ("mixed", "machine", "inconclusive")
    assert [segment.leans_to for segment in result.segments] == ["human", "machine"]
    first, second = result.segments
    assert first.end_char <= text.index("Public seating") <= second.start_char


@needs_smollm2
@pytest.mark.parametrize(
    "alter",
    [
        lambda t: t.replace("\n\n", "\n"),
        lambda t: re.sub(r"\s+", "\r\n\r\n", t),
        lambda t: t.replace("'", "\u2019").replace('"', "\u201d"),
        lambda t: "\ufeff" + t.replace("e", "e\u200b"),
    ],
)
def test_layout_quotes_and_invisible_characters_do_not_move_the_score(detector, alter):
    text = sample("letter.txt")
    assert alter(text) != text
    assert detector.detect(alter(text)).score == pytest.approx(detector.detect(text).score, abs=1e-3)


@needs_smollm2
def test_a_machine_text_is_flat_and_a_persons_is_jagged(detector):
    machine, human = detector.detect_many([sample("answer.txt"), sample("letter.txt")])
    assert machine.evidence.scores.surprisal_bits.std() < 0.9 * human.evidence.scores.surprisal_bits.std()
    assert (machine.evidence.scores.rank <= 10).mean() > (human.evidence.scores.rank <= 10).mean() + 0.15
    assert machine.evidence.token_evidence.mean() > 0 > human.evidence.token_evidence.mean()


@needs_smollm2
def test_the_explanation_adds_up(detector):
    for name in ("answer.txt", "letter.txt"):
        result = detector.detect(sample(name))
        explained = result.explained
        assert explained.score == pytest.approx(result.score)
        assert explained.intercept + explained.sentences.sum() + explained.whole_text == pytest.approx(result.score)
        assert np.isfinite(explained.sentences).all()


def test_a_probe_that_gives_less_than_the_calibration_reads_is_refused(tmp_path):
    path = calibration_for("smollm2")
    whole = ProbeModel.load(path.with_suffix(".safetensors"))
    (tmp_path / "c.json").write_bytes(path.read_bytes())
    classifier = Classifier.load(tmp_path / "c.json")
    whole.save(tmp_path / "c.safetensors")
    assert probe_beside(tmp_path / "c.json", classifier).has_second_register
    units = whole.probe.weights[-N_UNITS:], whole.probe.bias[-N_UNITS:]
    whole.with_units(*units).save(tmp_path / "c.safetensors")
    with pytest.raises(CalibrationError, match="second register that the probe"):
        probe_beside(tmp_path / "c.json", classifier)
