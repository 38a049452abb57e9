import pandas as pd

from detector import Result, results_frame
from tests.conftest import TRAINING_TEXT, make_classifier


def test_a_frame_has_a_row_a_result_with_missing_numbers_missing(tiny):
    from detector import Detector

    results = Detector(tiny, make_classifier(tiny)).detect_many([TRAINING_TEXT * 2, "Short."])
    frame = results_frame(results)
    assert frame["verdict"].tolist() == [results[0].verdict, "unscored"]
    assert frame["probability_machine"][0] == results[0].probability_machine
    assert pd.isna(frame["p_value"][1])
    assert frame["n_words"].tolist() == [results[0].n_words, 1]
    assert str(frame["n_tokens"].dtype) == "Int64"
    wide = results_frame(results, methods=True)
    assert wide["entropy"][0] == results[0].methods["entropy"]
    assert wide.columns.is_unique
    assert results_frame([]).columns.tolist() == frame.columns.tolist()


def test_a_result_and_a_detector_are_told_in_a_line(tiny):
    from detector import Detector

    detector = Detector(tiny, make_classifier(tiny))
    assert repr(detector) == "<Detector tiny, float32 on cpu, target_fpr 0.01, 398 human references>"  # 2 x 199
    found = detector.detect(TRAINING_TEXT * 2, path="a/b.txt")
    shown = repr(found)
    assert shown.startswith(f"<Result 'a/b.txt': {found.verdict}, probability_machine 0.")
    assert len(shown) < 120
    assert (
        repr(Result.unscored("too_short", "More.", id="x", n_words=1)) == "<Result 'x': unscored (too_short), 1 word>"
    )
