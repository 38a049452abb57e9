import json
from dataclasses import replace

import numpy as np
import pytest

from detector.errors import CalibrationError, InputError
from detector.evaluation.feature_table import FeatureTable, shipped_table
from detector.evaluation.labelled_texts import LabelledText
from detector.report.distributions import DISTRIBUTIONS
from detector.report.references import SHIPPED, References, Spread, references_for
from detector.training.feature_table import build_table
from detector.training.reference_numbers import Histograms, make_references, measure_histograms
from detector.verdict.classifier import Classifier
from detector.verdict.shipped import calibration_for
from tests.conftest import TRAINING_TEXT, make_classifier


def test_the_spread_of_a_bin_by_hand():
    # 0, 1 ... 10: mean 5, deciles 1 and 9; a row with NaN does not count
    rows = [np.array([i, 2.0]) for i in range(11)] + [np.array([np.nan, 1.0])]
    assert Spread.of(rows) == Spread([1.0, 2.0], [5.0, 2.0], [9.0, 2.0])
    with pytest.raises(CalibrationError, match="longer ones"):
        Spread.of([np.array([np.nan])])


def test_the_shipped_references_belong_to_the_shipped_classifier():
    shipped = References.load(SHIPPED / "small.json")
    classifier = Classifier.load(calibration_for("small"))
    assert references_for(classifier.model_fingerprint) == shipped
    assert references_for("0" * 16) is None
    assert set(shipped.distributions) == set(DISTRIBUTIONS)
    for name in ("rank", "fraction", "top10_entropy"):
        for kind in (shipped.distributions[name].human, shipped.distributions[name].machine):
            assert sum(kind.mean) == pytest.approx(1, abs=0.002)
            assert all(low <= high for low, high in zip(kind.low, kind.high, strict=True))
    for known in shipped.methods.values():
        assert 0 <= known.auroc <= 1
        assert known.human == sorted(known.human)
        assert known.machine == sorted(known.machine)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"schema_version": 1}', '{"schema_version": 9}'])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "r.json"
    path.write_text(content)
    with pytest.raises(CalibrationError, match=r"not a file of references|reference format 9"):
        References.load(path)
    with pytest.raises(CalibrationError, match="cannot be read"):
        References.load(tmp_path / "none.json")


@pytest.fixture(scope="module")
def labelled():
    """Human texts and machine texts that repeat themselves; both judge and calibrate."""
    texts = []
    for i in range(6):
        human, machine = TRAINING_TEXT[i * 7 :] + f" {i}.", TRAINING_TEXT[i * 5 : 60 + i * 5] * 4
        for role in ("calibrate", "dev"):
            for text, is_machine in ((human, False), (machine, True)):
                texts.append((role, LabelledText(f"{role} {text}", is_machine, "set", f"p{i}{role}")))
    return texts


def test_references_are_made_of_labelled_texts(tiny, labelled, tmp_path):
    table = build_table(tiny, labelled, evidence=make_classifier(tiny).evidence)
    found = make_references(make_classifier(tiny), table, measure_histograms(tiny, labelled, most_texts=4))
    assert (found.n_human, found.n_machine) == (4, 4)
    assert (found.n_human_judged, found.n_machine_judged) == (6, 6)
    assert set(found.distributions) == set(DISTRIBUTIONS)
    assert set(found.methods) == set(table.method_names)
    found.save(tmp_path / "r.json")
    assert References.load(tmp_path / "r.json") == found
    assert "walked" not in (tmp_path / "r.json").read_text()
    assert json.loads((tmp_path / "r.json").read_text())["schema_version"] == 1


def test_the_auroc_of_a_method_by_hand(tiny, labelled):
    """Counted pair by pair, in the direction the method states."""
    table = build_table(tiny, labelled, evidence=make_classifier(tiny).evidence)
    found = make_references(make_classifier(tiny), table, measure_histograms(tiny, labelled, most_texts=2))
    rows = table.rows(table.is_whole & (table.role == "dev"))
    column = rows.methods[:, table.method_names.index("entropy")]
    human, machine = column[~rows.is_machine], column[rows.is_machine]
    pairs = [(m < h) + 0.5 * (m == h) for m in machine for h in human]  # lower entropy = machine
    assert found.methods["entropy"].auroc == pytest.approx(np.mean(pairs), abs=1e-4)


def test_what_does_not_belong_together_is_refused(tiny, labelled):
    table = build_table(tiny, labelled, evidence=make_classifier(tiny).evidence)
    histograms = measure_histograms(tiny, labelled, most_texts=2)
    other = replace(make_classifier(tiny), model_fingerprint="f" * 16)
    with pytest.raises(InputError, match="The FeatureTable belongs to the model"):
        make_references(other, table, histograms)
    with pytest.raises(InputError, match="The Histograms belongs to the model"):
        make_references(make_classifier(tiny), table, replace(histograms, model_fingerprint="f" * 16))
    with pytest.raises(InputError, match="both kinds"):
        measure_histograms(tiny, [(role, text) for role, text in labelled if not text.is_machine])


def test_histograms_of_references_made_before_can_be_kept(tiny, labelled):
    table = build_table(tiny, labelled, evidence=make_classifier(tiny).evidence)
    found = make_references(make_classifier(tiny), table, measure_histograms(tiny, labelled, most_texts=2))
    assert make_references(make_classifier(tiny), table, Histograms.kept_in(found)) == found


def test_the_shipped_numbers_are_those_of_the_shipped_table_and_classifier():
    """Whoever fits the classifier again must measure these again: python -m detector.training references."""
    shipped = References.load(SHIPPED / "small.json")
    again = make_references(
        Classifier.load(calibration_for("small")),
        FeatureTable.load(shipped_table("small")),
        Histograms.kept_in(shipped),
    )
    assert again == shipped
