"""How sure a verdict is, in words: each number derived by hand."""

import pytest

from detector.records.result import Result, Segment
from detector.report.wording import advice, how_sure


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
