"""Borders within sentences: where the evidence is clear, and nowhere else."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector import Detector
from detector.documents.folding import fold
from detector.documents.sentences import clause_starts
from detector.records.result import Evidence
from detector.verdict.clause_borders import begin_tokens, clause_tokens
from detector.verdict.judgement import Division, Judgement, division
from detector.verdict.located_parts import _parted, located
from detector.verdict.rules import PValues
from detector.verdict.segments import Part, divide, sentence_sums
from tests.conftest import TRAINING_TEXT, make_classifier

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
    edges = [*firsts, len(tokens)]
    assert all(
        edges[part.first - 1] < token < edges[part.first + 1] for part, token in zip(parts[1:], moved[1:], strict=True)
    )

    def worth(begins):
        runs = zip(parts, pairwise([*begins, len(tokens)]), strict=True)
        return sum(evidence[a:b].sum() for part, (a, b) in runs if part.is_machine)

    n_moved = sum(a != b for a, b in zip(plain, moved, strict=True))
    assert worth(moved) >= worth(plain) + least * n_moved - 1e-6


def test_clauses_begin_at_the_tokens_that_end_behind_their_places():
    text = "It rained, so we stayed; you know. Then it stopped."
    assert [text[at:][:2] for at in clause_starts(text)] == ["so", "yo"]
    dashes = 'One\u2014two -- three---four - five," six 10-20 pages, seven'
    assert [dashes[at:].split()[0] for at in clause_starts(dashes)] == [
        *("two", "three---four", "four", 'five,"', "six", "seven"),
    ]
    ends = np.array([2, 9, 10, 13, 16, 23, 24, 28, 33, 34], dtype=np.int32)  # "It", " rained", ",", " so", ...
    assert clause_tokens(clause_starts(text), ends).tolist() == [3, 7]
    assert clause_tokens([99], ends).tolist() == []


PIECES = (
    "I wrote this\uff0c",  # a full-width comma, folded to a comma and a blank
    "then it went on.",
    " It went further,\u00a0 ",
    "and I came back.",
    " The end of it all, after years.",
)
TEXT = "".join(PIECES)
NATS = np.array([-9.0, 5.0, 9.0, -6.0, -9.0])
SENTENCE_OF_PIECE = np.array([0, 0, 1, 1, 2])


@pytest.mark.parametrize(
    ("gaps", "told"),
    [
        (
            [],
            [
                "I wrote this\uff0c",
                "then it went on. It went further,",
                "and I came back. The end of it all, after years.",
            ],
        ),
        (
            [(29, 30)],  # something was left out between the first two sentences, and the border there stays
            [
                "I wrote this\uff0cthen it went on.",
                "It went further,",
                "and I came back. The end of it all, after years.",
            ],
        ),
    ],
)
def test_parts_are_told_at_their_places_in_the_text(tiny, gaps, told):
    found = segments(tiny, gaps)
    assert [TEXT[one.start_char : one.end_char] for one in found] == told
    assert [one.leans_to for one in found] == ["human", "machine", "human"]
    assert sum(one.evidence_nats for one in found) == pytest.approx(NATS.sum())
    assert all(one.begins_between[0] <= one.start_char <= one.begins_between[1] for one in found)


@pytest.mark.parametrize(
    ("verdict", "p", "label"),
    [
        ("inconclusive", PValues(machine=0.2, human=0.01), "uncertain"),
        ("human", PValues(machine=0.5, human=0.01), "human"),
        ("machine", PValues(machine=0.005, human=0.9), "machine"),
        ("inconclusive", PValues(machine=0.02, human=0.9), "uncertain"),
    ],
)
def test_what_the_text_is_its_one_part_is(tiny, verdict, p, label):
    folded = fold("One two. Three four.")
    evidence, sentence = np.full(4, 0.1), np.array([0, 0, 1, 1])
    sums = sentence_sums(evidence, sentence)
    divided = Division(evidence, sums, divide(sums, penalty=9), 0.0, [0])
    shown = Evidence(
        folded.text, None, [(0, 3), (3, 8), (8, 14), (14, 20)], [(0, 8), (9, 20)], [0, 0, 1, 1], evidence, {}
    )
    found = located(make_classifier(tiny), divided, shown, folded, [], Judgement(verdict, 0.0, p, None), 0.01)
    assert [one.label for one in found] == [label]


def segments(tiny, gaps):
    """Of the text; its tokens are the letters of the folded text, each with its share of what its piece has."""
    folded = fold(TEXT)
    n = len(folded.text)
    places = [folded.original_span(at, at + 1) for at in range(n)]
    piece = np.searchsorted(np.cumsum([len(one) for one in PIECES]), [start for start, _ in places], side="right")
    evidence, sentence = (NATS / np.bincount(piece))[piece], SENTENCE_OF_PIECE[piece]
    sums = sentence_sums(evidence, sentence)
    parts = divide(sums, penalty=1)
    scores = SimpleNamespace(start_char=np.arange(n), end_char=np.arange(n) + 1)
    clauses = clause_tokens(clause_starts(folded.text), scores.end_char)
    divided = Division(evidence, sums, parts, 1.0, begin_tokens(parts, evidence, sentence, clauses))
    edges = pairwise([*np.unique(sentence, return_index=True)[1].tolist(), n])
    stripped = [(a + len(t) - len(t.lstrip()), a + len(t.rstrip())) for a, b in edges for t in [folded.text[a:b]]]
    sentences = [folded.original_span(a, b) for a, b in stripped]
    shown = Evidence(TEXT, scores, places, sentences, sentence.tolist(), evidence, {})
    p = PValues(machine=0.5, human=0.5, machine_part=0.5, human_part=0.5, is_divided=True)
    judgement = Judgement("inconclusive", 0.0, p, None)
    return located(make_classifier(tiny), divided, shown, folded, gaps, judgement, 0.01)


def test_a_detector_tries_the_clauses_of_its_text(tiny, monkeypatch):
    tried = []

    def noted(weights, series, clauses=None):
        tried.append(clauses)
        return division(weights, series, clauses)

    monkeypatch.setattr("detector.verdict.detector.division", noted)
    text = TRAINING_TEXT * 2
    result = Detector(tiny, make_classifier(tiny)).detect(text)
    begins = [result.evidence.scores.end_char[token - 1] for token in tried[0]]
    assert {text[at:].lstrip()[:3] for at in begins} >= {"and", "sev", "eig"}


@given(st.lists(st.integers(1, 4), max_size=40), st.integers(0, 1), st.sets(st.integers(0, 20)))
def test_what_was_left_out_parts_the_sentences_it_lies_between(lengths, first, left_out):
    edges = np.cumsum([first, *lengths]).tolist()
    runs = list(pairwise(edges))
    sentences = [run for i, run in enumerate(runs) if i not in left_out]
    gaps = [run for i, run in enumerate(runs) if i in left_out]
    between = enumerate(pairwise(sentences))
    slowly = {i for i, ((_, end), (start, _)) in between if any(end <= a and b <= start for a, b in gaps)}
    assert _parted(sentences, gaps[::-1]) == slowly
