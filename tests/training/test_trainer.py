"""The recipe end to end on a tiny corpus, in seconds."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from detector import InputError, LanguageModel, ModelError, UsageError, score_texts
from detector.training.corpus import read_documents, split_of
from detector.training.export import export_model, seen_tokens
from detector.training.rows import CorpusRows
from detector.training.token_store import TokenStore, TrainingStream
from detector.training.tokenizer import mixture_sample, save_tokenizer, train_tokenizer
from detector.training.trainer import Trainer, TrainingConfig, _document_mask, build_model, with_settings
from tests.conftest import TRAINING_TEXT

CONFIG = TrainingConfig(
    vocabulary=400, width=32, layers=1, heads=2, mlp_width=64, context=32, short_row=16, tokens_per_step=256,
    tokens=256 * 20, stream_tokens=8_000, warmup_steps=2,
)  # fmt: skip


def trainer_of(config, store, folder):
    return Trainer(config, build_model(config), CorpusRows(store, config), folder)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    sentences = TRAINING_TEXT.split(". ")
    for genre in ("news", "fiction"):
        with (folder / f"{genre}__tiny.jsonl").open("w") as out:
            for i in range(300):
                rng = np.random.default_rng(i)
                text = ". ".join(rng.permutation(sentences).tolist())
                out.write(json.dumps({"text": text, "source": f"{genre} {i}"}) + "\n")
    return folder


@pytest.fixture(scope="module")
def work(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    tokenizer = train_tokenizer(mixture_sample(read_documents(corpus), 20_000, seed=0), CONFIG.vocabulary)
    save_tokenizer(tokenizer, folder / "tokenizer", CONFIG.context)
    TokenStore.build(read_documents(corpus), tokenizer, folder)
    return folder


@pytest.fixture
def store(work):
    return TokenStore.open(work)


def test_the_store_holds_every_document_behind_a_boundary(store, corpus):
    documents = list(read_documents(corpus))
    assert len(store.lengths) == len(documents) == 600
    assert int(store.lengths.sum()) == len(store.tokens)
    assert (store.tokens[store.starts] == 0).all()
    assert len(store.select("validation")) == sum(d.split == "validation" for d in documents)


def test_the_stream_never_shows_a_held_out_document(store, corpus):
    stream = TrainingStream(store, 50_000, 32, seed=0)
    held_out = set(store.select("validation")) | set(store.select("reference"))
    assert held_out
    assert not held_out & set(stream._documents.tolist())
    assert sum(split_of(f"news {i}") != "train" for i in range(300)) > 0


def test_rows_are_the_same_for_the_same_seed_and_follow_the_documents(store):
    one, two = TrainingStream(store, 5_000, 32, seed=3), TrainingStream(store, 5_000, 32, seed=3)
    other = TrainingStream(store, 5_000, 32, seed=4)
    assert all((one.row(i) == two.row(i)).all() for i in range(len(one)))
    assert any((one.row(i) != other.row(i)).any() for i in range(len(other)))
    laid_out = np.concatenate(
        [store.tokens[store.starts[d] : store.starts[d] + store.lengths[d]] for d in one._documents]
    )
    for i in (0, len(one) // 2, len(one) - 1):
        begin = int(one._rows[i]) * 32
        assert (one.row(i) == laid_out[begin : begin + 33]).all()


def test_training_lowers_the_loss_and_resumes_exactly(store, tmp_path):
    whole = trainer_of(CONFIG, store, tmp_path / "whole")
    before = whole.validation_loss()
    whole.run(report=lambda line: None, evaluate_every=10)
    assert whole.validation_loss() < before - 0.3

    first = trainer_of(CONFIG, store, tmp_path / "parts")
    for _ in range(7):
        first._train_step()
    first.save_checkpoint()
    second = trainer_of(CONFIG, store, tmp_path / "parts")
    assert second.step == 7
    second.run(report=lambda line: None)
    for left, right in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert (left == right).all()


def test_another_configuration_is_refused(store, tmp_path):
    trainer_of(CONFIG, store, tmp_path / "run")
    with pytest.raises(InputError, match="another configuration"):
        trainer_of(replace(CONFIG, seed=5), store, tmp_path / "run")
    trainer_of(replace(CONFIG, tokens=CONFIG.tokens * 2), store, tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text('{"width": 3, "unheard": 1}')
    with pytest.raises(InputError, match="another configuration"):
        trainer_of(CONFIG, store, tmp_path / "run")


def test_a_loss_or_gradient_that_is_not_a_number_stops_the_run(store, tmp_path):
    trainer = trainer_of(CONFIG, store, tmp_path / "run")
    trainer._train_step()
    trainer.save_checkpoint()
    before = [p.detach().clone() for p in trainer.model.parameters()]
    trainer.model.lm_head.weight.register_hook(lambda gradient: gradient * math.nan)
    with pytest.raises(ModelError, match=r"gradient nan at step 2.*Train in a new folder with a lower"):
        trainer.run(report=lambda line: None)
    assert all((a == b).all() for a, b in zip(before, trainer.model.parameters(), strict=True))
    trainer.model.lm_head.weight.data.fill_(math.nan)
    with pytest.raises(ModelError, match="The loss became nan"):
        trainer.run(report=lambda line: None)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(store, tmp_path):
    trainer = trainer_of(CONFIG, store, tmp_path / "run")
    for _ in range(2):
        trainer._train_step()
        trainer.save_checkpoint()
    weights = tmp_path / "run" / "checkpoint" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:200])
    assert trainer_of(CONFIG, store, tmp_path / "run").step == 1
    (tmp_path / "run" / "checkpoint.previous" / "step.json").unlink()
    with pytest.raises(ModelError, match=r"No checkpoint of .* can be read"):
        trainer_of(CONFIG, store, tmp_path / "run")


def test_a_failed_checkpoint_leaves_the_one_before(store, tmp_path, monkeypatch):
    trainer = trainer_of(CONFIG, store, tmp_path / "run")
    trainer._train_step()
    trainer.save_checkpoint()

    def full_disk(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("detector.training.trainer.save_file", full_disk)
    trainer._train_step()
    with pytest.raises(ModelError, match=r"cannot be written .*No space left"):
        trainer.save_checkpoint()
    assert trainer_of(CONFIG, store, tmp_path / "run").step == 1


def test_too_small_a_corpus_is_refused(tmp_path, corpus):
    (tmp_path / "news__one.jsonl").write_text(json.dumps({"text": "Few words.", "source": "news 0"}))
    tokenizer = train_tokenizer(["Few words."], 300)
    store = TokenStore.build(read_documents(tmp_path), tokenizer, tmp_path / "work")
    with pytest.raises(InputError, match=r"training tokens; one row needs|too little validation"):
        trainer_of(CONFIG, store, tmp_path / "run")


def test_learning_rate_rises_stays_and_falls_to_zero():
    config = replace(CONFIG, tokens=256 * 100, warmup_steps=10, decay_share=0.5)
    factors = [config.learning_rate_factor(step) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == factors[49] == 1
    assert factors[75] == pytest.approx(0.5)
    assert factors[100] == 0


def test_export_writes_a_folder_that_loads_and_scores(store, work, corpus, tmp_path):
    run, out = tmp_path / "run", tmp_path / "model"
    trainer = trainer_of(CONFIG, store, run)
    trainer.run(report=lambda line: None)
    export_model(corpus, work, run, out, "float32", "a test", "Made of one page.", report=lambda line: None)
    language_model = LanguageModel.load(out, device="cpu", dtype="float32")
    (scores,) = score_texts(language_model, [TRAINING_TEXT])
    assert scores.first_token == "after_bos"
    assert scores.log_prob_nats.mean() > -math.log(400)
    facts = json.loads((out / "training_facts.json").read_text())
    assert facts["tokens_seen"] == CONFIG.tokens
    assert facts["fingerprint_float32"] == language_model.fingerprint
    assert set(facts["bits_per_byte"]) == {"news", "fiction"}
    counts = np.array(json.loads((out / "token_counts.json").read_text()))
    assert int(counts.sum()) == CONFIG.tokens
    assert (counts == seen_tokens(store, CONFIG, trainer.step)).all()
    assert (counts == 0).sum() == facts["tokens_by_count"]["never"]
    assert sum(facts["tokens_by_count"].values()) == CONFIG.vocabulary
    card = (out / "README.md").read_text()
    assert facts["sha256"] in card
    assert "Made of one page." in card
    assert (out / "loss_curve.png").read_bytes().startswith(b"\x89PNG")


def test_settings_are_read_by_name_and_kind():
    changed = with_settings(CONFIG, ["width=64", "mask_documents=true", "z_loss=1e-4", "optimizer=adamw"])
    assert changed == replace(CONFIG, width=64, mask_documents=True, z_loss=1e-4, optimizer="adamw")
    with pytest.raises(UsageError, match="Unknown setting 'widht'"):
        with_settings(CONFIG, ["widht=64"])
    with pytest.raises(UsageError, match="width is 33 and heads 2; the first must be a multiple"):
        with_settings(CONFIG, ["width=33"])
    with pytest.raises(UsageError, match="'wide' is no value for width"):
        with_settings(CONFIG, ["width=wide"])


def test_an_unknown_optimizer_is_named():
    with pytest.raises(UsageError, match="Unknown optimizer 'sgd'"):
        replace(CONFIG, optimizer="sgd")


def test_adamw_alone_trains_every_parameter(store, tmp_path):
    config = replace(CONFIG, optimizer="adamw", tokens=256 * 3)
    trainer = trainer_of(config, store, tmp_path / "run")
    before = [p.detach().clone() for p in trainer.model.parameters()]
    trainer.run(report=lambda line: None)
    assert all((a != b).any() for a, b in zip(before, trainer.model.parameters(), strict=True))


def test_with_document_masking_a_document_does_not_see_the_one_before(store, tmp_path):
    trainer = trainer_of(replace(CONFIG, mask_documents=True), store, tmp_path / "run")
    rows = torch.randint(1, 400, (1, 17), generator=torch.Generator().manual_seed(0))
    rows[0, 8] = 0
    changed = rows.clone()
    changed[0, 3] = (changed[0, 3] + 5) % 399 + 1
    mask = _document_mask(rows[:, :-1])
    one, two = (
        trainer.model.model(input_ids=r[:, :-1], attention_mask=mask).last_hidden_state.detach()
        for r in (rows, changed)
    )
    assert torch.allclose(one[0, 8:], two[0, 8:], atol=1e-6)
    assert not torch.allclose(one[0, 3:8], two[0, 3:8], atol=1e-3)
    without = trainer.model.model(input_ids=changed[:, :-1]).last_hidden_state.detach()
    assert not torch.allclose(without[0, 8:], two[0, 8:], atol=1e-4)
    # positions are relative, so a masked document has the states it would have alone
    alone = trainer.model.model(input_ids=rows[:, 8:-1]).last_hidden_state.detach()
    assert torch.allclose(one[0, 8:], alone[0], atol=1e-4)
