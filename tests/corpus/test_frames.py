import numpy as np
import pandas as pd
import pytest

from detector import Detector, UsageError
from detector.corpus.frames import add_verdicts
from tests.conftest import TRAINING_TEXT, make_classifier

LONG = TRAINING_TEXT + " " + TRAINING_TEXT.replace("boats", "ships")


@pytest.fixture
def detector(tiny):
    return Detector(tiny, make_classifier(tiny, lean=10.0))


def test_columns_are_added_in_place(detector):
    frame = pd.DataFrame({"essay": [LONG, None, "Short.", LONG, 7.5], "who": list("abcde")}, index=[5, 3, 9, 1, 7])
    before = frame.copy()
    found = add_verdicts(frame, "essay", detector=detector, prefix="detect_")
    pd.testing.assert_frame_equal(frame, before)
    assert list(found.index) == [5, 3, 9, 1, 7]
    assert list(found["who"]) == list("abcde")
    assert list(found["detect_verdict"]) == ["machine", "unscored", "unscored", "machine", "unscored"]
    assert list(found["detect_reason"].fillna("")) == ["", "unreadable", "too_short", "", "unreadable"]
    assert found["detect_p_value"].dtype == np.float64
    assert found["detect_n_tokens"].dtype == "Int64"
    assert found.loc[5, "detect_score"] == found.loc[1, "detect_score"] == detector.detect(LONG).score
    assert found["detect_flagged_fdr"].tolist() == [True, pd.NA, pd.NA, True, pd.NA]


def test_wrong_columns_are_said(detector):
    with pytest.raises(UsageError, match="no column 'text'; there are essay"):
        add_verdicts(pd.DataFrame({"essay": []}), detector=detector)
    with pytest.raises(UsageError, match="already has score; give a prefix"):
        add_verdicts(pd.DataFrame({"text": [], "score": []}), detector=detector)

    with pytest.raises(UsageError, match="more than one column 'text'"):
        add_verdicts(pd.DataFrame([["a", "b"]], columns=["text", "text"]), detector=detector)
    with pytest.raises(UsageError, match="between 0 and 1"):
        add_verdicts(pd.DataFrame({"text": ["a"]}), detector=detector, fdr=5)


def test_half_a_character_is_no_text(detector):
    found = add_verdicts(
        pd.DataFrame({"text": pd.Series(["half \ud800 of it", "Short."], dtype=object)}), detector=detector
    )
    assert found["verdict"].tolist() == ["unscored", "unscored"]


def test_an_empty_frame(detector):
    assert add_verdicts(pd.DataFrame({"text": []}), detector=detector)["verdict"].tolist() == []
