"""Verification of a model that copies every token but those it never learned."""

import json
from pathlib import Path

import numpy as np
import pytest

from detector.errors import InputError, UsageError
from detector.vocabulary import verification
from detector.vocabulary.controls import choose_controls, nearest_controls
from detector.vocabulary.in_context import in_context
from detector.vocabulary.prompted_probability import PromptReader
from detector.vocabulary.tokenizer_analysis import Category, TokenizerAnalysis, analyse_tokenizer
from detector.vocabulary.verification import run_key, verify
from detector.vocabulary.verification_record import Verification, VerificationSettings, outcome_of
from tests.conftest import tiny_tokenizer
from tests.vocabulary.models_made_here import copying, llama

UNREAD = tuple(range(300, 330))
HIDDEN = (350, 351)
"""Unread too, but not among the first of the order."""
AWKWARD = (340, 341, 342)
UNUSED = (396, 397, 398, 399)
SETTINGS = VerificationSettings(
    echo_rounds=1, repeats=12, control_pool=24, controls=8, window=10, least_share=0.5, sample=40, seed=1
)


@pytest.fixture(scope="module")
def analysis() -> TokenizerAnalysis:
    return analyse_tokenizer(tiny_tokenizer())


@pytest.fixture(scope="module")
def model():
    return copying(unread=UNREAD + HIDDEN + UNUSED, awkward=AWKWARD)


@pytest.fixture(scope="module")
def order(analysis: TokenizerAnalysis) -> list[int]:
    """The worst first, then the awkward ones, then the rest of the whole tokens with the hidden ones last but a few."""
    first = [*UNREAD, *AWKWARD]
    rest = [i for i in analysis.ids(Category.OK).tolist() if i not in {*first, *UNUSED}]
    return [*first, *rest]


@pytest.fixture(scope="module")
def found(model, analysis: TokenizerAnalysis, order: list[int]) -> Verification:
    return verify(model, analysis, order, SETTINGS, unused=UNUSED)


def test_what_the_model_never_learned_is_confirmed_and_nothing_else(found: Verification) -> None:
    outcomes = {token.token_id: token.outcome for token in found.tokens}
    assert {i for i, outcome in outcomes.items() if outcome == "confirmed"} == {*UNREAD} | ({*HIDDEN} & {*outcomes})
    assert {i for i, outcome in outcomes.items() if outcome == "not echoed"} == {*AWKWARD}
    assert {*outcomes.values()} == {"confirmed", "not echoed", "echoed"}
    assert found.controls_echoed > 0.9


def test_the_walk_stops_and_the_sample_tells_what_lies_beyond(found: Verification, order: list[int]) -> None:
    # Of a window of 10 fewer than 5 are confirmed 6 tokens after the last confirmed one.
    walked = [token.token_id for token in found.tokens if token.part == "worst first"]
    assert walked == order[: len(UNREAD) + 6]
    sampled = [token.token_id for token in found.tokens if token.part == "random sample"]
    assert len(sampled) == 40
    assert not set(sampled) & set(walked)
    assert (found.recall.found, found.recall.walked) == (len(UNREAD), len(walked))
    low, high = found.recall.interval
    assert low <= len(UNREAD) / (len(UNREAD) + len(HIDDEN)) <= high
    assert found.ended_by == "few confirmed"


def test_without_tokens_known_to_be_unused_the_awkward_are_confirmed_too(
    model, analysis: TokenizerAnalysis, order: list[int]
) -> None:
    settings = VerificationSettings(**{**SETTINGS.__dict__, "sample": 0, "most": 33})
    found = verify(model, analysis, order, settings)
    assert {token.token_id for token in found.confirmed} == {*UNREAD, *AWKWARD}
    assert found.tokens[0].lead_nats is None
    assert found.ended_by == "limit"
    assert "cannot give it back" in found.tokens[0].meaning


def test_a_model_that_copies_nothing_leaves_everything_undecided(analysis: TokenizerAnalysis, order: list[int]) -> None:
    settings = VerificationSettings(**{**SETTINGS.__dict__, "sample": 0, "most": 20})
    found = verify(copying(unread=tuple(range(400))), analysis, order, settings, unused=UNUSED)
    assert {token.outcome for token in found.tokens} == {"undecided"}
    assert found.controls_echoed == 0


