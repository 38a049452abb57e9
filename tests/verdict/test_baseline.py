import numpy as np
import pytest

from detector import Detector, InputError
from detector.scoring import score_texts
from detector.verdict.baseline import WriterBaseline, compare_features
from tests.conftest import TRAINING_TEXT, make_classifier

WORDS = TRAINING_TEXT.split()


def prose(seed, n_words=120):
    return " ".join(np.random.default_rng(seed).choice(WORDS, size=n_words).tolist())


def test_by_hand():
    # one feature; earlier texts at 0, 0 and the new one at 3: the mean of the others is 0, their variance
    # (5 + 0) / (5 + 1), so d = 9 / (5/6); for an earlier one the others are 0 and 3, mean 1.5, (5 + 4.5) / (5 + 1)
    found = compare_features(np.array([[3.0], [0.0], [0.0]]), ["f"], 100)
    assert found.distance == pytest.approx(9 * 6 / 5)
    assert found.typical_distance == pytest.approx(1.5**2 * 6 / 9.5)
    assert found.differences == (("f", pytest.approx(3 / np.sqrt(5 / 6))),)
    assert found.p_value is None
    assert "too few" in found.explanation


def test_the_p_value_keeps_its_promise():
    rng = np.random.default_rng(0)
    p = [compare_features(rng.normal(size=(20, 4)) ** 3, list("abcd"), 100).p_value for _ in range(600)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.025)
    assert np.mean(np.array(p) <= 0.5) == pytest.approx(0.5, abs=0.06)


def test_a_stranger_is_found():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(25, 6))
    vectors[0] += [0, 0, 6, 0, 0, 0]
    found = compare_features(vectors, list("abcdef"), 100)
    assert found.p_value == pytest.approx(1 / 25)
    assert found.differences[0][0] == "c"
    assert "differs from" in found.explanation


def test_small_baselines_say_so():
    found = compare_features(np.random.default_rng(0).normal(size=(8, 3)), list("abc"), 100)
    assert found.p_value is not None
    assert "too few to build on" in found.explanation


def test_the_strangest_of_few_is_not_called_alike():
    vectors = np.random.default_rng(0).normal(size=(8, 3))
    vectors[0] += 20
    found = compare_features(vectors, list("abc"), 100)
    assert found.p_value == 1 / 8  # as small as seven earlier texts allow
    assert "may differ from" in found.explanation
    assert "too few to build on" in found.explanation
    vectors[1], vectors[0] = vectors[0].copy(), vectors[1].copy()
    assert "does not stand out from" in compare_features(vectors, list("abc"), 100).explanation


def test_texts_are_cut_to_the_shortest_and_short_ones_left_out(tiny):
    detector = Detector(tiny, make_classifier(tiny))
    earlier = [prose(seed) for seed in range(6)] + ["Too short."]
    baseline = WriterBaseline(detector, earlier)
    found = baseline.compare(detector.detect(prose(99, 200)))
    assert found.n_earlier == 6
    assert found.n_tokens >= 100
    again = baseline.compare(detector.detect(prose(99, 200) + " more words at the end"))
    assert again == found  # what lies beyond the common length has no say
    for short in ("Short.", prose(5, 60)):
        with pytest.raises(InputError, match="needs 100"):
            baseline.compare(detector.detect(short))
    with pytest.raises(InputError, match="None of the 1 earlier"):
        WriterBaseline(detector, ["Too short."]).compare(detector.detect(prose(1)))


def test_every_text_is_passed_through_the_model_once(tiny, monkeypatch):
    """Three texts and six earlier ones make nine; each with all the earlier ones again would make 24."""
    passes = []

    def counted(language_model, texts, **options):
        return score_texts(language_model, (passes.append(text) or text for text in texts), **options)

    monkeypatch.setattr("detector.verdict.baseline.score_texts", counted)
    monkeypatch.setattr("detector.verdict.detector.score_texts", counted)
    detector = Detector(tiny, make_classifier(tiny))
    results = detector.detect_many([prose(seed) for seed in range(3)])
    baseline = WriterBaseline(detector, [prose(seed) for seed in range(10, 16)])
    found = [baseline.compare(result) for result in results]
    assert len(passes) == 9
    assert {one.n_earlier for one in found} == {6}
