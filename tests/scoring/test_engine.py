import numpy as np
import pytest
import torch

from detector import InputError, LanguageModel, score_texts
from detector.models.voices import Voices, apply_change
from detector.scoring.probe import EveryState, scaled
from tests.conftest import CONTEXT, TRAINING_TEXT, tiny_llama, tiny_tokenizer

COLUMNS = ("log_prob_nats", "rank", "entropy_nats", "log_prob_variance", "max_log_prob_nats")
TEXTS = [
    "",
    "a",
    "The old man",
    TRAINING_TEXT,
    "Boats.\r\n\r\nGone 🚢👩‍👩‍👧 e\u0301té! ",
    TRAINING_TEXT * 3,
    "ropes and ropes " * 5,
]


def score(language_model, texts, **options):
    return list(score_texts(language_model, texts, **options))


def one_token_at_a_time(language_model, text):
    """The slow and obvious reference: one forward pass for each token, nothing shared.

    The context of a token is everything before it as long as the model can read that; afterwards
    windows move on by half a context, so the reference keeps its own count of the left edge. Where the
    model wants its prefix in every window, that takes one place of each later one.
    """
    tokenizer, model, context = language_model.tokenizer, language_model.model, language_model.window_tokens
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    sequence = ([] if language_model.prefix_id is None else [language_model.prefix_id]) + ids
    left_edges = {}
    position, window_end, again = 1, context + 1, []
    while position < len(sequence):
        window_end = min(window_end, len(sequence))
        for target in range(position, window_end):
            left_edges[target] = max(0, window_end - 1 - context + len(again)), again
        again = sequence[:1] if language_model.repeats_prefix else []
        position, window_end = window_end, window_end + context // 2 + 1 - len(again)
    rows = []
    for target, (left, before) in left_edges.items():
        assert left == 0 or target - left >= context / 2
        with torch.no_grad():
            logits = model(torch.tensor([before + sequence[left:target]])).logits[0, -1].double()
        log_p = logits.log_softmax(-1)
        entropy = -(log_p.exp() * log_p).sum()
        rows.append(
            (
                log_p[sequence[target]].item(),
                1 + int((logits > logits[sequence[target]]).sum()),
                entropy.item(),
                (log_p.exp() * (log_p + entropy) ** 2).sum().item(),
                log_p.max().item(),
            )
        )
    return np.array(rows).reshape(-1, 5)


def assert_same(left, right, tolerance=1e-4):
    assert left.token_ids.tolist() == right.token_ids.tolist()
    for name in COLUMNS:
        np.testing.assert_allclose(getattr(left, name), getattr(right, name), atol=tolerance, rtol=1e-4)


@pytest.mark.parametrize("text", TEXTS)
def test_agrees_with_one_token_at_a_time(tiny, text):
    (found,) = score(tiny, [text])
    expected = one_token_at_a_time(tiny, text)
    assert len(found) == len(expected)
    for column, name in enumerate(COLUMNS):
        np.testing.assert_allclose(getattr(found, name), expected[:, column], atol=2e-4, rtol=1e-3)


def test_the_long_text_really_needs_several_windows(tiny):
    assert len(tiny.tokenizer(TRAINING_TEXT * 3)["input_ids"]) > 3 * CONTEXT


@pytest.mark.parametrize("batch_tokens", [1, 40, 100_000])
@pytest.mark.parametrize("chunk_positions", [1, 17, 4096])
def test_batch_chunk_and_company_change_nothing(tiny, batch_tokens, chunk_positions):
    alone = [score(tiny, [text])[0] for text in TEXTS]
    together = score(tiny, TEXTS, batch_tokens=batch_tokens, chunk_positions=chunk_positions)
    for left, right in zip(alone, together, strict=True):
        assert_same(left, right)