def test_weights_and_behaviour_are_said_beside_each_other(model, analysis: TokenizerAnalysis, order: list[int]) -> None:
    at_floor = np.zeros(len(analysis), dtype=bool)
    at_floor[[UNREAD[0], AWKWARD[0]]] = True
    settings = VerificationSettings(**{**SETTINGS.__dict__, "sample": 0, "most": 36})
    found = {t.token_id: t for t in verify(model, analysis, order, settings, unused=UNUSED, at_floor=at_floor).tokens}
    assert found[UNREAD[0]].meaning == "weights as if never trained; the model cannot use it"
    assert found[UNREAD[1]].meaning == "weights moved by training; the model cannot use it"
    assert found[AWKWARD[0]].meaning.startswith("weights as if never trained; the model knows it")


def test_judging_by_hand() -> None:
    # threshold 1 %: -4.605; a tenth: 2.303 nats; a hundred times: 4.605 nats
    assert outcome_of(-4.60, 0.0, 0.0, SETTINGS) == "echoed"
    assert outcome_of(-4.61, -2.30, 0.0, SETTINGS) == "confirmed"
    assert outcome_of(-4.61, -2.31, 0.0, SETTINGS) == "undecided"
    assert outcome_of(-4.61, 0.0, 4.60, SETTINGS) == "confirmed"
    assert outcome_of(-4.61, 0.0, 4.61, SETTINGS) == "not echoed"
    assert outcome_of(-4.61, 0.0, None, SETTINGS) == "confirmed"
    assert outcome_of(-9.0, float("nan"), None, SETTINGS) == "undecided"


def test_parts_of_characters_are_verified_between_their_neighbours(
    model, analysis: TokenizerAnalysis, order: list[int]
) -> None:
    parts = [i for i in analysis.ids(Category.PARTIAL_UTF8).tolist() if i in analysis.examples][:6]
    alone = analysis.impossible_ids().tolist()[:2]
    settings = VerificationSettings(**{**SETTINGS.__dict__, "sample": 0, "most": 8})
    found = verify(model, analysis, [*parts, *alone, *order], settings, unused=UNUSED)
    assert [token.token for token in found.tokens] == [in_context(analysis, i) for i in [*parts, *alone]]
    assert all(token.token.left or token.token.right for token in found.tokens[:6])
    assert not any(token.token.left or token.token.right for token in found.tokens[6:])
    assert {token.outcome for token in found.tokens} == {"echoed"}  # this model copies them all


def test_rows_the_model_does_not_have_are_no_unused_tokens(
    model, analysis: TokenizerAnalysis, order: list[int]
) -> None:
    settings = VerificationSettings(**{**SETTINGS.__dict__, "sample": 0, "most": 3})
    assert verify(model, analysis, order, settings, unused=[399, 400, 5000, -1]).unused_ids == (399,)
    many = verify(model, analysis, order, settings, unused=range(100, 400)).unused_ids
    assert (len(many), many[0], many[-1]) == (64, 100, 399)


class Killed(BaseException):
    """Like a key pressed in the middle."""


