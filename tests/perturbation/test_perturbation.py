"""Changed copies: how much changes, what stays, seeds, bounds, and bad input."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from detector import InputError, LanguageModel, ModelError, UsageError, score_texts
from detector.generation import generate
from detector.methods import compute
from detector.perturbation import MaskFiller, SpanResampler, regenerate, score_perturbed
from detector.perturbation.span_resampling import choose_spans
from tests.conftest import TRAINING_TEXT, tiny_llama, tiny_tokenizer

SHORT = "The old man walked slowly to the harbour."


@pytest.fixture(scope="module")
def model():
    return LanguageModel(tiny_llama(context=64), tiny_tokenizer(), name="tiny")


def test_spans_are_apart_and_cover_the_share():
    random = np.random.default_rng(0)
    chosen = choose_spans(400, 0.15, 2, 1, random)
    assert chosen.sum() == pytest.approx(60, abs=2)
    assert not chosen[0]
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], chosen, [0]]))))[::2]
    assert set(runs.tolist()) == {2}
    assert choose_spans(3, 0.15, 2, 1, random).sum() == 2
    assert not choose_spans(2, 0.15, 2, 1, random).any()


def test_copies_keep_what_was_not_chosen(model):
    copies = SpanResampler(model).perturb(SHORT, n=8, seed=1)
    assert copies == SpanResampler(model).perturb(SHORT, n=8, seed=1)
    assert copies != SpanResampler(model).perturb(SHORT, n=8, seed=2)
    assert len({*copies, SHORT}) > 4
    shares = [np.mean([a == b for a, b in zip(c.split(), SHORT.split(), strict=False)]) for c in copies]
    assert np.mean(shares) > 0.3


def test_a_long_text_is_changed_in_all_its_parts(model):
    text = TRAINING_TEXT * 3
    assert len(model.encoder.encode(text)[0]) > 3 * model.window_tokens
    copies = SpanResampler(model).perturb(text, n=6)
    for part in range(4):
        begin, end = part * len(text) // 4, (part + 1) * len(text) // 4
        assert any(copy[begin:end] != text[begin:end] for copy in copies)


def test_a_drawn_span_follows_the_model_given_what_stands_to_its_left():
    """A model that always writes the same token writes it into every span."""
    sure = tiny_llama(context=64)
    with torch.no_grad():
        sure.lm_head.weight.zero_()
        sure.lm_head.weight[65] = 1.0
        sure.model.norm.weight.fill_(50.0)
        for layer in sure.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        sure.model.embed_tokens.weight.copy_(sure.model.embed_tokens.weight.abs())
    language_model = LanguageModel(sure, tiny_tokenizer(), name="sure")
    ids = language_model.encoder.encode(SHORT)[0].tolist()
    only = language_model.tokenizer.decode([65])
    (copy,) = SpanResampler(language_model, share=0.2).perturb(SHORT, n=1)
    changed = round(0.2 * len(ids) / 2) * 2
    assert copy.count(only) - SHORT.count(only) == pytest.approx(changed, abs=2)


def test_detect_gpt_and_npr_against_their_definition(model):
    (found,) = score_perturbed(model, SpanResampler(model), [SHORT], n=5, seed=3)
    copies = SpanResampler(model).perturb(SHORT, 5, 3)
    log_likelihoods = [compute("log_likelihood", s) for s in score_texts(model, copies)]
    log_ranks = [compute("log_rank", s) for s in score_texts(model, copies)]
    (own,) = score_texts(model, [SHORT])
    expected = compute("log_likelihood", own) - np.mean(log_likelihoods)
    assert compute("detect_gpt", found) == pytest.approx(expected, abs=1e-5)
    assert compute("detect_gpt_z", found) == pytest.approx(expected / np.std(log_likelihoods), rel=1e-3)
    assert compute("npr", found) == pytest.approx(np.mean(log_ranks) / compute("log_rank", own), rel=1e-4)


def test_too_short_a_text_and_impossible_settings_are_sentences(model):
    with pytest.raises(InputError, match="at least 3 are needed"):
        SpanResampler(model).perturb("a", 3)
    with pytest.raises(UsageError, match="copies is 0"):
        SpanResampler(model).perturb(SHORT, 0)
    with pytest.raises(UsageError, match="share is 1"):
        SpanResampler(model, share=1.0)


@pytest.fixture(scope="module")
def filler():
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    special = ["<pad>", "</s>", *[f"<extra_id_{i}>" for i in range(100)]]
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    backend.train_from_iterator([TRAINING_TEXT], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", eos_token="</s>")
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=500, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0,
        pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return MaskFiller(T5ForConditionalGeneration(config), tokenizer)


def scripted(filler, monkeypatch, outputs):
    """Make the model answer with ``outputs``, call by call."""
    calls = []

    def generate(masked, random):
        calls.append(masked)
        return [filler._read(outputs[min(len(calls) - 1, len(outputs) - 1)]) for _ in masked]

    monkeypatch.setattr(filler, "_generate", generate)
    return calls


def test_masks_are_numbered_from_left_to_right_and_apart(filler):
    words = TRAINING_TEXT.split(" ")
    masked, spans = filler._mask(words, np.random.default_rng(0))
    assert len(spans) == int(0.3 * len(words) / 4)
    assert [int(m) for m in re.findall(r"<extra_id_(\d+)>", masked)] == list(range(len(spans)))
    assert all(b[0] - a[1] >= 1 for a, b in pairwise(spans))


def test_fills_replace_their_spans_and_nothing_else(filler, monkeypatch):
    answer = "".join(f"<extra_id_{i}> fill{i} " for i in range(20)) + "<extra_id_20>"
    scripted(filler, monkeypatch, [answer])
    words = TRAINING_TEXT.split(" ")
    (copy,) = filler.perturb(TRAINING_TEXT, 1)
    kept = [w for w in copy.split(" ") if not w.startswith("fill")]
    n_fills = len(copy.split(" ")) - len(kept)
    assert n_fills == int(0.3 * len(words) / 4)
    assert len(kept) == len(words) - 2 * n_fills
    remaining = iter(words)
    assert all(w in remaining for w in kept)  # in order


def test_a_filler_that_never_answers_ends_after_its_retries(filler, monkeypatch):
    calls = scripted(filler, monkeypatch, ["nothing of use"])
    assert filler.perturb(TRAINING_TEXT, 2) == [TRAINING_TEXT, TRAINING_TEXT]
    assert len(calls) == filler.retries


def test_what_was_missing_is_asked_for_again(filler, monkeypatch):
    calls = scripted(
        filler, monkeypatch,
        ["<extra_id_0> first <extra_id_1>", "<extra_id_0> second <extra_id_1> other <extra_id_2>", ""],
    )  # fmt: skip
    (copy,) = filler.perturb(TRAINING_TEXT, 1)
    assert "first" in copy
    assert "second" not in copy
    assert "other" in copy
    assert len(calls) == 3


def test_a_real_model_runs_and_follows_the_seed(filler):
    copies = filler.perturb(TRAINING_TEXT, 3, seed=1)
    assert len(copies) == 3
    assert copies == filler.perturb(TRAINING_TEXT, 3, seed=1)
    state = torch.random.get_rng_state()
    filler.perturb(TRAINING_TEXT, 1)
    assert (torch.random.get_rng_state() == state).all()


def test_a_long_text_is_filled_in_parts(filler, monkeypatch):
    scripted(filler, monkeypatch, ["<extra_id_0> start <extra_id_1>"])
    (copy,) = filler.perturb(TRAINING_TEXT * 10, 1)
    assert copy.count("start") == math.ceil(len((TRAINING_TEXT * 10).split(" ")) / 250)


def test_what_is_no_mask_filler_is_refused(filler, tiny_folder, tmp_path):
    with pytest.raises(ModelError, match="no mask <extra_id_0>"):
        MaskFiller(filler.model, tiny_tokenizer())
    with pytest.raises(ModelError, match="cannot be loaded"):
        MaskFiller.load(tmp_path)
    with pytest.raises(InputError, match="more than 2 are needed"):
        filler.perturb("two words", 1)
    with pytest.raises(UsageError, match="copies is 0"):
        filler.perturb(TRAINING_TEXT, 0)


def test_loading_by_folder(filler, tmp_path):
    filler.model.save_pretrained(tmp_path)
    filler.tokenizer.save_pretrained(tmp_path)
    loaded = MaskFiller.load(tmp_path, retries=1)
    assert loaded.perturb(TRAINING_TEXT, 1, seed=2)
    assert loaded.retries == 1


def test_regeneration_keeps_the_first_half_and_draws_the_second(model):
    (found,) = regenerate(model, [SHORT], n=4, seed=2)
    assert found.ending == "slowly to the harbour."
    assert len(found.endings) == len(found.regenerated) == 4
    assert len(set(found.endings)) > 1
    (own,) = score_texts(model, [SHORT])
    assert compute("log_likelihood", found.original) == pytest.approx(compute("log_likelihood", own), abs=1e-5)
    again = next(regenerate(model, [SHORT], n=4, seed=2))
    assert again.endings == found.endings


def test_endings_are_scored_as_they_were_drawn(model):
    head = "The old man walked"
    (found,) = regenerate(model, [SHORT], n=12, seed=2)
    n_tail = len(model.encoder.encode(" " + found.ending)[0])
    drawn = generate(model, [head] * 12, max_tokens=n_tail, seed=2)
    assert found.endings == tuple(one.text for one in drawn)
    assert any(ending and not ending[0].isspace() for ending in found.endings), "glued without a space"
    assert found.head_chars == len(head)
    texts = score_texts(model, [head + one.text for one in drawn])
    for as_drawn, scored in zip(texts, found.regenerated, strict=True):
        np.testing.assert_allclose(scored.log_prob_nats, as_drawn.log_prob_nats, atol=1e-4)


def test_a_text_longer_than_the_context_is_taken_from_its_end(model):
    (found,) = regenerate(model, [TRAINING_TEXT * 3], n=1)
    assert len(found.original) <= model.window_tokens
    assert TRAINING_TEXT.endswith(found.ending)


def test_regeneration_of_too_little_is_a_sentence(model):
    with pytest.raises(InputError, match="at least 4 are needed"):
        next(regenerate(model, ["three short words"]))
    with pytest.raises(UsageError, match="n is 0"):
        next(regenerate(model, [SHORT], n=0))
