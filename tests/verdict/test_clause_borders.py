"""Borders within sentences: where the evidence is clear, and nowhere else."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.documents.sentences import clause_starts
from detector.records.result import Evidence
from detector.verdict.clause_borders import begin_tokens, clause_tokens
from detector.verdict.judgement import Division, Judgement
from detector.verdict.located_parts import located
from detector.verdict.rules import PValues
from detector.verdict.segments import Part, divide, sentence_sums
from tests.conftest import make_classifier

NONE = np.zeros(0, dtype=np.int64)
SENTENCE = np.array([0, 0, 0, 0, 1, 1, 1, 1])
PARTS = [Part(0, 0, False, -1.0), Part(1, 1, True, 1.0)]


@pytest.mark.parametrize(
    ("evidence", "clauses", "begin"),
    [
        ([-2, -2, 1, 2, 1, 1, 1, 1], [2], 2),  # the machine sets in before the sentence ends: 3 nats gained
        ([-2, -2, 1, 2, 1, 1, 1, 1], [1], 4),  # one token earlier costs 2 of the 3, and 1 is less than asked for
        ([-2, -2, 1, 2, 1, 1, 1, 1], [], 4),  # no clause begins there
        ([-2, -2, 0.5, 0.5, 1, 1, 1, 1], [2], 4),  # 1 nat is too little
        ([-2, -2, -2, -2, -1, -2, 9, 9], [6], 6),  # the person ends the sentence's first clause: 3 nats
        ([-2, -2, 2, 2, -2, -2, 9, 9], [2, 6], 2),  # both gain 4; the first is taken
        ([-2, -2, 2, 2, -3, -2, 9, 9], [2, 6], 6),  # 5 are better than 4
    ],
)
def test_a_border_moves_to_the_clause_that_is_worth_it(evidence, clauses, begin):
    found = begin_tokens(PARTS, np.array(evidence, float), SENTENCE, np.array(clauses, dtype=np.int64), least_nats=2)
    assert found == [0, begin]


def test_a_border_between_a_machines_sentence_and_a_persons_moves_the_other_way():
    parts = [Part(0, 0, True, 1.0), Part(1, 1, False, -1.0)]
    evidence = np.array([2, 2, -2, -2, -1, -1, -1, -1.0])
    assert begin_tokens(parts, evidence, SENTENCE, np.array([2]), least_nats=2) == [0, 2]


TOKENS = st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 1), st.booleans()), min_size=1, max_size=40)


@given(TOKENS, st.floats(0, 3), st.floats(0, 3))
def test_parts_stay_in_order_whole_and_worth_what_they_were(tokens, penalty, least):
    evidence = np.array([nats for nats, _, _ in tokens])
    sentence = np.cumsum([step for _, step, _ in tokens])
    clauses = np.flatnonzero([begins for _, _, begins in tokens])
    parts = divide(sentence_sums(evidence, sentence), penalty)
    plain, moved = (begin_tokens(parts, evidence, sentence, tried, least) for tried in (NONE, clauses))
    firsts = np.unique(sentence, return_index=True)[1]
    assert plain == [firsts[part.first] for part in parts]
    assert all(a < b for a, b in pairwise([*moved, len(tokens)]))
    assert all(token in clauses for token, before in zip(moved, plain, strict=True) if token != before)

    def worth(begins):
        runs = zip(parts, pairwise([*begins, len(tokens)]), strict=True)
        return sum(evidence[a:b].sum() for part, (a, b) in runs if part.is_machine)

    n_moved = sum(a != b for a, b in zip(plain, moved, strict=True))
    assert worth(moved) >= worth(plain) + least * n_moved - 1e-6


def test_clauses_begin_at_the_tokens_that_end_behind_their_places():
    text = "It rained, so we stayed; you know. Then it stopped."
    assert [text[at:][:2] for at in clause_starts(text)] == ["so", "yo"]
    ends = np.array([2, 9, 10, 13, 16, 23, 24, 28, 33, 34], dtype=np.int32)  # "It", " rained", ",", " so", ...
    assert clause_tokens(clause_starts(text), ends).tolist() == [3, 7]
    assert clause_tokens([99], ends).tolist() == []


TEXT = "I wrote this, then it went on. It went further, and I came back. The end."
PIECES = ["I wrote this,", " then it went on.", " It went further,", " and I came back.", " The end."]


@pytest.mark.parametrize(
    ("gaps", "told"),
    [
        ([], ["I wrote this,", "then it went on. It went further,", "and I came back. The end."]),
        # something was left out between the first two sentences, so the border there stays
        ([(30, 31)], ["I wrote this, then it went on.", "It went further,", "and I came back. The end."]),
    ],
)
def test_parts_are_told_at_their_places_in_the_text(tiny, gaps, told):
    lengths = [len(piece) for piece in PIECES]
    evidence = np.repeat(np.array([-9.0, 5.0, 9.0, -6.0, -9.0]) / lengths, lengths)  # a token a letter
    sentence = np.repeat([0, 0, 1, 1, 2], lengths)
    ends = np.arange(len(TEXT)) + 1
    spans = [(int(end) - 1, int(end)) for end in ends]
    parts = [Part(0, 0, False, -4.0), Part(1, 1, True, 3.0), Part(2, 2, False, -9.0)]
    begins = begin_tokens(parts, evidence, sentence, clause_tokens(clause_starts(TEXT), ends), least_nats=1)
    assert [TEXT[at:][:4] for at in begins[1:]] == ["then", "and "]
    divided = Division(evidence, sentence_sums(evidence, sentence), parts, 1.0, begins)
    sentences = [(0, 30), (31, 64), (65, 73)]
    shown = Evidence(TEXT, None, spans, sentences, sentence.tolist(), evidence, {})
    p = PValues(machine=0.5, human=0.5, machine_part=0.5, human_part=0.5, is_divided=True)
    judgement = Judgement("inconclusive", 0.0, p, None, 0.0)
    found = located(make_classifier(tiny), divided, shown, gaps, judgement, 0.01)
    assert [TEXT[one.start_char : one.end_char] for one in found] == told
    assert sum(one.evidence_nats for one in found) == pytest.approx(evidence.sum())
    assert [one.leans_to for one in found] == ["human", "machine", "human"]
    for one in found[1:]:
        assert one.begins_between[0] <= one.start_char <= one.begins_between[1]
