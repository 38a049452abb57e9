import random
from itertools import pairwise

import numpy as np
import pytest

from detector.evaluation.splicing import division_quality, mixed_text, splice

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


def test_authors_change_within_sentences_where_that_is_asked_for():
    human = "I walked home alone, and the rain came down, cold and thin. " * 9
    machine = "The garden offers peace, a place of calm, and a sense of order. " * 9
    one = mixed_text(human, machine, 90, random.Random(3), at_clauses=True)
    whole = mixed_text(human, machine, 90, random.Random(3))
    assert len(one.parts) == len(whole.parts) > 1
    for (start, end, is_machine), (begin, after, _) in pairwise(one.parts):
        piece, following = one.text[start:end], one.text[begin:after]
        assert piece in (machine if is_machine else human)
        assert piece.endswith(",")
        assert following.startswith(("and ", "cold ") if is_machine else ("a place ", "and "))
    assert all(not whole.text[:end].endswith(",") for _, end, _ in whole.parts)


def test_borders_are_measured_to_the_nearest_found_one():
    truth = [np.array([0, 0, 0, 1, 1, 1, 0, 0], dtype=bool)]
    found = [np.array([0, 0, 0, 0, 1, 1, 1, 1], dtype=bool)]
    quality = division_quality(truth, found, tokens_per_word=1)
    assert quality.border_error_words == 1.5  # 1 and 2 tokens away
    assert quality.f1 == pytest.approx(2 * 2 / (3 + 4))
    none = division_quality(truth, [np.zeros(8, dtype=bool)], tokens_per_word=2)
    assert (none.f1, none.border_error_words) == (0, 4)
