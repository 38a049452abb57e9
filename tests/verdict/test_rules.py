from dataclasses import replace

import pytest

from detector.records.references import LengthBucket
from detector.verdict.rules import PValues, decide, explain, words_that_would_decide
from tests.conftest import make_classifier

UNDIVIDED = PValues(machine=0.5, human=0.5)


@pytest.mark.parametrize(
    ("p", "verdict"),
    [
        (UNDIVIDED, "inconclusive"),
        (PValues(machine=0.01, human=0.9), "machine"),
        (PValues(machine=0.011, human=0.9), "inconclusive"),
        (PValues(machine=0.9, human=0.05), "human"),
        # divided, both parts significant
        (PValues(0.01, 0.9, 0.01, 0.05, True), "mixed"),
        (PValues(0.5, 0.5, 0.0025, 0.05, True), "mixed"),
        # the machine part alone is enough only at a quarter of the target
        (PValues(0.5, 0.5, 0.003, 0.05, True), "inconclusive"),
        # human as a whole, but a part stands out
        (PValues(0.5, 0.01, 0.003, 0.05, True), "inconclusive"),
        (PValues(0.5, 0.01, 0.15, 0.05, True), "inconclusive"),
        (PValues(0.5, 0.01, 0.151, 0.05, True), "human"),
        (PValues(0.5, 0.01, 0.003, 0.05, False), "human"),
        # no human part to speak of
        (PValues(0.01, 0.9, 0.001, 0.06, True), "machine"),
        # more human than machine texts are, and not plainly so beside human texts
        (PValues(0.3, 0.01), "inconclusive"),
        (PValues(0.31, 0.01), "human"),
        # significant, but not divided
        (PValues(0.5, 0.5, 0.001, 0.001, False), "inconclusive"),
    ],
)
def test_rules(p, verdict):
    assert decide(p, target_fpr=0.01) == verdict
    assert explain(verdict, p, None)


def test_a_mixed_text_says_what_its_numbers_are():
    p = PValues(0.3, 0.2, machine_part=0.002, human_part=0.012, is_divided=True)
    assert "only 0.2% of human texts of this length have so machine-like a part" in explain("mixed", p, None)
    said = explain("mixed", p, None, knows_mixtures=True)
    assert "only 1.2% of texts by one author look as divided" in said  # the larger of the two
    assert "0.2%" not in said


@pytest.mark.parametrize("verdict", ["machine", "human", "mixed", "inconclusive"])
def test_no_share_of_reference_texts_is_called_none(verdict):
    smallest = explain(verdict, PValues(0.0004, 0.0004, 0.0004, 0.0004, True), None)
    assert "fewer than 0.1% of" in smallest
    assert "0.0%" not in smallest
    assert "fewer" not in explain(verdict, PValues(0.0006, 0.0006, 0.0006, 0.0006, True), None)
    assert "only 0.1% of" in explain(verdict, PValues(0.0006, 0.0006, 0.0006, 0.0006, True), None)


def test_a_part_that_stands_out_is_the_reason_given():
    said = explain("inconclusive", PValues(0.5, 0.01, 0.003, 0.05, True), 100)
    assert "not all: only 0.3% of human texts" in said
    assert "100 more words" not in said


def test_a_text_between_both_says_so():
    said = explain("inconclusive", PValues(0.2, 0.01, 0.003, 0.05, is_divided=False), 100)
    assert said.startswith("It looks more human than most machine text, and more machine-like than most human text")
    assert "20.0% of human texts of this length" in said
    assert "About 100 more words" in said


def test_only_is_said_of_small_shares():
    assert "only" not in explain("machine", PValues(0.2, 0.9), None)  # where so high a rate was asked for
    assert "20.0% of human texts" in explain("machine", PValues(0.2, 0.9), None)


def test_how_many_more_words_would_decide(tiny):
    short = LengthBucket(50, [0.0, 5.0] * 100, [0.0, 5.0] * 100, [], [])
    long = LengthBucket(200, [0.0] * 200, [2.0] * 200, [], [])
    classifier = replace(make_classifier(tiny), buckets=[replace(short, human_scores=sorted(short.human_scores)), long])
    # among short texts 3 is nothing special, among long ones no human text reaches it
    assert words_that_would_decide(classifier, 3.0, n_tokens=65, target_fpr=0.01) == round((200 - 65) / 1.35)
    assert words_that_would_decide(classifier, 1.0, 65, 0.01) == 100  # and no machine text is so low
    # A score among the most machine-like human texts is not called human, however low among machine texts it is.
    high = replace(long, human_scores=[0.0] * 150 + [2.5] * 50, machine_scores=[4.0] * 200)
    assert words_that_would_decide(replace(classifier, buckets=[short, high]), 2.0, 65, 0.01) is None
    assert words_that_would_decide(replace(classifier, buckets=[short, high]), 0.0, 65, 0.01) == 100
    assert words_that_would_decide(make_classifier(tiny), -10.0, 65, 0.01) is None  # in the midst of both
    assert "100 more words" in explain("inconclusive", UNDIVIDED, 100)
    assert "hardly" in explain("inconclusive", UNDIVIDED, None)
