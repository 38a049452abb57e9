"""Tiny models whose behaviour is known: one that copies, save for the tokens it never learned."""

import warnings

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaForCausalLM

from detector import LanguageModel
from detector.errors import DetectorWarning
from tests.conftest import tiny_llama, tiny_tokenizer

CONTEXT = 256
COPY_WINDOW = 4
COPY_LOGIT = 20.0


def llama() -> LanguageModel:
    return LanguageModel(tiny_llama(context=CONTEXT), tiny_tokenizer(), name="tiny")


def gpt2(bos: bool = True) -> LanguageModel:
    """Learned positions, tied embeddings."""
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=400, n_positions=CONTEXT, n_embd=32, n_layer=2, n_head=4, initializer_range=0.3, bos_token_id=0
    )
    tokenizer = tiny_tokenizer(bos=bos, eos=bos)
    return LanguageModel(GPT2LMHeadModel(config), tokenizer, name="tiny gpt2", prefix="auto" if bos else "none")


class CopyingLlama(LlamaForCausalLM):
    """Expects again whatever stood among the last few ids, the farthest most.

    ``unread`` ids are always improbable, and alike; ``awkward`` ones are expected, but less than id 1 always is.
    """

    unread: tuple[int, ...] = ()
    awkward: tuple[int, ...] = ()

    def forward(self, input_ids=None, logits_to_keep=0, **options):
        output = super().forward(input_ids=input_ids, logits_to_keep=0, **options)
        logits = output.logits * 0.01
        copied = torch.zeros_like(logits)
        for back in range(min(COPY_WINDOW, input_ids.shape[1])):
            seen = input_ids[:, : input_ids.shape[1] - back]
            copied[:, back:].scatter_(2, seen[..., None], COPY_LOGIT + back)
        copied[..., 1] = COPY_LOGIT
        copied[..., list(self.awkward)] /= 2
        copied[..., list(self.unread)] = -COPY_LOGIT / 2
        logits = logits + copied
        output.logits = logits[:, -logits_to_keep:] if isinstance(logits_to_keep, int) else logits[:, logits_to_keep]
        return output


def copying(unread: tuple[int, ...] = (), awkward: tuple[int, ...] = ()) -> LanguageModel:
    torch.manual_seed(0)
    model = CopyingLlama(tiny_llama(context=CONTEXT).config)
    model.unread, model.awkward = unread, awkward
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DetectorWarning)  # its logits are more than those of its head
        return LanguageModel(model, tiny_tokenizer(), name="copying")
