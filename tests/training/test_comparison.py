import re

import numpy as np
import pytest

from detector.errors import InputError
from detector.evaluation.feature_table import FeatureTable, shipped_table
from detector.training.comparison import PROBE_CHOICES, compare_choices


def test_a_table_with_a_hidden_layer_tells_what_evidence_and_units_are_worth():
    table = FeatureTable.load(shipped_table("smollm2_quick"))
    head, *lines = compare_choices(table.rows(np.arange(len(table.n_tokens)) % 6 == 0))
    assert head.split() == ["AUROC", "false", "alarms", "machine", "texts", "found"]
    assert [line[:20].strip() for line in lines] == list(PROBE_CHOICES)
    for line in lines:
        area, alarms, humans, found = re.search(r"(0\.\d+)  (\d+) of ([\d,]+) +([\d.]+)%", line).groups()
        assert float(area) > 0.9
        assert int(alarms) <= 0.05 * int(humans)
        assert float(found) > 30


def test_a_table_with_neither_voices_nor_a_hidden_layer_is_refused():
    table = FeatureTable.load(shipped_table("smollm2_quick"))
    features = table.features.copy()
    features[:] = np.nan
    few = FeatureTable(**{**vars(table), "features": features})
    with pytest.raises(InputError, match="without voices"):
        list(compare_choices(few))
