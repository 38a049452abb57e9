"""Whether a corpus is like the references, on references made up for it."""

from dataclasses import replace

import numpy as np
import pytest

from detector.corpus.likeness import LikenessCounter, likeness_note, likeness_warnings
from detector.records.references import Kind, LengthBucket
from tests.corpus.conftest import write_jsonl
from tests.corpus.made_up import CLASSIFIER

QUANTILES = np.linspace(0, 1, 21)
EVEN = QUANTILES.tolist()  # distances spread evenly from 0 to 1: mean 1/2, variance 1/12
FAR = (1 + QUANTILES).tolist()  # from 1 to 2: mean 3/2


def classifier_of(**changes):
    buckets = [LengthBucket(least, [], [], [], [], human_distances=far) for least, far in ((50, EVEN), (200, FAR))]
    return replace(CLASSIFIER, **({"buckets": buckets, "kinds": [Kind([], [])]} | changes))


def likeness_of(texts, classifier=None):
    counter = LikenessCounter(classifier or classifier_of())
    for distance, n_tokens, is_out, is_accused in texts:
        counter.add(distance, n_tokens, is_out, is_accused)
    return counter.likeness()


def test_the_distance_is_over_that_of_references_of_the_same_lengths():
    found = likeness_of([(0.5, 100, False, False), (1.5, 200, False, False)] * 10)
    assert found.distance == pytest.approx(1)
    # standard error of the mean of 20 that vary by 1/12 each, over the expected mean 1, times 3.09
    assert found.distance_of_draws == pytest.approx(1 + 3.0902 * np.sqrt(20 / 12) / 20, abs=1e-4)
    assert not found.is_unlike
    assert "1.0 times as far" in likeness_note(found)
    assert likeness_warnings(found) == []


def test_same_size_draws_of_references_seldom_look_far():
    rng = np.random.default_rng(0)
    draws = [likeness_of([(x, 60, False, False) for x in rng.random(40)]).is_far for _ in range(1000)]
    assert sum(draws) <= 5


@pytest.mark.parametrize(("distance", "is_far"), [(0.7, False), (0.9, True)])
def test_a_corpus_is_far_only_beyond_the_farthest_source(distance, is_far):
    classifier = classifier_of(source_distances={"stories": 0.9, "essays": 1.6})
    found = likeness_of([(distance, 60, False, False)] * 100, classifier)
    assert (found.is_far, found.is_unlike) == (is_far, is_far)
    assert (found.farthest_source, found.farthest_source_distance) == ("essays", 1.6)
    if is_far:
        assert "1.8 times as far" in likeness_warnings(found)[0]
        assert "1.6 times" in likeness_warnings(found)[0]
        assert "detect calibrate" in likeness_warnings(found)[-1]


def test_machine_looking_texts_and_few_texts_say_nothing_of_the_distance():
    assert likeness_of([(9.0, 60, False, True)] * 100).distance is None
    assert likeness_of([(9.0, 60, False, False)] * 19).distance is None
    assert likeness_of([(9.0, 60, False, False)] * 100, classifier_of(kinds=[])).distance is None


@pytest.mark.parametrize(("n_out", "is_often"), [(0, False), (12, False), (12, True)])
def test_texts_out_of_range_are_told_when_chance_does_not_explain_them(n_out, is_often):
    """Of 200 at 21 in 1000, P(12 or more) = 0.0012 and P(13 or more) = 0.0004."""
    found = likeness_of([(0.5, 60, False, False)] * (200 - n_out) + [(None, 60, True, False)] * (n_out + is_often))
    assert found.is_often_out_of_range == is_often
    assert found.texts_with_distance == 200 - n_out


@pytest.mark.skipif(not CLASSIFIER.kinds, reason="the small model knows no kinds of text")
def test_a_run_over_such_a_corpus_warns_in_its_summary_and_on_its_page(run, tmp_path):
    strange = [{"text": f"A strange kind of text, number {i}."} for i in range(60)]
    like_them = [{"text": f"A text like others, number {i}."} for i in range(60)]
    summary = run(write_jsonl(tmp_path / "strange.jsonl", strange), tmp_path / "strange")
    assert summary["references"]["is_unlike"]
    assert "times as far from the nearest human reference texts" in summary["warnings"][0]
    assert "Not like the references." in (tmp_path / "strange" / "index.html").read_text(encoding="utf-8")
    summary = run(write_jsonl(tmp_path / "like.jsonl", like_them), tmp_path / "like")
    assert not summary["references"]["is_unlike"]
    assert summary["warnings"] == []
    assert any("near 1 is like them" in note for note in summary["notes"])
    assert "Not like the references." not in (tmp_path / "like" / "index.html").read_text(encoding="utf-8")


def test_an_empty_corpus_is_not_unlike():
    found = likeness_of([])
    assert (found.texts, found.distance, found.is_unlike) == (0, None, False)


def test_a_calibration_that_does_not_ask_how_far_a_text_is_expects_fewer_out_of_range():
    near = replace(classifier_of(), neighbours=None)
    texts = [(0.5, 60, False, False)] * 196 + [(None, 60, True, False)] * 4
    assert likeness_of(texts, near).is_often_out_of_range  # at 1 in 1000, P(4 or more of 200) = 0.00006
    assert not likeness_of(texts).is_often_out_of_range
