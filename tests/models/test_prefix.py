"""What stands in front of a text: what the tokenizer adds, else the separator of documents, never a chat role."""

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from detector import LanguageModel, UsageError
from detector.models.encoding import TextEncoder
from detector.models.prefix import PrefixNeed, choose_prefix, measure_need
from tests.conftest import tiny_llama, tiny_tokenizer


def tokenizer_of(special, adds=(), adds_behind=(), **named):
    """A byte-level tokenizer whose first ids are ``special``, and which puts ``adds`` in front of a text."""
    vocabulary = {token: i for i, token in enumerate([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.add_special_tokens(list(special))
    if adds or adds_behind:
        backend.post_processor = processors.TemplateProcessing(
            single=[*adds, "$A", *adds_behind], special_tokens=[(t, vocabulary[t]) for t in (*adds, *adds_behind)]
        )
    return PreTrainedTokenizerFast(tokenizer_object=backend, **named)


def chosen(tokenizer, asked="auto"):
    return choose_prefix(tokenizer, TextEncoder(tokenizer), asked, "m")


LLAMA = ["<unk>", "<s>", "</s>", "<|endoftext|>"]
CHATML = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


@pytest.mark.parametrize(
    ("tokenizer", "token", "first_token"),
    [
        # What the tokenizer itself adds, whatever else there is.
        (tokenizer_of(LLAMA, adds=["<s>"], bos_token="<s>", eos_token="</s>"), "<s>", "after_bos"),
        (tokenizer_of(LLAMA, adds=["</s>"], bos_token="<s>", eos_token="</s>"), "</s>", "after_eos"),
        (tokenizer_of(LLAMA, adds=["<unk>"], bos_token="<s>"), "<unk>", "after_separator"),
        # It adds none, or only behind: the separator of pretraining.
        (tokenizer_of(LLAMA, adds_behind=["</s>"], bos_token="<s>"), "<|endoftext|>", "after_separator"),
        (tokenizer_of(CHATML, bos_token="<|endoftext|>", eos_token="<|im_end|>"), "<|endoftext|>", "after_bos"),
        (tokenizer_of(CHATML, eos_token="<|endoftext|>"), "<|endoftext|>", "after_eos"),
        # SmolLM2-Instruct and its kind name a chat role as BOS; none may even put it there.
        (tokenizer_of(CHATML, bos_token="<|im_start|>", eos_token="<|im_end|>"), "<|endoftext|>", "after_separator"),
        (tokenizer_of(CHATML, adds=["<|im_start|>"], bos_token="<|im_start|>"), "<|endoftext|>", "after_separator"),
        (tokenizer_of(CHATML[1:], bos_token="<|im_start|>", eos_token="<|im_end|>"), None, "not_scored"),
        # No separator: BOS, else EOS.
        (tokenizer_of(LLAMA[:3], bos_token="<s>", eos_token="</s>"), "<s>", "after_bos"),
        (tokenizer_of(LLAMA[:3], eos_token="</s>"), "</s>", "after_eos"),
        (tokenizer_of(LLAMA[:3]), None, "not_scored"),
    ],
)  # fmt: skip
def test_the_policy(tokenizer, token, first_token):
    found = chosen(tokenizer)
    assert (found.token, found.first_token) == (token, first_token)
    assert found.id == (None if token is None else tokenizer.convert_tokens_to_ids(token))


def test_of_several_tokens_in_front_the_last_is_taken_and_that_is_said():
    with pytest.warns(UserWarning, match="puts <s> <unk> in front of a text, and the last of these"):
        found = chosen(tokenizer_of(LLAMA, adds=["<s>", "<unk>"]))
    assert found.token == "<unk>"


def test_a_person_may_choose_any_token_or_none():
    tokenizer = tokenizer_of(CHATML, bos_token="<|im_start|>")
    assert chosen(tokenizer, "<|im_start|>").first_token == "after_bos"
    assert (chosen(tokenizer, "a").token, chosen(tokenizer, "a").first_token) == ("a", "after_chosen")
    assert chosen(tokenizer, "none").id is None
    with pytest.raises(UsageError, match=r"m has no token 'bos'\. --prefix takes auto, none, .* <\|endoftext\|>"):
        chosen(tokenizer, "bos")


@pytest.mark.parametrize(
    ("divergence", "gain", "entropy_fall", "is_needed"),
    [(4.8, -2.0, 5.0, True), (5.6, 5.6, 5.9, True), (0.3, 0.1, 0.2, False), (3.0, -1.0, -0.1, False)],
)
def test_the_prefix_is_needed_where_without_it_the_model_says_something_else_and_nothing_better(
    divergence, gain, entropy_fall, is_needed
):
    assert PrefixNeed(divergence, gain, entropy_fall).is_needed == is_needed
    assert not PrefixNeed(float("nan"), gain, entropy_fall).is_needed


def test_the_need_by_hand():
    """With the prefix always token 1 or 2 alike, without it all four: KL = ln 2, entropies ln 2 and ln 4."""
    encoder = TextEncoder(tiny_tokenizer())

    def logits_of(ids):
        logits = torch.zeros(1, ids.shape[1], 4)
        if ids[0, 0] == 0:
            logits[..., [0, 3]] = -1e9
        return logits

    encoder.encode = lambda text: (torch.tensor([1, 2, 1, 2] * 25).numpy(), None, None)
    need = measure_need(logits_of, encoder, prefix_id=0, window_tokens=17)
    assert need.divergence_nats == pytest.approx(torch.log(torch.tensor(2.0)).item())
    assert need.entropy_fall_nats == pytest.approx(torch.log(torch.tensor(2.0)).item())
    assert measure_need(logits_of, encoder, prefix_id=0, window_tokens=16) is None


def test_the_fingerprint_says_it_only_where_the_prefix_is_in_every_window(tiny):
    other = LanguageModel(tiny_llama(), tiny_tokenizer(), name="other")
    assert not other.repeats_prefix
    assert other.fingerprint == tiny.fingerprint
    needing = LanguageModel(tiny_llama(), tiny_tokenizer(), name="needing")
    needing.__dict__["prefix_need"] = PrefixNeed(5.0, 5.0, 5.0)
    assert needing.fingerprint != tiny.fingerprint


def test_without_a_prefix_there_is_nothing_to_repeat():
    bare = LanguageModel(tiny_llama(), tiny_tokenizer(), prefix="none")
    assert (bare.prefix_need, bare.repeats_prefix) == (None, False)
