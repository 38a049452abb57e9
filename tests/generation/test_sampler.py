"""Drawing from tiny models: seeds, cache, company, ends, and the model's own distribution."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from transformers import GPT2Config, GPT2LMHeadModel

from detector import InputError, LanguageModel, UsageError, score_texts
from detector.generation.sampler import generate, next_token_distribution
from detector.generation.sampling import SamplingSettings
from tests.conftest import TRAINING_TEXT, tiny_llama, tiny_tokenizer

PROMPTS = ["The old man", "He had counted the boats", "It"]


def tiny_gpt2():
    torch.manual_seed(1)
    config = GPT2Config(
        vocab_size=400, n_embd=32, n_layer=2, n_head=4, n_positions=32, initializer_range=0.3, bos_token_id=0,
        eos_token_id=0,
    )  # fmt: skip
    return GPT2LMHeadModel(config)


@pytest.fixture(params=["llama", "gpt2"])
def model(request):
    return LanguageModel(tiny_llama() if request.param == "llama" else tiny_gpt2(), tiny_tokenizer(), name="tiny")


def ids_of(generated):
    return [g.token_ids for g in generated]


def test_the_cache_changes_nothing(model):
    options = {"max_tokens": 20, "seed": 3}
    assert ids_of(generate(model, PROMPTS, **options)) == ids_of(generate(model, PROMPTS, use_cache=False, **options))


def test_the_cache_gives_the_logits_of_recomputation_token_by_token(model):
    (drawn,) = generate(model, PROMPTS[:1], max_tokens=12, seed=1)
    ids = [model.prefix_id, *model.encoder.encode(PROMPTS[0])[0].tolist()]
    for token, log_prob in zip(drawn.token_ids, drawn.log_prob_nats, strict=True):
        with torch.no_grad():
            expected = model.model(torch.tensor([ids])).logits[0, -1].double().log_softmax(-1)[token].item()
        assert log_prob == pytest.approx(expected, abs=1e-4)
        ids.append(token)


def test_a_text_does_not_depend_on_its_company_but_on_seed_and_place(model):
    whole = generate(model, PROMPTS, max_tokens=10, seed=5)
    first = generate(model, PROMPTS[:1], max_tokens=10, seed=5)
    assert ids_of(whole)[0] == ids_of(first)[0]
    assert whole[0].log_prob_nats == pytest.approx(first[0].log_prob_nats, abs=1e-4)
    assert generate(model, PROMPTS, max_tokens=10, seed=5) == whole
    assert ids_of(generate(model, PROMPTS, max_tokens=10, seed=6)) != ids_of(whole)
    same, other = generate(model, ["It", "It"], max_tokens=10)
    assert same.token_ids != other.token_ids


def test_draws_follow_the_models_distribution(model):
    drawn = generate(model, ["The old man"] * 3000, max_tokens=1, seed=0)
    probabilities = next_token_distribution(model, "The old man")
    assert probabilities.sum() == pytest.approx(1)
    counts = np.bincount([g.token_ids[0] for g in drawn], minlength=400)
    common = probabilities > 0.005
    observed = np.append(counts[common], counts[~common].sum())
    expected = np.append(probabilities[common], probabilities[~common].sum()) * 3000
    assert chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > 0.001


def test_the_next_distribution_is_what_the_scoring_engine_sees(model):
    text = "The old man walked"
    scores = next(iter(score_texts(model, [text])))
    head = text[: int(scores.start_char[-1])]
    probability = next_token_distribution(model, head)[scores.token_ids[-1]]
    assert np.log(probability) == pytest.approx(float(scores.log_prob_nats[-1]), abs=1e-4)


def test_greedy_repeats_itself_and_a_penalty_breaks_the_loop(model):
    def repeated(settings):
        (found,) = generate(model, ["The"], max_tokens=28, settings=settings)
        return 1 - len(set(found.token_ids)) / len(found.token_ids)

    greedy = repeated(SamplingSettings(greedy=True))
    assert repeated(SamplingSettings(greedy=True, frequency_penalty=2.0, presence_penalty=2.0)) < max(greedy, 0.01)


def test_it_ends_at_the_length_at_the_end_of_text_and_when_the_context_is_full(model):
    (short,) = generate(model, ["The old man"], max_tokens=2)
    assert (len(short.token_ids), short.stop_reason) == (2, "length")

    def only(token):
        def adjust(logits, ids):
            return torch.full_like(logits, -1e9).index_fill_(1, torch.tensor([token]), 0.0)

        return adjust

    (ended,) = generate(model, ["The old man"], adjust_logits=only(0))
    assert (ended.text, ended.token_ids, ended.stop_reason) == ("", [0], "end_of_text")
    (full,) = generate(model, ["The old man"], max_tokens=500, adjust_logits=only(65))
    assert full.stop_reason == "context_full"
    n_prompt = 1 + len(model.encoder.encode("The old man")[0])
    assert n_prompt + len(full.token_ids) == model.window_tokens


def script(model, text):
    """Make the model write ``text`` token by token, then the end of text."""
    ids = [int(i) for i in model.encoder.encode(text)[0]] + [0]

    def adjust(logits, sequences):
        forced = torch.full_like(logits, -1e9)
        for row, sequence in enumerate(sequences):
            forced[row, ids[len(sequence) - 2]] = 0.0  # behind the boundary and a prompt of one token
        return forced

    return adjust


def test_a_stop_string_ends_the_text_before_it_wherever_token_edges_fall(model):
    told = []
    (found,) = generate(
        model, ["I"], stop=["boats", "zebra"], adjust_logits=script(model, "t is the blue boat, boats."),
        on_text=lambda index, characters: told.append((index, characters)), max_tokens=29,
    )  # fmt: skip
    assert found.text == "t is the blue boat, "
    assert found.stop_reason == "stop_string"
    assert "".join(characters for _, characters in told) == found.text
    assert len(told) > 3
    (never,) = generate(model, ["I"], stop=["zebra"], adjust_logits=script(model, "t is."), max_tokens=20)
    assert (never.text, never.stop_reason) == ("t is.", "end_of_text")


def test_half_characters_are_held_back_until_they_are_whole(model):
    told = []
    (found,) = generate(
        model, ["I"], adjust_logits=script(model, "a \u20ac b"), on_text=lambda _, characters: told.append(characters)
    )
    assert found.text == "a \u20ac b"
    assert "".join(told) == found.text
    assert not any("\ufffd" in characters for characters in told)


def test_texts_that_end_early_leave_the_others_alone(model):
    def ends_first(logits, sequences):
        adjusted = logits.clone()
        for row, sequence in enumerate(sequences):
            # the second prompt, the longest, ends after its third token
            if len(sequence) > 2 + longest and sequence[: len(second)] == second:
                adjusted[row] = -1e9
                adjusted[row, 0] = 0.0
        return adjusted

    second = [model.prefix_id, *model.encoder.encode(PROMPTS[1])[0].tolist()]
    longest = len(second)
    plain = generate(model, PROMPTS, max_tokens=12, seed=2)
    cut = generate(model, PROMPTS, max_tokens=12, seed=2, adjust_logits=ends_first)
    assert cut[1].stop_reason == "end_of_text"
    assert ids_of(cut)[0] == ids_of(plain)[0]
    assert ids_of(cut)[2] == ids_of(plain)[2]


@pytest.mark.parametrize(
    ("prompts", "options", "error", "message"),
    [
        ([TRAINING_TEXT], {}, InputError, r"The prompt has \d+ tokens and tiny reads 32 at once"),
        (["a"], {"max_tokens": 0}, UsageError, "tokens to draw is 0"),
        (["a"], {"stop": [""]}, UsageError, "stop string is empty"),
        (["a"], {"seed": -1}, UsageError, "The seed is -1; it must be a whole number of at least 0"),
    ],
)
def test_what_cannot_be_done_is_said(tiny, prompts, options, error, message):
    with pytest.raises(error, match=message):
        generate(tiny, prompts, **options)


def test_an_empty_prompt_needs_a_token_that_begins_a_text(tiny):
    assert generate(tiny, [""], max_tokens=3)[0].prompt == ""
    without = LanguageModel(tiny_llama(), tiny_tokenizer(), name="bare", prefix="none")
    with pytest.raises(InputError, match="The prompt is empty, and bare has no token"):
        generate(without, [""])
