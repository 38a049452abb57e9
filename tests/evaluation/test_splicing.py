import numpy as np
import pytest

from detector.evaluation.splicing import division_quality, splice

HUMAN = "A one. B two. C three. D four. Left out."
MACHINE = "E one. F two. G three. H four. Left out."


def test_parts_take_turns_and_keep_their_places():
    two = splice(HUMAN, MACHINE, machine_first=False)
    assert two.text == "A one. B two. G three. H four."
    assert [(two.text[a:b], m) for a, b, m in two.parts] == [("A one. B two.", False), ("G three. H four.", True)]
    four = splice(HUMAN, MACHINE, machine_first=True, n_parts=4)
    assert four.text == "E one. B two. G three. D four."
    assert two.is_machine_at(np.array([0, 12, 14, 29])).tolist() == [False, False, True, True]
    assert splice("A one. B two.", MACHINE, machine_first=True) is None


def test_borders_are_measured_to_the_nearest_found_one():
    truth = [np.array([0, 0, 0, 1, 1, 1, 0, 0], dtype=bool)]
    found = [np.array([0, 0, 0, 0, 1, 1, 1, 1], dtype=bool)]
    quality = division_quality(truth, found, tokens_per_word=1)
    assert quality.border_error_words == 1.5  # 1 and 2 tokens away
    assert quality.f1 == pytest.approx(2 * 2 / (3 + 4))
    none = division_quality(truth, [np.zeros(8, dtype=bool)], tokens_per_word=2)
    assert (none.f1, none.border_error_words) == (0, 4)
