"""Statistics that need more than one pass, for some texts, in the feature table."""

import numpy as np
import pytest

from detector.evaluation.every_method import every_method, in_direction
from detector.evaluation.labelled_texts import LabelledText, text_key
from detector.methods import METHODS, REQUIREMENTS, compute
from detector.scoring import score_texts
from detector.training.costly_methods import add_costly_methods
from detector.training.feature_table import build_table
from tests.conftest import TRAINING_TEXT


def prose(seed):
    return " ".join(np.random.default_rng(seed).choice(TRAINING_TEXT.split(), size=70).tolist())


@pytest.fixture
def few_copies(monkeypatch):
    monkeypatch.setattr("detector.evaluation.every_method.COPIES", 2)
    monkeypatch.setattr("detector.evaluation.every_method.ENDINGS", 2)


def test_every_statistic_of_every_text_but_the_costly_ones_of_those_not_asked_for(tiny, few_copies):
    texts = [prose(seed) for seed in range(3)]
    values = every_method(tiny, texts, [False, True, False])
    assert set(values) == set(METHODS)
    (second,) = score_texts(tiny, [texts[1]])
    assert values["log_likelihood"][1] == pytest.approx(compute("log_likelihood", second), abs=1e-5)
    assert np.isfinite(values["fast_detect_gpt_sampled"]).all()
    assert np.isfinite(values["detect_gpt"]).tolist() == [False, True, False]
    assert np.isfinite(values["dna_gpt"]).tolist() == [False, True, False]
    assert np.isnan(values["binoculars"]).all(), "this model has no voices"


def test_the_table_takes_them_where_the_text_is_one_of_its_dev_texts(tiny, few_copies):
    labelled = [
        ("dev" if seed else "fit", LabelledText(prose(seed), seed % 2 == 1, "a", str(seed))) for seed in range(6)
    ]
    labelled.append(("fit", LabelledText(prose(20), True, "a", "20")))
    table = build_table(tiny, labelled)
    unknown = LabelledText(prose(99), True, "a", "99")
    added = add_costly_methods(tiny, table, [*(t for _, t in labelled), unknown], n_texts=2, n_varied=1)
    costly = [name for name in METHODS if REQUIREMENTS[name]]
    assert set(added.method_names) == {*table.method_names, *costly}
    sampled = np.isfinite(added.methods[:, added.method_names.index("fast_detect_gpt_sampled")])
    assert {(bool(m)): int(sampled[table.is_machine == m].sum()) for m in (False, True)} == {False: 2, True: 2}
    assert set(table.role[sampled]) == {"dev"}
    assert np.isfinite(added.methods[:, added.method_names.index("detect_gpt")]).sum() == 2
    row = int(np.flatnonzero(sampled)[0])
    (text,) = [t for _, t in labelled if text_key(t.text) == table.text_key[row]]
    expected = every_method(tiny, [text.text], [False])["fast_detect_gpt_sampled"][0]
    assert added.methods[row, added.method_names.index("fast_detect_gpt_sampled")] == pytest.approx(expected, abs=1e-3)


def test_direction():
    assert in_direction("log_likelihood", [-1.0]).tolist() == [-1.0]
    assert in_direction("perplexity", [3.0]).tolist() == [-3.0]