def test_results_come_in_input_order_from_a_lazy_iterator(tiny, monkeypatch):
    monkeypatch.setattr("detector.scoring.engine.LOOKAHEAD_TEXTS", 2)
    asked = []

    def texts():
        for text in TEXTS:
            asked.append(text)
            yield text

    stream = score_texts(tiny, texts())
    next(stream)
    assert len(asked) == 2, "only the lookahead may be read before the first result"
    rest = list(stream)
    assert [len(s) for s in rest] == [len(score(tiny, [t])[0]) for t in TEXTS[1:]]


def test_tokenising_and_scoring_ahead_change_nothing(tiny, monkeypatch):
    expected = score(tiny, TEXTS)
    monkeypatch.setattr("detector.scoring.engine._overlaps", lambda language_model: True)
    monkeypatch.setattr("detector.scoring.engine.LOOKAHEAD_TEXTS", 2)
    for left, right in zip(expected, score(tiny, TEXTS), strict=True):
        assert_same(left, right)


def test_a_text_that_cannot_be_tokenised_is_an_error_ahead_too(tiny, monkeypatch):
    monkeypatch.setattr("detector.scoring.engine._overlaps", lambda language_model: True)
    monkeypatch.setattr("detector.scoring.engine.LOOKAHEAD_TEXTS", 1)
    stream = score_texts(tiny, ["one", "\ud800"])
    assert len(next(stream)) > 0
    with pytest.raises(InputError):
        next(stream)


@pytest.mark.parametrize("text", [t for t in TEXTS if t])
def test_spans_follow_each_other_and_cover_the_text(tiny, text):
    (scores,) = score(tiny, [text])
    assert scores.start_char[0] == 0
    assert scores.end_char[-1] == len(text)
    for i in range(1, len(scores)):
        shares_a_character = scores.start_char[i] < scores.end_char[i - 1]
        if shares_a_character:
            assert scores.end_char[i] - scores.start_char[i] == 1, "only parts of one character may overlap"
        else:
            assert scores.start_char[i] == scores.end_char[i - 1]


def test_parts_of_an_emoji_span_the_whole_of_it(tiny):
    (scores,) = score(tiny, ["a🚢b"])
    spans = list(zip(scores.start_char.tolist(), scores.end_char.tolist(), strict=True))
    assert spans[0] == (0, 1)
    assert spans[-1] == (2, 3)
    assert len(spans) > 3, "the emoji is not in the vocabulary, so it is cut into bytes"
    assert set(spans[1:-1]) == {(1, 2)}


def test_leading_space_belongs_to_its_word(tiny):
    (scores,) = score(tiny, ["the boats"])
    words = ["the boats"[a:b] for a, b in zip(scores.start_char, scores.end_char, strict=True)]
    assert "".join(words) == "the boats"
    assert any(word.startswith(" b") for word in words)


def test_spans_do_not_depend_on_a_tokenizer_that_trims_them():
    from tokenizers import processors

    plain, trimming = tiny_tokenizer(), tiny_tokenizer()
    trimming.backend_tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    text = " The old man.\n\n Boats were gone. \n"
    (left,) = score(LanguageModel(tiny_llama(), plain), [text])
    (right,) = score(LanguageModel(tiny_llama(), trimming), [text])
    assert left.start_char.tolist() == right.start_char.tolist()
    assert left.end_char.tolist() == right.end_char.tolist()
    assert "".join(text[a:b] for a, b in zip(right.start_char, right.end_char, strict=True)) == text


def test_a_special_token_spelt_out_is_read_as_text(tiny):
    (scores,) = score(tiny, ["<|endoftext|>"])
    assert len(scores) > 1
    assert 0 not in scores.token_ids


@pytest.mark.parametrize(
    ("bos", "eos", "prefix", "policy", "missing"),
    [
        (True, True, "auto", "after_bos", 0),
        (False, True, "auto", "after_eos", 0),
        (False, False, "auto", "after_separator", 0),
        (True, True, "none", "not_scored", 1),
        (True, True, "The", "after_chosen", 0),
    ],
)
def test_first_token_policy(bos, eos, prefix, policy, missing):
    language_model = LanguageModel(tiny_llama(), tiny_tokenizer(bos, eos), name="t", prefix=prefix)
    text = "The old man walked"
    (scores,) = score(language_model, [text])
    assert scores.first_token == policy
    assert len(scores) == len(language_model.tokenizer(text)["input_ids"]) - missing
    np.testing.assert_allclose(scores.log_prob_nats, one_token_at_a_time(language_model, text)[:, 0], atol=1e-4)


