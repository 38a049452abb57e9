"""Tuning voices on tiny texts: what changes, what does not, and that the ratio tells who wrote."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from detector import InputError, LanguageModel, UsageError, score_texts
from detector.evaluation.labelled_texts import LabelledText
from detector.models.voices import VOICE_NAMES, Voices, apply_change
from detector.training.roles import VoiceDomain
from detector.training.trainer import Trainer
from detector.training.voice_tuning import VoiceConfig, change_of, make_tunable, tune_voice, voice_documents
from tests.conftest import TRAINING_TEXT, tiny_llama, tiny_tokenizer

CONFIG = VoiceConfig(
    tokens_per_step=128, tokens=128 * 40, row_length=32, rank=4, warmup_steps=2, other_learning_rate=0.02
)
WORDS = TRAINING_TEXT.split()


def text_of(side, number, n_words=30):
    """Human texts draw from the first half of the words, machine texts from the second."""
    half = WORDS[: len(WORDS) // 2] if side == "human" else WORDS[len(WORDS) // 2 :]
    words = np.random.default_rng((number, side == "human")).choice(half, size=n_words)
    return LabelledText(
        " ".join(words), side == "machine", "set", f"p{number}", generator=f"g{number % 3}" if side == "machine" else ""
    )


def domain(n=60, name="d"):
    return VoiceDomain(name, [text_of("human", i) for i in range(n)], [text_of("machine", i) for i in range(n)])


@pytest.fixture
def base():
    model = tiny_llama()
    model.config.tie_word_embeddings = True
    model.tie_weights()
    return LanguageModel(model, tiny_tokenizer(), name="tiny")


@pytest.mark.parametrize("rank", [4, 0])
def test_the_ratio_of_the_voices_tells_who_wrote(base, tmp_path, rank):
    before = copy.deepcopy(base.model.state_dict())
    tuned = []
    for name in VOICE_NAMES:
        config = replace(CONFIG, voice=name, rank=rank, base_fingerprint=base.fingerprint)
        path = tune_voice(base, [domain()], config, tmp_path / name, tmp_path / "voices", report=lambda line: None)
        tuned.append(apply_change(base.model, load_file(path), name))
    assert all((before[n] == p).all() for n, p in base.model.state_dict().items())  # the base is left alone
    voices = Voices(*tuned, "0" * 16)
    for side in VOICE_NAMES:
        for scores in score_texts(base, [text_of(side, 1000 + i).text for i in range(8)], voices=voices):
            ratio = (scores.machine_log_prob_nats - scores.human_log_prob_nats).mean()
            assert (ratio > 0.1) if side == "machine" else (ratio < -0.1)


def test_only_the_change_is_stored_and_it_gives_back_the_tuned_model(base, tmp_path):
    model = copy.deepcopy(base.model)
    make_tunable(model, rank=3, seed=0)
    assert not change_norm(model, base)  # nothing is changed before the first step
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    tensors = change_of(model, base.model)
    assert all(key.endswith((".up", ".down", ".change")) for key in tensors)
    assert not any("embed_tokens" in key for key in tensors)
    assert tensors["lm_head.weight.up"].shape == (400, 3)
    ids = torch.arange(1, 20)[None]
    applied = apply_change(base.model, tensors, "v")
    with torch.no_grad():
        assert torch.allclose(applied(ids).logits, model(ids).logits, atol=0.1)  # stored as bfloat16
        assert not torch.allclose(applied(ids).logits, base.model(ids).logits, atol=0.5)


def change_norm(model, base):
    with torch.no_grad():
        ids = torch.arange(1, 20)[None]
        return bool((model(ids).logits - base.model(ids).logits).abs().max() > 1e-5)


def test_both_voices_get_the_same_tokens_of_every_domain(base):
    small = replace(domain(20, "small"), human=[text_of("human", i, 10) for i in range(20)])
    counts = {}
    for name in VOICE_NAMES:
        config = replace(CONFIG, voice=name, tokens=40_000)
        documents, validation = voice_documents(base, [domain(60, "large"), small], config)
        counts[name] = sum(map(len, documents))
        held_out = {tuple(document) for document in validation}
        assert held_out
        assert not held_out & {tuple(document) for document in documents}
    assert counts["human"] == pytest.approx(40_000, rel=0.02)
    assert counts["machine"] == pytest.approx(40_000, rel=0.02)


def test_validation_is_the_same_whatever_the_budget(base):
    (_, one), (_, other) = (voice_documents(base, [domain()], replace(CONFIG, tokens=n)) for n in (500, 5_000))
    assert [d.tolist() for d in one] == [d.tolist() for d in other]


def test_generators_are_read_in_turn(base):
    uneven = [text_of("machine", 3 * i) for i in range(50)] + [text_of("machine", 3 * i + 1) for i in range(4)]
    documents, _ = voice_documents(
        base, [replace(domain(), machine=uneven)], replace(CONFIG, voice="machine", tokens=600)
    )
    rare = {tuple(base.encoder.encode(text.text)[0]) for text in uneven[50:]}
    assert sum(tuple(document[1:]) in rare for document in documents) >= 2


def test_another_budget_is_another_run(base, tmp_path):
    config = replace(CONFIG, tokens=128, base_fingerprint=base.fingerprint)
    tune_voice(base, [domain()], config, tmp_path / "run", tmp_path / "out", report=lambda line: None)
    with pytest.raises(InputError, match="another configuration"):
        tune_voice(
            base, [domain()], replace(config, tokens=256), tmp_path / "run", tmp_path / "out", report=lambda line: None
        )


def test_an_unknown_voice_and_an_empty_side_are_sentences(base, tmp_path):
    with pytest.raises(UsageError, match="Unknown voice 'robot'"):
        replace(CONFIG, voice="robot")
    with pytest.raises(UsageError, match="row_length is 999"):
        replace(CONFIG, row_length=999)
    with pytest.raises(InputError, match="No domain has both"):
        voice_documents(base, [replace(domain(), human=[])], CONFIG)
    with pytest.raises(InputError, match="Too little text to tune on"):
        tune_voice(base, [domain(1)], replace(CONFIG, tokens=10), tmp_path, tmp_path, report=lambda line: None)


def test_a_broken_off_run_goes_on_where_it_stopped(base, tmp_path, monkeypatch):
    config = replace(CONFIG, tokens=128 * 8, base_fingerprint=base.fingerprint)
    whole = tune_voice(base, [domain()], config, tmp_path / "whole", tmp_path / "one", report=lambda line: None)
    step = Trainer._train_step

    def tune_in_parts():
        return tune_voice(base, [domain()], config, tmp_path / "parts", tmp_path / "two", report=lambda line: None)

    def interrupted(trainer):
        if trainer.step == 3:
            trainer.save_checkpoint()
            raise KeyboardInterrupt
        return step(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_train_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tune_in_parts()
    parts = tune_in_parts()
    assert all((load_file(whole)[k] == v).all() for k, v in load_file(parts).items())
    facts = json.loads((tmp_path / "two" / "human.json").read_text())
    assert facts == json.loads((tmp_path / "one" / "human.json").read_text())
    assert facts["tokens_seen"] == 128 * 8
    assert facts["validation_loss_nats"] < facts["validation_loss_nats_base"]
    card = (tmp_path / "two" / "README.md").read_text()
    assert facts["sha256"] in card
    assert "| d | 60 |" in card
