"""Repetition, induction and logits of a range, against plain passes and numbers worked out by hand."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from detector.errors import InputError, OutputError, UsageError
from detector.report.tokens.experiments import (
    draw_induction,
    induction_lines,
    range_logits_lines,
    repetition_lines,
)
from detector.vocabulary import experiments
from detector.vocabulary.experiments import Induction, induction, range_logits, repetition
from detector.vocabulary.in_context import TokenInContext
from detector.vocabulary.token_choice import parse_range, parse_token
from detector.vocabulary.tokenizer_analysis import analyse_tokenizer
from tests.conftest import tiny_tokenizer
from tests.vocabulary.models_made_here import copying, gpt2, llama


def test_the_halves_by_hand() -> None:
    # Two sequences of n = 2: halves -1, -3 and -2, -5; means -1.5 and -4; deviations 0.707 and 1.414.
    found = Induction(range(5, 9), 0, np.array([[-0.5, -1.5, -2.0, -4.0], [-1.0, -3.0, -4.0, -6.0]]))
    assert found.halves.tolist() == [[-1.0, -3.0], [-2.0, -5.0]]
    assert (found.first_half_nats, found.second_half_nats) == (-1.5, -4.0)
    assert found.spread_nats == pytest.approx((math.sqrt(0.5), math.sqrt(2)))


@pytest.mark.parametrize("make", [llama, gpt2])
def test_induction_is_what_plain_passes_give(make, monkeypatch: pytest.MonkeyPatch) -> None:
    language_model = make()
    given = experiments._sequences(language_model, range(30, 40), n_random=6, sequences=3, seed=4)
    assert given[:, 0].tolist() == [language_model.prefix_id] * 3
    assert torch.equal(given[:, 1:7], given[:, 7:])
    assert int(given[:, 1:].min()) >= 30
    assert int(given[:, 1:].max()) < 40
    expected = []
    with torch.inference_mode():
        for row in given:
            log_probs = language_model.model(row[None]).logits[0].double().log_softmax(-1)
            expected.append([float(log_probs[i, row[i + 1]]) for i in range(12)])
    found = induction(language_model, range(30, 40), n_random=6, sequences=3, seed=4)
    assert found.log_prob_nats == pytest.approx(np.array(expected), abs=1e-4)
    assert found.first_half_nats == pytest.approx(np.mean(np.array(expected)[:, :6]), abs=1e-4)
    monkeypatch.setattr(experiments, "_MOST_LOGITS", 1)  # one sequence at a time
    one_by_one = induction(language_model, range(30, 40), n_random=6, sequences=3, seed=4)
    assert one_by_one.log_prob_nats == pytest.approx(found.log_prob_nats, abs=1e-4)


def test_a_model_that_copies_is_sure_of_the_second_half_alone() -> None:
    # All it knows is what stood among the last four ids: with n = 4 the whole first half, in the second.
    found = induction(copying(), range(100, 300), n_random=4, sequences=6)
    assert found.second_half_nats > math.log(1 / 8)
    assert found.first_half_nats < -10


def test_a_model_that_knows_nothing_expects_every_id_alike() -> None:
    language_model = llama()
    with torch.no_grad():
        language_model.model.lm_head.weight.zero_()
    found = induction(language_model, range(10, 20), n_random=3, sequences=2)
    assert found.log_prob_nats == pytest.approx(np.full((2, 6), -math.log(400)), abs=1e-5)
    logits = range_logits(language_model, range(10, 20), n_random=3, sequences=2)
    assert logits.mean_centred_logit == pytest.approx(np.zeros(10), abs=1e-6)
    assert logits.highest_log_prob_nats == pytest.approx(np.full(10, -math.log(400)), abs=1e-5)


def test_a_model_with_nothing_to_put_before_a_text_has_no_first_place() -> None:
    found = induction(gpt2(bos=False), range(10, 20), n_random=3, sequences=2)
    assert np.isnan(found.log_prob_nats[:, 0]).all()
    assert np.isfinite(found.log_prob_nats[:, 1:]).all()
    assert found.first_half_nats == pytest.approx(found.log_prob_nats[:, 1:3].mean())
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["log_prob_nats"][0][0] is None


def test_seeds() -> None:
    language_model = llama()
    one, same, other = (
        induction(language_model, range(10, 300), n_random=3, sequences=2, seed=seed).log_prob_nats
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_logits_of_a_range_are_what_plain_passes_give() -> None:
    language_model = llama()
    ids = range(40, 45)
    given = experiments._sequences(language_model, ids, n_random=5, sequences=3, seed=0)
    with torch.inference_mode():
        logits = language_model.model(given).logits.double().numpy()
    centred = (logits - logits.mean(axis=2, keepdims=True))[:, :, 40:45]
    found = range_logits(language_model, ids, n_random=5, sequences=3)
    assert found.mean_logit == pytest.approx(logits[:, :, 40:45].mean(axis=(0, 1)), abs=1e-4)
    assert found.mean_centred_logit == pytest.approx(centred.mean(axis=(0, 1)), abs=1e-4)
    assert found.highest_centred_logit == pytest.approx(centred.max(axis=(0, 1)), abs=1e-4)
    assert found.last_centred_logit == pytest.approx(centred[:, -1].mean(axis=0), abs=1e-4)
    log_probs = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
    assert found.highest_log_prob_nats == pytest.approx(log_probs[:, :, 40:45].max(axis=(0, 1)), abs=1e-4)
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [token["token_id"] for token in record["tokens"]] == [*ids]


def test_repetition_tells_what_the_model_copies_from_what_it_cannot_read() -> None:
    language_model = copying(unread=(77,))
    copied, lost = (repetition(language_model, TokenInContext(i), rounds=3) for i in (76, 77))
    assert copied.rank == 1
    assert copied.probability > 0.1
    assert lost.rank > 300
    assert lost.probability < 1e-6
    assert len(copied.log_prob_nats) == 4  # three rounds and the one asked for
    assert any(answer[0] == 76 for answer in copied.answers)
    assert all(answer[0] != 77 for answer in lost.answers)


def test_the_probability_of_each_round_is_what_plain_passes_give() -> None:
    language_model = llama()
    token = TokenInContext(90, left=(8,))
    prompt = experiments.build_prompt(language_model, experiments.echo_form(2))
    suffix, _ = prompt.suffix(token)
    found = repetition(language_model, token, rounds=2)
    ids = [*prompt.prefix, *suffix]
    outputs = [i for i, given in enumerate(ids) if given == 90][1::2]
    assert len(outputs) == 3
    with torch.inference_mode():
        log_probs = language_model.model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
    assert found.log_prob_nats == pytest.approx([float(log_probs[i - 1, 90]) for i in outputs], abs=1e-4)
    best = log_probs[outputs[-1] - 1].topk(5)
    assert [i for i, _ in found.alternatives] == best.indices.tolist()
    assert [p for _, p in found.alternatives] == pytest.approx(best.values.exp().tolist(), abs=1e-5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("177-188", "Write START:END"),
        ("188:177", "is empty"),
        ("5:5", "is empty"),
        ("390:401", "reaches beyond the model's vocabulary of 400; it may end at 400"),
        ("-1:5", "is no range"),
        ("", "is no range"),
    ],
)
def test_a_range_that_is_none_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_range(text, rows=400)


def test_a_range_ends_before_its_end() -> None:
    assert [*parse_range(" 397 : 400 ", rows=400)] == [397, 398, 399]


def test_ids_the_model_does_not_have_are_refused_by_the_experiments_too() -> None:
    language_model = llama()
    with pytest.raises(InputError, match="ids go from 0 to 399"):
        induction(language_model, range(395, 405))
    with pytest.raises(InputError, match="ids go from 0 to 399"):
        repetition(language_model, TokenInContext(400))
    with pytest.raises(UsageError, match="make 401 tokens, and tiny reads 256 at once"):
        induction(language_model, range(5, 10), n_random=200)
    with pytest.raises(UsageError, match="0 sequences"):
        range_logits(language_model, range(5, 10), sequences=0)
    with pytest.raises(UsageError, match="number of rounds is 0"):
        repetition(language_model, TokenInContext(4), rounds=0)
    with pytest.raises(InputError, match="echo prompt takes"):
        repetition(language_model, TokenInContext(4), rounds=40)


def test_a_token_is_named_by_id_by_vocabulary_string_or_by_text() -> None:
    analysis = analyse_tokenizer(tiny_tokenizer())
    the = analysis.pieces.index("\u0120the")
    assert parse_token(analysis, str(the)) == the
    assert parse_token(analysis, "\u0120the") == the
    assert parse_token(analysis, " the") == the
    byte = analysis.token_bytes.index(b"\xfa")
    assert parse_token(analysis, "\u00fa") == byte  # the symbol that stands for the byte FA
    with pytest.raises(UsageError, match=r"' the boats' is \d+ tokens, "):
        parse_token(analysis, " the boats")
    with pytest.raises(UsageError, match="'' is no token"):
        parse_token(analysis, "")
    with pytest.raises(UsageError, match=f"No token has the id 400; .* from 0 to {len(analysis) - 1}"):
        parse_token(analysis, "400")


def test_the_lines_say_what_was_found() -> None:
    language_model, analysis = copying(unread=(77,)), analyse_tokenizer(tiny_tokenizer())
    lost = "\n".join(repetition_lines(repetition(language_model, TokenInContext(77), rounds=2), analysis))
    assert "does not give the token back" in lost
    kept = "\n".join(repetition_lines(repetition(language_model, TokenInContext(76), rounds=2), analysis))
    assert "The model gives the token back." in kept
    assert "neighbours" not in kept
    part = "\n".join(repetition_lines(repetition(language_model, TokenInContext(76, left=(80,)), rounds=2), analysis))
    assert f"between its neighbours: {analysis.display[80]}{analysis.display[76]}" in part
    found = Induction(range(177, 188), 0, np.array([[-17.27, -19.675]]))
    assert [line.split()[:3] for line in list(induction_lines(found))[1:]] == [
        ["first", "half", "-17.270"],
        ["second", "half", "-19.675"],
    ]
    rows = list(range_logits_lines(range_logits(language_model, range(378, 384), sequences=1), analysis))
    assert len(rows) == 8
    assert "(no token)" in rows[-1]  # a row above the vocabulary


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_picture_is_drawn(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"induction{suffix}"
    draw_induction(induction(gpt2(bos=False), range(10, 20), n_random=4, sequences=3), path)
    first = path.read_bytes()
    assert first[:4] == b"\x89PNG" or b"<svg" in first[:1000]
    draw_induction(induction(gpt2(), range(10, 20), n_random=4, sequences=1), path)
    assert path.read_bytes() != first
    with pytest.raises(OutputError, match="picture cannot be written"):
        draw_induction(induction(gpt2(), range(10, 20), n_random=4, sequences=1), tmp_path / "none" / "a.png")