def needing_its_prefix():
    """A model to which whatever does not begin with token 0 looks like nothing at all, as Gemma is without BOS."""
    model = tiny_llama()
    model.lm_head.weight.data *= 3  # what it says of other texts is far from nothing
    embed = model.model.embed_tokens.forward
    model.model.embed_tokens.forward = lambda ids: embed(ids) * (ids[:, :1] == 0)[..., None]
    return LanguageModel(model, tiny_tokenizer(), name="needing")


@pytest.mark.parametrize("text", TEXTS)
def test_a_model_that_needs_its_prefix_gets_it_in_every_window(text):
    model = needing_its_prefix()
    assert model.repeats_prefix
    (found,) = score(model, [text])
    expected = one_token_at_a_time(model, text)
    for column, name in enumerate(COLUMNS):
        np.testing.assert_allclose(getattr(found, name), expected[:, column], atol=2e-4, rtol=1e-3)
    if len(found) > 2:
        assert (found.entropy_nats < np.log(400) - 0.1).all(), "no window began without it"


def test_a_probe_reads_the_states_of_its_own_tokens_where_the_prefix_is_repeated():
    model = needing_its_prefix()
    (found,) = score(model, [TRAINING_TEXT * 2], probe=EveryState((0,), model.hidden_size))
    assert len(found) > 3 * CONTEXT
    with torch.no_grad():  # the embedding alone, which no window changes
        expected = scaled(model.model.model.embed_tokens(torch.tensor([[0, *found.token_ids.tolist()]]))[0, 1:])
    np.testing.assert_allclose(found.probe, expected.numpy(), atol=1e-5)


def test_a_model_that_caps_its_logits_falls_back_and_is_still_right():
    class Capped(type(tiny_llama())):
        def forward(self, *args, **kwargs):
            output = super().forward(*args, **kwargs)
            output.logits = 2.0 * torch.tanh(output.logits / 2.0)
            return output

    plain = tiny_llama()
    model = Capped(plain.config)
    model.load_state_dict(plain.state_dict())
    with pytest.warns(UserWarning, match="a way of its own"):
        language_model = LanguageModel(model, tiny_tokenizer(), name="capped")
    assert not language_model.uses_chunked_head
    for text in (TRAINING_TEXT, "The old man"):
        (found,) = score(language_model, [text])
        np.testing.assert_allclose(found.log_prob_nats, one_token_at_a_time(language_model, text)[:, 0], atol=1e-4)


def test_alternatives_are_the_likeliest_tokens(tiny):
    (scores,) = score(tiny, ["The old man"], top_k=400)
    assert scores.top_ids.shape == (len(scores), 400)
    for i in range(len(scores)):
        assert sorted(scores.top_ids[i].tolist()) == list(range(400))
        assert np.exp(scores.top_log_prob_nats[i]).sum() == pytest.approx(1, abs=1e-4)
        assert scores.top_log_prob_nats[i, 0] == pytest.approx(scores.max_log_prob_nats[i], abs=1e-5)
        assert np.all(np.diff(scores.top_log_prob_nats[i]) <= 1e-6)


def test_an_endless_word_is_refused_with_a_sentence(tiny):
    with pytest.raises(InputError, match="without a space"):
        score(tiny, ["x" * 100_001])


def test_half_a_surrogate_pair_is_refused_with_a_sentence(tiny):
    with pytest.raises(InputError, match="surrogate"):
        score(tiny, ["a\ud800"])


