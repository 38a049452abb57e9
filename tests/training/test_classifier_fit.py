"""Fitting and calibrating on made-up tables, where the right answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from detector import InputError
from detector.evaluation.feature_table import FeatureTable
from detector.evaluation.metrics import auroc
from detector.evaluation.quality import verdict_quality
from detector.methods import plain_methods
from detector.training.classifier_fit import WAYS, calibrate, fit_classifier
from detector.verdict.classifier import WIDEST, Classifier
from detector.verdict.features import FEATURE_NAMES, REGISTER_SIZE, SECOND_REGISTER_FEATURES
from detector.verdict.segments import EvidenceWeights

SIGNAL = FEATURE_NAMES.index("voice_ratio")


def make_table(n=4000, shift=1.5, seed=0, n_tokens=None, role=None):
    """Independent normal features; machine texts have one of them moved up by ``shift``."""
    rng = np.random.default_rng(seed)
    is_machine = rng.random(n) < 0.4
    features = rng.normal(size=(n, len(FEATURE_NAMES)))
    features[:, SIGNAL] += shift * is_machine
    return FeatureTable(
        features=features,
        methods=np.column_stack([features[:, SIGNAL]] * len(plain_methods())),
        method_names=plain_methods(),
        n_tokens=rng.integers(50, 1000, size=n) if n_tokens is None else n_tokens(rng, n),
        is_machine=is_machine,
        is_whole=np.ones(n, dtype=bool),
        text_number=np.arange(n),
        strongest_machine=np.maximum(0, features[:, SIGNAL]),
        strongest_human=np.maximum(0, -features[:, SIGNAL]),
        contrast=np.full(len(features), np.nan),
        yardstick=np.full(n, np.nan),
        role=rng.choice(["fit", "calibrate", "dev"], size=n) if role is None else np.full(n, role),
        dataset=rng.choice(["a", "b"], size=n),
        domain=np.full(n, ""),
        generator=np.full(n, ""),
        attack=np.full(n, ""),
        text_key=np.array([f"{i:012x}" for i in range(n)]),
        human_sentence_bits=[1.0, 5.0, 9.0],
        machine_sentence_bits=[1.0, 4.0, 6.0],
        evidence=EvidenceWeights(1.0, 1.0, 0.0, 0.0, border_penalty=4.0),
        model_name="m",
        model_fingerprint="f",
        voices_fingerprint="v",
        lexical_fingerprint="l",
    )


def dev_of(table):
    return table.rows(table.role == "dev")


def test_the_feature_that_tells_has_the_greatest_coefficient_and_the_right_sign():
    table = make_table()
    fitted = fit_classifier(table)
    assert fitted.feature_names[np.argmax(np.abs(fitted.coefficients))] == FEATURE_NAMES[SIGNAL]
    assert max(fitted.coefficients) == max(map(abs, fitted.coefficients))
    assert fitted.human_sentence_bits == [1.0, 5.0, 9.0]
    assert fitted.machine_sentence_bits == [1.0, 4.0, 6.0]
    assert fitted.most_tokens == table.n_tokens[table.role == "calibrate"].max()


def test_the_stored_classifier_computes_what_scikit_learn_computes(tmp_path):
    from sklearn.linear_model import LogisticRegression

    table = make_table()
    fitted = fit_classifier(table)
    fitted.save(tmp_path / "c.json")
    stored = Classifier.load(tmp_path / "c.json")
    scores = stored.scores(table.features)
    # To the last bit: after the disk, in company, and with the rows in another memory order.
    assert np.array_equal(scores, fitted.scores(table.features))
    assert scores.tolist() == [stored.score(row) for row in table.features]
    assert np.array_equal(scores, stored.scores(np.asfortranarray(table.features)))
    # scikit-learn multiplies matrices, whose order of addition is the machine's own.
    model = LogisticRegression()
    model.classes_, model.coef_ = np.array([False, True]), np.array([stored.coefficients])
    model.intercept_ = np.array([stored.intercept])
    scaled = (table.features[:, stored.columns] - stored.means) / stored.scales
    np.testing.assert_allclose(scores, model.decision_function(np.clip(scaled, -WIDEST, WIDEST)), rtol=0, atol=1e-12)


def test_it_is_as_good_as_the_best_possible_rule():
    table = make_table(n=12_000)
    dev = dev_of(table)
    scores = fit_classifier(table).scores(dev.features)
    best = auroc(dev.features[~dev.is_machine, SIGNAL], dev.features[dev.is_machine, SIGNAL])
    assert auroc(scores[~dev.is_machine], scores[dev.is_machine]) == pytest.approx(best, abs=0.01)


def test_false_alarms_and_texts_passing_as_human_keep_to_the_promise():
    table = make_table(n=30_000)
    table = replace(table, strongest_human=np.zeros(30_000))  # no parts, so that none is called mixed
    (found,) = verdict_quality(fit_classifier(table), dev_of(table), target_fpr=0.05, groupings=("all",))
    assert found.false_alarms.share == pytest.approx(0.05, abs=0.012)
    assert found.passing.share == pytest.approx(0.05, abs=0.015)
    assert found.detected.share > 0.3
    assert found.recognised.share > 0.3
    assert found.calibration_error < 0.03
    assert found.auroc.low <= found.auroc.value <= found.auroc.high


def test_the_probability_is_calibrated():
    table = make_table(n=30_000)
    fitted, dev = fit_classifier(table), dev_of(table)
    p = np.array([fitted.probability_machine(s) for s in fitted.scores(dev.features)])
    # the curve supposes equal numbers of both labels, so weigh the labels alike
    weight = np.where(dev.is_machine, 1 / dev.is_machine.sum(), 1 / (~dev.is_machine).sum())
    for low in (0.2, 0.4, 0.6):
        inside = (p >= low) & (p < low + 0.2)
        assert np.average(dev.is_machine[inside], weights=weight[inside]) == pytest.approx(low + 0.1, abs=0.07)


def test_calibration_rows_do_not_touch_the_coefficients_nor_dev_rows_anything():
    table = make_table()
    features = table.features.copy()
    features[table.role == "dev"] += 100
    assert fit_classifier(replace(table, features=features)) == fit_classifier(table)
    features[table.role == "calibrate", SIGNAL] *= 2
    changed = fit_classifier(replace(table, features=features))
    assert changed.coefficients == fit_classifier(table).coefficients
    assert changed.buckets != fit_classifier(table).buckets


def test_references_are_sorted_into_length_buckets_by_their_first_token_count():
    def lengths(rng, n):
        return rng.choice([50, 99, 100, 199, 200, 800], size=n)

    table = make_table(n=6000, n_tokens=lengths)
    fitted = fit_classifier(table)
    assert [b.least_tokens for b in fitted.buckets] == [50, 100, 200, 800]
    human = (table.role == "calibrate") & ~table.is_machine
    for bucket, inside in zip(fitted.buckets, [(50, 99), (100, 199), (200,), (800,)], strict=True):
        assert len(bucket.human_scores) == (human & np.isin(table.n_tokens, inside)).sum()


def test_a_thin_bucket_joins_the_one_below():
    def lengths(rng, n):
        return np.where(np.arange(n) < n - 30, 60, 900)

    fitted = fit_classifier(make_table(n=3000, n_tokens=lengths))
    assert [b.least_tokens for b in fitted.buckets] == [50]
    assert fitted.most_tokens == 900


@pytest.mark.parametrize("role", ["fit", "calibrate", "dev"])
def test_a_missing_role_is_a_sentence(role):
    with pytest.raises(InputError, match="needs human and machine texts"):
        fit_classifier(make_table(role=role))


def test_what_the_second_register_alone_knows_of_a_text_is_taken_off_its_score():
    """A tenth of the texts score 4 more, whoever wrote them, and nothing but the second register tells which."""
    table = replace(make_table(n=9000, shift=4.0), probe_fingerprint="p")
    formal = np.arange(9000) % 10 == 0
    table.features[:, FEATURE_NAMES.index("second_register_01")] += 6 * formal
    table.features[formal, SIGNAL] += 4
    bare = fit_classifier(table, [FEATURE_NAMES[SIGNAL]])
    references = table.rows(table.role == "calibrate")
    apart = {}
    for ways in (WAYS[:-1], WAYS):
        judged = calibrate(replace(bare, register=None, second_register=None, kinds=[]), references, ways=ways)
        assert len(judged.registers) == (2 if ways == WAYS else 1)
        assert len(judged.neighbours.points[0]) == REGISTER_SIZE * len(judged.registers)
        scores = judged.scores(table.features)[~table.is_machine]
        among = formal[~table.is_machine]
        apart[ways] = (scores[among].mean() - scores[~among].mean()) / scores[~among].std()
    assert apart[WAYS[:-1]] > 3.5
    assert apart[WAYS] < apart[WAYS[:-1]] / 2


def test_a_table_whose_probe_has_one_register_makes_a_calibration_with_one():
    table = replace(make_table(n=6000), probe_fingerprint="p")
    table.features[:, [FEATURE_NAMES.index(name) for name in SECOND_REGISTER_FEATURES]] = np.nan
    fitted = fit_classifier(table, [FEATURE_NAMES[SIGNAL]])
    assert fitted.register is not None
    assert fitted.second_register is None


def test_rows_that_are_not_finite_are_left_out():
    table = make_table()
    table.features[:50, 3] = np.nan
    assert np.isfinite(fit_classifier(table).coefficients).all()


def test_a_table_survives_the_disk(tmp_path):
    table = make_table(n=50)
    table.save(tmp_path / "t.parquet")
    again = FeatureTable.load(tmp_path / "t.parquet")
    for name in FeatureTable.__dataclass_fields__:
        left, right = np.asarray(getattr(table, name)), np.asarray(getattr(again, name))
        if left.dtype.kind == "f":
            np.testing.assert_allclose(left, right, rtol=1e-6)
        else:
            assert np.array_equal(left, right), name


def test_statistics_are_added_and_replaced():
    table = make_table(n=50)
    name, values = table.method_names[0], np.arange(50.0)
    again = table.with_methods({"another": values + 1, name: values})
    assert again.method_names == [*table.method_names, "another"]
    assert again.methods[:, 0].tolist() == values.tolist()
    assert again.methods[:, -1].tolist() == (values + 1).tolist()
    assert np.array_equal(again.methods[:, 1:-1], table.methods[:, 1:])


def test_a_file_that_is_no_table(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="not a feature table"):
        FeatureTable.load(tmp_path / "t.parquet")
