"""Batches over a cached prefix against one plain pass a token."""

import math

import pytest
import torch

from detector import LanguageModel
from detector.errors import DetectorWarning
from detector.vocabulary import prompted_probability
from detector.vocabulary.in_context import TokenInContext
from detector.vocabulary.prompted_probability import PromptReader, SlotReading
from detector.vocabulary.prompts import Prompt, build_prompt, echo_form, explanation_form, repetition_form
from tests.vocabulary.models_made_here import gpt2, llama

TOKENS = [TokenInContext(5), TokenInContext(80, left=(7,)), TokenInContext(399), TokenInContext(81, right=(8, 9))]
UNUSED = (3, 5, 200)


@torch.inference_mode()
def plainly(language_model: LanguageModel, prompt: Prompt, token: TokenInContext) -> SlotReading:
    """One unbatched pass without a cache, position by position."""
    suffix, places = prompt.suffix(token)
    logits = language_model.model(torch.tensor([[*prompt.prefix, *suffix]]), use_cache=False).logits[0].double()
    rows = [logits[len(prompt.prefix) + place - 1] for place in places]
    others = [i for i in UNUSED if i != token.token_id]
    return SlotReading(
        prompt.name,
        tuple(float(row.log_softmax(0)[token.token_id]) for row in rows),
        tuple(1 + int(sum(float(x) > float(row[token.token_id]) for x in row)) for row in rows),
        tuple(float(row.max() - row[token.token_id]) for row in rows),
        tuple(float(row[token.token_id] - row[others].mean()) for row in rows),
    )


@pytest.mark.parametrize("make", [llama, gpt2])
@pytest.mark.parametrize("form", [echo_form(2), explanation_form(), repetition_form(6)], ids=lambda form: form.name)
def test_batches_over_a_cached_prefix_are_what_plain_passes_give(make, form) -> None:
    language_model = make()
    prompt = build_prompt(language_model, form)
    reader = PromptReader(language_model, prompt, UNUSED)
    assert reader._cache is not None  # otherwise nothing is tested
    for found, token in zip(reader.read(TOKENS), TOKENS, strict=True):
        expected = plainly(language_model, prompt, token)
        assert found.rank == expected.rank
        assert found.log_prob_nats == pytest.approx(expected.log_prob_nats, abs=1e-4)
        assert found.gap_nats == pytest.approx(expected.gap_nats, abs=1e-4)
        assert found.lead_nats == pytest.approx(expected.lead_nats, abs=1e-4)
        assert len(found.rank) == form.slots_read


def test_neither_order_nor_batch_nor_an_earlier_call_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    language_model = llama()
    reader = PromptReader(language_model, build_prompt(language_model, echo_form(1)))
    tokens = [TokenInContext(i) for i in range(20, 60)]
    together = reader.read(tokens)
    for one, other in zip(reader.read(tokens[::-1])[::-1], together, strict=True):
        assert one.log_prob_nats == pytest.approx(other.log_prob_nats, abs=1e-4)
    monkeypatch.setattr(prompted_probability, "_LARGEST_BATCH", 7)
    for one, other in zip(reader.read(tokens), together, strict=True):
        assert one.log_prob_nats == pytest.approx(other.log_prob_nats, abs=1e-4)


def test_a_model_that_knows_nothing_gives_every_token_the_same() -> None:
    language_model = llama()
    with torch.no_grad():
        language_model.model.lm_head.weight.zero_()
    reader = PromptReader(language_model, build_prompt(language_model, echo_form(1)), UNUSED)
    found = reader.read([TokenInContext(9)])[0]
    assert found.log_prob_nats == pytest.approx((-math.log(400),), abs=1e-5)
    assert (found.rank, found.gap_nats, found.lead_nats) == ((1,), (0.0,), (0.0,))


def test_without_unused_tokens_there_is_no_lead() -> None:
    language_model = llama()
    prompt = build_prompt(language_model, echo_form(1))
    assert PromptReader(language_model, prompt).read([TokenInContext(9)])[0].lead_nats == ()
    assert PromptReader(language_model, prompt, [9]).read([TokenInContext(9)])[0].lead_nats == ()


def test_a_cache_that_cannot_be_shared_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import DynamicCache

    language_model = llama()
    prompt = build_prompt(language_model, echo_form(1))
    expected = PromptReader(language_model, prompt).read(TOKENS)

    def refuses(self: DynamicCache, repeats: int) -> None:
        raise NotImplementedError

    monkeypatch.setattr(DynamicCache, "batch_repeat_interleave", refuses)
    with pytest.warns(DetectorWarning, match="tiny cannot read on from a prefix"):
        found = PromptReader(language_model, prompt).read(TOKENS)
    for one, other in zip(found, expected, strict=True):
        assert one.log_prob_nats == pytest.approx(other.log_prob_nats, abs=1e-4)


def test_a_cache_that_gives_other_numbers_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import DynamicCache

    language_model = llama()
    prompt = build_prompt(language_model, echo_form(1))
    repeat = DynamicCache.batch_repeat_interleave

    def forgets(self: DynamicCache, repeats: int) -> None:
        repeat(self, repeats)
        for layer in self.layers:
            layer.values = layer.values * 0

    monkeypatch.setattr(DynamicCache, "batch_repeat_interleave", forgets)
    with pytest.warns(DetectorWarning, match="the whole echo prompt is read for every token"):
        reader = PromptReader(language_model, prompt, UNUSED)
    found = reader.read(TOKENS[:1])[0]
    assert found.log_prob_nats == pytest.approx(plainly(language_model, prompt, TOKENS[0]).log_prob_nats, abs=1e-4)