def test_other_architectures_agree_with_their_own_logits():
    from transformers import GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM

    torch.manual_seed(0)
    gpt2 = GPT2LMHeadModel(GPT2Config(vocab_size=400, n_embd=32, n_layer=2, n_head=2, n_positions=CONTEXT))
    neox = GPTNeoXForCausalLM(
        GPTNeoXConfig(
            vocab_size=400, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
            max_position_embeddings=CONTEXT,
        )
    )  # fmt: skip
    for model in (gpt2, neox):
        language_model = LanguageModel(model, tiny_tokenizer(), name="other")
        assert language_model.uses_chunked_head
        (found,) = score(language_model, [TRAINING_TEXT])
        np.testing.assert_allclose(
            found.log_prob_nats, one_token_at_a_time(language_model, TRAINING_TEXT)[:, 0], atol=1e-4
        )


def voices_of(language_model):
    """Two voices that differ from the model in the norm before the head."""
    width = language_model.model.config.hidden_size
    human, machine = (
        apply_change(language_model.model, {"model.norm.weight.change": torch.linspace(0, end, width)}, "v")
        for end in (0.5, -0.5)
    )
    return Voices(human, machine, "0" * 16)


@pytest.mark.parametrize("batch_tokens", [1, 40, 100_000])
def test_voices_score_the_same_tokens_as_models_of_their_own(tiny, batch_tokens):
    voices = voices_of(tiny)
    found = score(tiny, TEXTS, voices=voices, batch_tokens=batch_tokens, chunk_positions=7)
    plain = score(tiny, TEXTS)
    for name in ("human", "machine"):
        alone = score(LanguageModel(getattr(voices, name), tiny.tokenizer), TEXTS)
        for with_voices, expected in zip(found, alone, strict=True):
            column = getattr(with_voices, f"{name}_log_prob_nats")
            np.testing.assert_allclose(column, expected.log_prob_nats, atol=1e-4, rtol=1e-4)
    for with_voices, without in zip(found, plain, strict=True):
        assert_same(with_voices, without)
        assert without.human_log_prob_nats is None


def test_a_voice_without_change_says_what_the_base_says(tiny):
    silent = apply_change(tiny.model, {}, "v")
    for scores in score(tiny, TEXTS, voices=Voices(silent, silent, "0" * 16)):
        np.testing.assert_allclose(scores.machine_log_prob_nats, scores.log_prob_nats, atol=1e-5)


def test_samples_depend_on_the_text_and_the_seed_alone(tiny):
    alone = score(tiny, TEXTS[3:4], samples=7)[0].sampled_log_prob_nats
    together = score(tiny, TEXTS, samples=7, batch_tokens=40, chunk_positions=5)[3].sampled_log_prob_nats
    assert alone.shape == (len(score(tiny, TEXTS[3:4])[0]), 7)
    # rounding may move a draw across the edge between two tokens, but hardly ever
    assert np.mean(np.abs(alone - together) < 1e-4) > 0.99
    assert not np.array_equal(alone, score(tiny, TEXTS[3:4], samples=7, seed=1)[0].sampled_log_prob_nats)
    assert score(tiny, TEXTS[3:4])[0].sampled_log_prob_nats is None


def test_samples_have_the_entropy_and_variance_of_their_position(tiny):
    (scores,) = score(tiny, TEXTS[3:4], samples=4000)
    sampled = scores.sampled_log_prob_nats.astype(float)
    error = np.sqrt(scores.log_prob_variance / 4000)
    assert np.mean(np.abs(sampled.mean(axis=1) + scores.entropy_nats) < 4 * error + 1e-4) > 0.98
    np.testing.assert_allclose(sampled.var(axis=1).mean(), scores.log_prob_variance.mean(), rtol=0.05)


def test_progress_counts_every_token_once_and_what_it_raises_ends_the_scoring(tiny):
    texts = ["The boats were gone. " * 20, "He had counted them.", ""]
    told = []
    scored = list(score_texts(tiny, texts, batch_tokens=64, on_progress=lambda *told_now: told.append(told_now)))
    n_tokens = sum(len(scores) for scores in scored)
    done = [now for now, _ in told]
    assert len(done) > 2
    assert done == sorted(set(done))
    assert told[-1] == (n_tokens, n_tokens)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(score_texts(tiny, texts, on_progress=stop))
