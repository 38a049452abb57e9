"""Tokens that a model hardly knows."""

from dataclasses import replace

import numpy as np

from detector.verdict.familiarity import unfamiliar_share
from detector.vocabulary.text_findings import TokenHistory
from tests.conftest import make_scores


def test_tokens_that_share_a_character_are_pieces_of_it():
    scores = make_scores([-1.0] * 5)
    assert unfamiliar_share(scores, None) == 0
    # the second and third token both span the character from 1 to 2
    starts, ends = np.array([0, 1, 1, 2, 3], dtype=np.int32), np.array([1, 2, 2, 3, 4], dtype=np.int32)
    assert unfamiliar_share(replace(scores, start_char=starts, end_char=ends), None) == 2 / 5


def test_tokens_never_learned_count_and_rare_ones_do_not():
    history = TokenHistory({0: "undertrained_token", 3: "impossible_token", 4: "rare_token"}, {}, None)
    assert unfamiliar_share(make_scores([-1.0] * 5), history) == 2 / 5
    assert unfamiliar_share(make_scores([]), history) == 0
