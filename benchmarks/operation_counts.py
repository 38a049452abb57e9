"""What the engine computes for a fixed workload, counted and not timed: a guard against getting slower.

    python benchmarks/operation_counts.py            exit code 1 where a count grew by more than 1 %
    python benchmarks/operation_counts.py --accept   write what is counted now as what is expected

A small random Llama reads texts of fixed lengths. Counted are the floating-point operations of matrix products and of
attention, the numbers that all operations write, and calls of operations; each depends on the code and the version of
torch alone. The expected counts are in operation_counts.json.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

EXPECTED = Path(__file__).with_suffix(".json")
ALLOWED_GROWTH = 0.01
WORKLOADS = {
    "many short texts": [20, 35, 50, 28, 44, 61, 33, 25] * 4,
    "texts of many lengths": [40, 700, 120, 300, 90, 511, 230, 60],
    "a text of several windows": [3000],
}
"""Words of each text; a word is a token."""
_PRODUCTS = {"mm": 0, "bmm": 0, "linear": 0, "addmm": 1, "addmm_": 1, "baddbmm": 1}
"""Operation → the argument where its two factors begin."""


class OperationCounter(TorchDispatchMode):
    """Counts what is done within it."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = {"product_flops": 0, "attention_flops": 0, "numbers_written": 0, "calls": 0}

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        """See ``TorchDispatchMode``."""
        found = function(*arguments, **(options or {}))
        name = function.overloadpacket.__name__
        results = [leaf for leaf in tree_leaves(found) if isinstance(leaf, Tensor)]
        is_view = any(r.alias_info is not None and not r.alias_info.is_write for r in function._schema.returns)
        if is_view:
            return found
        self.counts["calls"] += 1
        self.counts["numbers_written"] += sum(leaf.numel() for leaf in results)
        if name in _PRODUCTS:
            self.counts["product_flops"] += 2 * results[0].numel() * arguments[_PRODUCTS[name]].shape[-1]
        elif "scaled_dot_product" in name:
            q, k = arguments[:2]
            is_causal = bool((options or {}).get("is_causal")) or any(a is True for a in arguments[3:])
            pairs = q.shape[-2] * (k.shape[-2] + 1) // 2 if is_causal else q.shape[-2] * k.shape[-2]
            self.counts["attention_flops"] += 4 * q.shape[:-2].numel() * pairs * q.shape[-1]
        return found


def workload_model() -> Any:
    """A random Llama of shared keys with a tokenizer that makes a token of each word."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from detector import LanguageModel

    vocabulary = {"<s>": 0} | {f"w{i}": i for i in range(1, 3000)}
    backend = Tokenizer(models.WordLevel(vocabulary, "<s>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = dict.fromkeys(("bos_token", "eos_token"), "<s>")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **special)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=3000, hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=1024, bos_token_id=0, eos_token_id=0, tie_word_embeddings=True,
    )  # fmt: skip
    return LanguageModel(LlamaForCausalLM(config), tokenizer, name="workload")


def count(language_model: Any, lengths: list[int]) -> dict[str, int]:
    """Counts of scoring texts of so many words."""
    from detector import score_texts

    texts = [" ".join(f"w{1 + (7 * i + n) % 2999}" for i in range(n)) for n in lengths]
    _ = language_model.repeats_prefix  # measured once, by passes that are no part of scoring
    with OperationCounter() as counter:
        tokens = sum(len(scores) for scores in score_texts(language_model, texts))
    return {"tokens": tokens} | counter.counts


def main() -> None:
    """Count, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accept", action="store_true")
    arguments = parser.parse_args()
    language_model = workload_model()
    found = {name: count(language_model, lengths) for name, lengths in WORKLOADS.items()}
    if arguments.accept:
        EXPECTED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    has_grown = False
    for workload, counts in found.items():
        print(f"{workload}, {counts['tokens']} tokens")
        for name, value in counts.items():
            if name == "tokens":
                continue
            before = expected[workload][name]
            grown = value > before * (1 + ALLOWED_GROWTH)
            has_grown |= grown
            print(
                f"  {name:18}{value:16,}{value / counts['tokens']:14,.1f} a token   {value / before - 1:+.1%}"
                f"{'  MORE THAN BEFORE' if grown else ''}"
            )
    sys.exit(1 if has_grown else 0)


if __name__ == "__main__":
    main()
