"""How sure a verdict is, in words: each number derived by hand."""

from dataclasses import replace

import pytest

from detector.records.references import Kind
from detector.records.result import Result, Segment
from detector.report.wording import advice, facts, how_sure, promise
from detector.verdict.neighbours import Neighbours
from tests.conftest import make_classifier


def result(verdict, p, human_p, explanation="It reads so. Look again.", **more):
    return Result(
        "x", None, verdict, None, explanation,
        score=0.0, probability_machine=0.42, p_value=p, human_p_value=human_p, model_name="", model_fingerprint="",
        **more,
    )  # fmt: skip


def test_what_speaks_for_the_verdict_comes_first():
    machine = how_sure(result("machine", 0.004, 0.5))
    assert machine == [
        "Of 1,000 human texts of its length, at most 4 look this machine-like or more.",
        "Of 1,000 machine texts of its length, 500 look this human or more.",
        "Probability of machine text: 0.42, if every second text were one.",
    ]
    assert how_sure(result("human", 0.004, 0.5)) == [machine[1], machine[0], machine[2]]


@pytest.mark.parametrize(
    ("p", "said"), [(0.0004, "fewer than 1 looks"), (0.001, "at most 1 looks"), (0.021, "21 look"), (1, "all look")]
)
def test_one_looks_and_two_look(p, said):
    assert (
        how_sure(result("machine", p, None))[0]
        == f"Of 1,000 human texts of its length, {said} this machine-like or more."
    )


def test_a_text_compared_with_its_kind_says_so():
    assert how_sure(result("machine", 0.004, None, kind=2))[0].startswith(
        "Of 1,000 human texts like it, at most 4 look"
    )


def test_a_mixed_text_is_sure_by_its_parts():
    parts = (
        Segment(0, 5, "human", "human", -9.0, 0.0, 0.03),
        Segment(5, 9, "machine", "machine", 9.0, 1.0, 0.001),
        Segment(9, 12, "uncertain", "machine", 1.0, 0.7, 0.4),
    )
    assert how_sure(result("mixed", 0.3, 0.4, segments=parts))[:2] == [
        "Of 1,000 human texts of its length, at most 1 has so machine-like a part.",
        "Of 1,000 machine texts of its length, 30 have so human a part.",
    ]


def test_advice_is_the_rest_of_the_explanation_and_what_the_verdict_is_a_reason_for():
    assert advice(result("inconclusive", 0.3, 0.4)).startswith("Look again. Most honest answers")
    assert how_sure(Result.unscored("empty", "The text is empty.", id="x")) == []


def test_a_text_says_which_human_texts_it_was_compared_with(tiny):
    base = make_classifier(tiny)
    kinds = [Kind([0.0] * 7, [0.0] * 7)]
    bucket = replace(base.buckets[0], human_standings=[[0.0] * len(base.buckets[0].human_scores)])
    with_kinds = replace(base, kinds=kinds, buckets=[bucket])
    with_neighbours = replace(with_kinds, neighbours=Neighbours([[0.0] * 12] * 5, [0.0] * 5, 5, 2.0, [5]))
    n = len(bucket.human_scores)
    for classifier, kind, like in (
        (base, None, f"{n} human texts of like length;"),
        (with_kinds, 0, "7 human texts of its kind, and of like length;"),
        (with_neighbours, 0, f"{n} human texts of like length, each compared with those most like it;"),
    ):
        one = result("human", 0.5, 0.01, kind=kind, target_fpr=0.01, n_tokens=60, n_words=45)
        assert like in promise(one, classifier)
        assert like.split("human texts ")[1].rstrip(";") in facts(one, classifier)[0].meaning
