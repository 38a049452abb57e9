"""Tokens a second that ``verify`` prompts, and what one plain pass a token and prompt takes.

    python benchmarks/verification_speed.py [--model FOLDER] [--tokens 512] [--threads 2] [--json FILE]

Both ways read the same probabilities. On a machine that is busy otherwise the seconds of processor time, which are
given too, say more than those of the clock.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

from detector import LanguageModel
from detector.vocabulary.in_context import TokenInContext, in_context
from detector.vocabulary.prompted_probability import PromptReader
from detector.vocabulary.prompts import Prompt
from detector.vocabulary.tokenizer_analysis import Category, analyse_tokenizer
from detector.vocabulary.verification import prompts_of
from detector.vocabulary.verification_record import VerificationSettings

PLAIN_TOKENS = 24


@torch.inference_mode()
def plainly(language_model: LanguageModel, prompts: tuple[Prompt, ...], tokens: list[TokenInContext]) -> None:
    """Read every prompt whole, token by token, as a loop over a model does."""
    for token in tokens:
        for prompt in prompts:
            suffix, places = prompt.suffix(token)
            logits = language_model.model(torch.tensor([[*prompt.prefix, *suffix[:-1]]])).logits[0]
            rows = logits[torch.tensor(places) - 1 + len(prompt.prefix)]
            rows.log_softmax(-1)[:, token.token_id].tolist()


def measured(action: Callable[[], object], n_tokens: int) -> dict[str, float]:
    """Tokens by the clock and by processor time, a second."""
    clock, processor = time.perf_counter(), time.process_time()
    action()
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    return {"tokens_per_second": n_tokens / clock, "tokens_per_processor_second": n_tokens / processor}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="small")
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    language_model = LanguageModel.load(arguments.model, device="cpu")
    analysis = analyse_tokenizer(language_model.tokenizer)
    ids = analysis.ids(Category.OK, Category.PARTIAL_UTF8)
    tokens = [in_context(analysis, int(i)) for i in ids[:: max(1, len(ids) // arguments.tokens)][: arguments.tokens]]
    prompts = prompts_of(language_model, VerificationSettings())
    readers = [PromptReader(language_model, prompt) for prompt in prompts]
    rows = {
        "batches over a cached prefix": measured(lambda: [reader.read(tokens) for reader in readers], len(tokens)),
        "one plain pass a token": measured(
            lambda: plainly(language_model, prompts, tokens[:PLAIN_TOKENS]), len(tokens[:PLAIN_TOKENS])
        ),
    }
    for prompt in prompts:
        print(f"{prompt.name}: {len(prompt.prefix)} ids shared, {len(prompt.suffix(TokenInContext(0))[0])} of its own")
    for name, row in rows.items():
        print(
            f"{name:30} {row['tokens_per_second']:7.1f} tokens/s by the clock, "
            f"{row['tokens_per_processor_second']:7.1f} a second of processor time"
        )
    if arguments.json:
        record = {"tokens": len(tokens), "threads": arguments.threads, "results": rows}
        arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
