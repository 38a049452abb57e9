"""Does a token cost the same in a long text as in a short one, in a large corpus as in a small one? And the memory.

    python benchmarks/growth.py [--model tiny] [--tokens 1000 10000 100000 1000000] [--texts 10 100 1000 10000 100000]
                                [--picture benchmarks/growth.png] [--json FILE]

Processor time of one thread, divided by tokens scored; every point is the least of as many runs as fit into a few
seconds, at most five. ``tiny`` is a small random Llama with the embedded model's tokenizer, so that what is measured
is the engine around the model and a million tokens take a minute; any other name is a model. Beyond its window a model
reads every token twice, once as context of the next (scoring/windows.py), so time a token doubles there, and then
stays; the line is drawn at the window. Memory is the peak of the process while it scores, less what it held before,
which was the weights and the libraries (Linux only).
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from speed import SAMPLES

_SECONDS = 4.0
_MOST_RUNS = 5


def words_without_end() -> list[str]:
    """The words of the samples."""
    return " ".join(path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt"))).split()


def text_of(language_model: Any, n_tokens: int) -> str:
    """A text of about so many tokens."""
    words = words_without_end()
    per_word = len(language_model.encoder.encode(" ".join(words))[0]) / len(words)
    wanted = round(n_tokens / per_word)
    return " ".join((words * (1 + wanted // len(words)))[:wanted])


def many_texts(n: int) -> Iterator[str]:
    """Texts of 20 to 59 words, made as they are asked for."""
    words = words_without_end()
    for i in range(n):
        start = i * 37 % len(words)
        yield " ".join((words[start:] + words)[: 20 + i * 7 % 40])


def tiny_model() -> Any:
    """Two layers, 64 wide, with random weights; a context of 1,024."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from detector import LanguageModel

    tokenizer = LanguageModel.load("small", device="cpu").tokenizer
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=16384, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=1024, tie_word_embeddings=True, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    return LanguageModel(LlamaForCausalLM(config), tokenizer, name="tiny, random weights")


def memory_mb(name: str) -> float:
    """``VmRSS``, what the process holds, or ``VmHWM``, the most it held since the last reset."""
    return int(Path("/proc/self/status").read_text().split(f"{name}:")[1].split()[0]) / 1024


def reset_peak() -> None:
    """From now on ``VmHWM`` is counted anew."""
    Path("/proc/self/clear_refs").write_text("5")


def least_seconds(language_model: Any, texts: Any) -> tuple[int, float]:
    """Tokens, and the least processor seconds of some runs over them; ``texts`` makes the texts."""
    from detector import score_texts

    n, best, begun, runs = 0, float("inf"), time.process_time(), 0
    while runs < _MOST_RUNS and (not runs or time.process_time() - begun < _SECONDS):
        start = time.process_time()
        n = sum(len(scores) for scores in score_texts(language_model, texts()))
        best, runs = min(best, time.process_time() - start), runs + 1
    return n, best


def draw(facts: dict[str, Any], path: Path) -> None:
    """Time a token by length of text and by size of corpus, and memory by length."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    one, many = facts["one_text"], facts["many_texts"]
    panels = [
        (one, "tokens", "microseconds_a_token", "tokens of one text", "microseconds a token"),
        (many, "texts", "microseconds_a_token", "texts of a corpus", "microseconds a token"),
        (one, "tokens", "peak_mb", "tokens of one text", "memory beyond the weights (MB)"),
    ]
    for axis, (rows, x, y, x_label, y_label) in zip(axes, panels, strict=True):
        axis.plot([row[x] for row in rows], [row[y] for row in rows], "o-", color="#2f5d8a")
        axis.set(xscale="log", xlabel=x_label, ylabel=y_label)
        axis.set_ylim(bottom=0)
        axis.spines[["top", "right"]].set_visible(False)
        if x == "tokens":
            axis.axvline(facts["window_tokens"], color="#999999", linestyle=":", linewidth=1)
    figure.suptitle(f"{facts['model']}, one thread; dotted: the model's window", fontsize=10)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--tokens", type=int, nargs="*", default=[1000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--texts", type=int, nargs="*", default=[10, 100, 1000, 10_000, 100_000])
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    import torch

    from detector import LanguageModel

    torch.set_num_threads(1)
    language_model = tiny_model() if arguments.model == "tiny" else LanguageModel.load(arguments.model, device="cpu")
    least_seconds(language_model, lambda: many_texts(5))
    weights_mb = memory_mb("VmRSS")
    facts: dict[str, Any] = {
        "model": language_model.name,
        "window_tokens": language_model.window_tokens,
        "one_text": [],
        "many_texts": [],
    }
    for wanted in arguments.tokens:
        text = text_of(language_model, wanted)
        reset_peak()
        n, seconds = least_seconds(language_model, lambda text=text: [text])
        row = {"tokens": n, "microseconds_a_token": 1e6 * seconds / n, "peak_mb": memory_mb("VmHWM") - weights_mb}
        facts["one_text"].append(row)
        print(f"one text of {n:9,} tokens: {row['microseconds_a_token']:8.1f} us a token, {row['peak_mb']:6.0f} MB")
    for wanted in arguments.texts:
        reset_peak()
        n, seconds = least_seconds(language_model, lambda wanted=wanted: many_texts(wanted))
        row = {"texts": wanted, "microseconds_a_token": 1e6 * seconds / n, "peak_mb": memory_mb("VmHWM") - weights_mb}
        facts["many_texts"].append(row)
        print(f"{wanted:9,} texts:             {row['microseconds_a_token']:8.1f} us a token, {row['peak_mb']:6.0f} MB")
    if arguments.json:
        arguments.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    if arguments.picture:
        draw(facts, arguments.picture)


if __name__ == "__main__":
    main()
