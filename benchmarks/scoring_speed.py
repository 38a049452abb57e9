"""Tokens per second of ``score_texts`` against plain ``model(**batch).logits`` on the same texts.

    python benchmarks/scoring_speed.py [--model FOLDER] [--texts 96] [--json FILE]

The plain way pads batches of 16 in the order given and stops at the logits; ``score_texts`` also
computes log-probability, rank, entropy, variance and maximum. Both run in float32, in turn, three
times; the best of each is reported.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import torch

from detector import LanguageModel, score_texts

SAMPLES = Path(__file__).parents[1] / "datasets" / "samples"
ROUNDS = 3
PLAIN_BATCH = 16


def make_texts(n: int) -> list[str]:
    """Make ``n`` texts of 40 to 400 words by turning the samples over and over."""
    words = " ".join(path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt"))).split()
    lengths = [40 + (i * 89) % 361 for i in range(n)]
    return [" ".join((words[i * 37 % len(words) :] + words * 2)[: lengths[i]]) for i in range(n)]


@torch.inference_mode()
def plain(language_model: LanguageModel, texts: list[str]) -> None:
    """Run the model as most scripts do."""
    tokenizer = language_model.tokenizer
    for i in range(0, len(texts), PLAIN_BATCH):
        batch = tokenizer(texts[i : i + PLAIN_BATCH], return_tensors="pt", padding=True, padding_side="right")
        language_model.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits  # noqa: B018


def seconds(action) -> float:
    """Time one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="small")
    parser.add_argument("--texts", type=int, default=96)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    language_model = LanguageModel.load(arguments.model, device="cpu")
    if language_model.tokenizer.pad_token is None:
        language_model.tokenizer.pad_token = language_model.tokenizer.eos_token
    texts = make_texts(arguments.texts)
    n_tokens = sum(len(scores) for scores in score_texts(language_model, texts))
    peak_mb = {}
    best = {"score_texts": float("inf"), "plain logits": float("inf")}
    for _ in range(ROUNDS):
        best["score_texts"] = min(best["score_texts"], seconds(lambda: list(score_texts(language_model, texts))))
        peak_mb.setdefault("score_texts", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        best["plain logits"] = min(best["plain logits"], seconds(lambda: plain(language_model, texts)))
        peak_mb.setdefault("plain logits", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    rows = {
        name: {"tokens_per_second": round(n_tokens / time_), "peak_mb": peak_mb[name]} for name, time_ in best.items()
    }
    facts = {"texts": len(texts), "tokens": n_tokens, "threads": torch.get_num_threads(), "results": rows}
    print(f"{len(texts)} texts, {n_tokens} tokens, {torch.get_num_threads()} threads")
    for name, row in rows.items():
        print(
            f"{name:14} {row['tokens_per_second']:8} tokens/s   peak memory of the process by then {row['peak_mb']} MB"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
