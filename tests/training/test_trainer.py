"""The recipe end to end on a tiny corpus, in seconds."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from detector import InputError, LanguageModel, ModelError, score_texts
from detector.training.corpus import read_documents, split_of
from detector.training.export import export_model, seen_tokens
from detector.training.token_store import TokenStore, TrainingStream
from detector.training.tokenizer import mixture_sample, save_tokenizer, train_tokenizer
from detector.training.trainer import Trainer, TrainingConfig
from tests.conftest import TRAINING_TEXT

CONFIG = TrainingConfig(
    vocabulary=400, width=32, layers=1, heads=2, mlp_width=64, context=32, short_row=16, tokens_per_step=256,
    tokens=256 * 20, stream_tokens=8_000, warmup_steps=2,
)  # fmt: skip


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
    whole = Trainer(CONFIG, store, tmp_path / "whole")
    before = whole.validation_loss()
    whole.run(report=lambda line: None, evaluate_every=10)
    assert whole.validation_loss() < before - 0.3

    first = Trainer(CONFIG, store, tmp_path / "parts")
    for _ in range(7):
        first._train_step()
    first.save_checkpoint()
    second = Trainer(CONFIG, store, tmp_path / "parts")
    assert second.step == 7
    second.run(report=lambda line: None)
    for left, right in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert (left == right).all()


def test_another_configuration_is_refused(store, tmp_path):
    Trainer(CONFIG, store, tmp_path / "run")
    with pytest.raises(InputError, match="another configuration"):
        Trainer(replace(CONFIG, seed=5), store, tmp_path / "run")
    Trainer(replace(CONFIG, tokens=CONFIG.tokens * 2), store, tmp_path / "run")


def test_a_loss_that_is_not_a_number_stops_the_run(store, tmp_path):
    trainer = Trainer(CONFIG, store, tmp_path / "run")
    trainer.model.lm_head.weight.data.fill_(math.nan)
    with pytest.raises(ModelError, match="The loss became nan at step 1"):
        trainer.run(report=lambda line: None)


def test_a_failed_checkpoint_leaves_the_one_before(store, tmp_path, monkeypatch):
    trainer = Trainer(CONFIG, store, tmp_path / "run")
    trainer._train_step()
    trainer.save_checkpoint()

    def full_disk(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("detector.training.trainer.save_file", full_disk)
    trainer._train_step()
    with pytest.raises(ModelError, match=r"cannot be written .*No space left"):
        trainer.save_checkpoint()
    assert Trainer(CONFIG, store, tmp_path / "run").step == 1


def test_too_small_a_corpus_is_refused(tmp_path, corpus):
    (tmp_path / "news__one.jsonl").write_text(json.dumps({"text": "Few words.", "source": "news 0"}))
    tokenizer = train_tokenizer(["Few words."], 300)
    store = TokenStore.build(read_documents(tmp_path), tokenizer, tmp_path / "work")
    with pytest.raises(InputError, match=r"training tokens; one row needs|too little validation"):
        Trainer(CONFIG, store, tmp_path / "run")


def test_learning_rate_rises_stays_and_falls_to_zero():
    config = replace(CONFIG, tokens=256 * 100, warmup_steps=10, decay_share=0.5)
    factors = [config.learning_rate_factor(step) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == factors[49] == 1
    assert factors[75] == pytest.approx(0.5)
    assert factors[100] == 0


def test_export_writes_a_folder_that_loads_and_scores(store, work, corpus, tmp_path):
    run, out = tmp_path / "run", tmp_path / "model"
    trainer = Trainer(CONFIG, store, run)
    trainer.run(report=lambda line: None)
    export_model(corpus, work, run, out, "float32", "a test", "Nothing else.", report=lambda line: None)
    language_model = LanguageModel.load(out, device="cpu")
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
    assert facts["sha256"] in (out / "README.md").read_text()
