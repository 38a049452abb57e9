import pytest

from detector import Detector
from detector.records.result import Segment
from detector.verdict.shares import shares_of
from tests.conftest import TRAINING_TEXT, make_classifier


def part(start_char, end_char, label):
    return Segment(start_char, end_char, label, "human" if label == "human" else "machine", 1.0, 0.7, 0.01)


def test_by_hand():
    # words begin at 0, 4, 9, 11 and 16: two in the machine part, one in the human part, two in neither
    text = "one two  4 four five"
    segments = [part(0, 8, "machine"), part(9, 10, "human"), part(11, 15, "uncertain")]
    assert shares_of(text, segments) == (2 / 5, 1 / 5, 2 / 5)


def test_a_word_across_a_border_counts_where_it_begins():
    assert shares_of("ab cd", [part(0, 4, "machine"), part(4, 5, "human")]) == (1.0, 0.0, 0.0)


def test_without_parts_nothing_is_decided():
    assert shares_of("a b\u2003c\nd", []) == (0.0, 0.0, 1.0)


def test_a_verdict_tells_the_shares_of_its_segments(tiny):
    detector = Detector(tiny, make_classifier(tiny))
    result = detector.detect(TRAINING_TEXT + " " + TRAINING_TEXT.replace("boats", "ships"))
    record = result.to_dict()
    shares = [record[name] for name in ("share_machine", "share_human", "share_undecided")]
    assert tuple(shares) == shares_of(result.evidence.text, result.segments)
    assert sum(shares) == pytest.approx(1)
    unscored = detector.detect("Short.").to_dict()
    assert {unscored[name] for name in ("share_machine", "share_human", "share_undecided")} == {None}