@pytest.mark.parametrize("after", [1, 3, 5])
def test_a_run_that_was_broken_off_goes_on_and_ends_as_if_it_had_not(
    model,
    analysis: TokenizerAnalysis,
    order: list[int],
    found: Verification,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
) -> None:
    monkeypatch.setattr(verification, "_BATCH", 16)
    read: list[int] = []
    original = PromptReader.read

    def counting(self: PromptReader, tokens):
        if len(read) == 3 * after:  # three prompts a batch
            raise Killed
        read.append(len(tokens))
        return original(self, tokens)

    ledger = tmp_path / "kept.sqlite"
    monkeypatch.setattr(PromptReader, "read", counting)
    with pytest.raises(Killed):
        verify(model, analysis, order, SETTINGS, unused=UNUSED, ledger=ledger)
    before = sum(read)
    read.append(0)  # no more stops
    again = verify(model, analysis, order, SETTINGS, unused=UNUSED, ledger=ledger)
    in_all = {*again.control_log_prob_nats, *(token.token_id for token in again.tokens)}
    walked_on = 16 * -(-(len(UNREAD) + 6) // 16)  # the walk's last batch may reach beyond its end
    assert before < sum(read) <= 3 * (len(in_all) + walked_on - len(UNREAD) - 6)
    assert [(t.token, t.outcome, t.part) for t in again.tokens] == [(t.token, t.outcome, t.part) for t in found.tokens]
    assert again.recall == found.recall
    read.clear()
    read.append(0)
    assert verify(model, analysis, order, SETTINGS, unused=UNUSED, ledger=ledger).to_dict() == again.to_dict()
    assert sum(read) == 0  # everything was kept


def test_the_record_is_json_and_names_every_token_once(found: Verification) -> None:
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    ids = [token["token_id"] for token in record["tokens"]]
    assert len(set(ids)) == len(ids)
    assert record["unused_ids"] == list(UNUSED)
    assert record["settings"]["threshold"] == 0.01
    assert {*record["tokens"][0]["readings"][0]} == {"prompt", "log_prob_nats", "rank", "gap_nats", "lead_nats"}


def test_progress_is_reported(model, analysis: TokenizerAnalysis, order: list[int]) -> None:
    told: list[tuple[str, int, int | None]] = []

    def on_stage(stage: str):
        return lambda done, total: told.append((stage, done, total))

    settings = VerificationSettings(**{**SETTINGS.__dict__, "sample": 5, "most": 12})
    verify(model, analysis, order, settings, on_stage=on_stage)
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [
        "controls",
        "worst first",
        "random sample",
    ]
    assert told[-1] == ("random sample", 5, 5)
    assert ("worst first", 12, None) in told


def test_another_model_prompt_or_set_of_unused_tokens_is_another_run(model) -> None:
    prompts = verification.prompts_of(model, SETTINGS)
    others = verification.prompts_of(model, VerificationSettings(echo_rounds=2, repeats=12))
    keys = {
        run_key(model, prompts, UNUSED),
        run_key(model, others, UNUSED),
        run_key(model, prompts, ()),
        run_key(llama(), prompts, UNUSED),
    }
    assert len(keys) in (3, 4)  # the two models have the same weights or not
    assert run_key(model, prompts, UNUSED) == run_key(model, prompts, UNUSED)


def test_controls_are_ordinary_unsuspected_and_alike(analysis: TokenizerAnalysis, order: list[int]) -> None:
    likeness = np.arange(len(analysis), dtype=float)
    chosen = choose_controls(analysis, order, likeness, size=10)
    assert len(chosen) == 10
    assert set(chosen.tolist()) <= set(order[len(order) // 2 :])
    assert chosen.tolist() == sorted(chosen.tolist())
    assert all(analysis.categories[i] is Category.OK for i in chosen)
    everything = choose_controls(analysis, order, likeness, size=10_000)
    assert len(everything) == len(order) - len(order) // 2


def test_the_nearest_controls_by_hand() -> None:
    controls = np.array([10, 20, 30, 40, 50], dtype=np.int32)
    likeness = np.arange(100, dtype=float)
    assert nearest_controls(controls, likeness, 31, 2).tolist() == [30, 40]
    assert nearest_controls(controls, likeness, 30, 2).tolist() == [20, 40]  # not itself
    assert nearest_controls(controls, likeness, 99, 2).tolist() == [40, 50]
    assert nearest_controls(controls, likeness, 0, 3).tolist() == [10, 20, 30]
    assert nearest_controls(controls, likeness, 5, 99).tolist() == [10, 20, 30, 40, 50]
    assert nearest_controls(controls, -likeness[::-1] * 1000, 31, 2).tolist() == [30, 40]  # no scale matters


@pytest.mark.parametrize(
    ("wrong", "words"),
    [([], "nothing to verify"), ([1, 2, 1], "names a token twice"), ([1, 400], "Token 400 cannot be verified")],
)
def test_a_list_that_cannot_be_verified_is_refused(
    model, analysis: TokenizerAnalysis, wrong: list[int], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        verify(model, analysis, wrong, SETTINGS)


def test_a_model_with_fewer_rows_than_the_tokenizer_has_tokens_says_so(
    model, analysis: TokenizerAnalysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(model), "vocabulary_size", 370)
    with pytest.raises(InputError, match="the tokenizer has 381 tokens and the model 370 rows"):
        verify(model, analysis, [375], SETTINGS)


def test_no_ordinary_token_to_compare_with_is_said(model, analysis: TokenizerAnalysis) -> None:
    parts = analysis.ids(Category.PARTIAL_UTF8).tolist()[:10]
    with pytest.raises(InputError, match="No ordinary token is left to compare"):
        verify(model, analysis, parts, SETTINGS)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"threshold": 0.0}, "threshold is 0"),
        ({"least_ratio": 0.5}, "least_ratio is 0.5"),
        ({"most_lead": float("nan")}, "most_lead is nan"),
        ({"echo_rounds": 0}, "echo_rounds is 0"),
        ({"repeats": 3}, "repeats is 3; it must be at least 4"),
        ({"controls": 0}, "controls is 0"),
        ({"window": 0}, "window is 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        VerificationSettings(**wrong)
