"""The engine against published ways of scoring, and against the machine.

    python benchmarks/speed.py [--models smollm2 small gpt2] [--lengths 50 300 2000 mix] [--dtype float32]
                               [--words 2400] [--rounds 3] [--device cpu] [--threads N] [--json FILE]
    python benchmarks/speed.py --commands [--rounds 3]

``score_texts`` with every statistic, and the probe where one is shipped, against four ways on the same weights, texts
and number format, one text at a time as their authors' code does (published_ways.py). All run in turn, round after
round, in one process; a ratio is the median over the rounds of that way's time over ours in the same round, so that
whatever else the machine does weighs on both. ``gpt2`` is GPT-2 small's configuration with random weights. Texts are
turned out of the samples: of so many words, or a mix of 40 to 2,000 words as texts come (half below 250).
A way that cuts a text at the model's context is counted by the tokens it scored.

Beside it the machine: floating-point operations of a square matrix product in that format, bytes copied, and the share
of the first that the scoring reached, everything else included. Its operations are what the model needs: two for each
weight of a matrix and token, and of attention the half that is not masked. Processor time stands beside the clock:
with one thread its ratios hold on a busy machine too.

``--commands`` times the commands a person waits for: ``detect --help``, ``detect essay.txt``, and a bare script that
imports torch and transformers, loads the same weights and scores the text once.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "datasets" / "samples"
OURS = "score_texts"
BARE_SCRIPT = """
import sys, torch
from transformers import AutoTokenizer, LlamaForCausalLM
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = LlamaForCausalLM.from_pretrained(sys.argv[1], dtype=sys.argv[2])
ids = tokenizer(open(sys.argv[3], encoding="utf-8").read(), return_tensors="pt").input_ids
with torch.inference_mode():
    print(model(input_ids=ids).logits.log_softmax(-1).gather(2, ids[:, 1:, None]).mean().item())
"""


def make_texts(length: str, words_in_all: int) -> list[str]:
    """Texts of ``length`` words, or a mix, of about ``words_in_all`` together; each begins at another word."""
    words = " ".join(path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt"))).split()
    if length == "mix":
        drawn = np.random.default_rng(7).lognormal(np.log(250), 0.9, words_in_all // 40)
        lengths = np.clip(drawn, 40, 2000).astype(int)
        lengths = lengths[: max(1, int((lengths.cumsum() <= words_in_all).sum()))].tolist()
    else:
        lengths = [int(length)] * max(1, words_in_all // int(length))
    return [" ".join((words[i * 37 % len(words) :] + words * 8)[:n]) for i, n in enumerate(lengths)]


class Clock:
    """Wall and processor seconds of what is done within it."""

    def __init__(self, device: Any) -> None:
        self._device = device

    def __enter__(self) -> "Clock":
        self._wait()
        self.wall, self.cpu = -time.perf_counter(), -time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self._wait()
        self.wall += time.perf_counter()
        self.cpu += time.process_time()

    def _wait(self) -> None:
        if self._device.type == "cuda":
            import torch

            torch.cuda.synchronize()


def load(name: str, device: str, dtype: str) -> tuple[Any, Any]:
    """A language model and its shipped probe, or None."""
    import torch

    from detector import LanguageModel
    from detector.verdict.shipped import shipped_probe

    if name != "gpt2":
        language_model = LanguageModel.load(name, device=device, dtype=dtype)
        probe = shipped_probe(language_model.fingerprint)
        return language_model, probe.probe if probe else None
    from transformers import GPT2Config, GPT2LMHeadModel

    from detector.models.loading import resolve_device, resolve_dtype

    torch.manual_seed(0)
    target = torch.device(resolve_device(device))
    model = GPT2LMHeadModel(GPT2Config()).to(target, getattr(torch, resolve_dtype(dtype, target)))
    tokenizer = LanguageModel.load("small", device="cpu").tokenizer
    return LanguageModel(model, tokenizer, name="gpt2, random weights"), None


def operations(language_model: Any, lengths: list[int]) -> float:
    """Floating-point operations that texts of so many tokens need, each read in one piece."""
    model, config = language_model.model, language_model.model.config
    embeddings = {id(part.weight) for part in model.modules() if type(part).__name__ == "Embedding"}
    matrices = sum(p.numel() for p in model.parameters() if p.ndim == 2 and id(p) not in embeddings)
    matrices += language_model.vocabulary_size * language_model.hidden_size * int(config.tie_word_embeddings)
    heads = config.num_attention_heads * getattr(config, "head_dim", config.hidden_size // config.num_attention_heads)
    attention = config.num_hidden_layers * 4 * heads * sum(n * (n + 1) / 2 for n in lengths)
    return 2.0 * matrices * sum(lengths) + attention


def machine_rates(device: Any, dtype: Any) -> tuple[float, float]:
    """Operations a second of a matrix product, and bytes a second read and written by a copy."""
    import torch

    size, times = (8192, 20) if device.type == "cuda" else (1536, 3)
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    torch.mm(left, right)
    with Clock(device) as product:
        for _ in range(times):
            torch.mm(left, right)
    block = torch.zeros(1 << 26, device=device)  # 256 MB, beyond any cache
    other = torch.empty_like(block).copy_(block)
    with Clock(device) as copy:
        other.copy_(block)
    if device.type == "cpu" and torch.get_num_threads() == 1:
        return 2 * size**3 * times / product.cpu, 2 * block.nbytes / copy.cpu
    return 2 * size**3 * times / product.wall, 2 * block.nbytes / copy.wall


def measure(language_model: Any, probe: Any, texts: list[str], rounds: int) -> dict[str, Any]:
    """All ways in turn, ``rounds`` times after one that is not counted."""
    import torch
    from published_ways import WAYS

    from detector import score_texts

    device, context = language_model.device, language_model.context_tokens
    prefix = [] if language_model.prefix_id is None else [language_model.prefix_id]
    ids = [prefix + language_model.encoder.encode(text)[0].tolist() for text in texts]
    cut = [torch.tensor(text[:context])[None].to(device) for text in ids]

    def published(way: Callable[[Any, Any], Any]) -> Callable[[], int]:
        def run() -> int:
            with torch.inference_mode():
                for text in cut:
                    way(language_model.model, text)
            return sum(text.shape[1] - 1 for text in cut)

        return run

    def ours() -> int:
        return sum(len(scores) for scores in score_texts(language_model, texts, probe=probe))

    ways: dict[str, Callable[[], int]] = {OURS: ours} | {name: published(way) for name, way in WAYS.items()}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}  # a token: wall, processor
    rates = []
    for number in range(rounds + 1):
        for name, run in ways.items():
            with Clock(device) as clock:
                n = run()
            if number:
                seconds[name].append((clock.wall / n, clock.cpu / n))
        rates.append(machine_rates(device, language_model.model.dtype))
    matrix_rate, copy_rate = (statistics.median(column) for column in zip(*rates, strict=True))
    n_tokens = sum(len(text) - 1 for text in ids)
    single = device.type == "cpu" and torch.get_num_threads() == 1
    own = statistics.median(pair[int(single)] for pair in seconds[OURS])
    reached = operations(language_model, [len(text) for text in ids]) / (own * n_tokens)
    return {
        "texts": len(texts),
        "tokens": n_tokens,
        "matrix_rate_flops": matrix_rate,
        "copy_bytes_per_second": copy_rate,
        "share_of_matrix_rate": reached / matrix_rate,
        "ways": {
            name: {
                "tokens_per_second": 1 / statistics.median(wall for wall, _ in pairs),
                "tokens_per_cpu_second": 1 / statistics.median(cpu for _, cpu in pairs),
                "times_ours": statistics.median(
                    wall / own_wall for (wall, _), (own_wall, _) in zip(pairs, seconds[OURS], strict=True)
                ),
                "times_ours_cpu": statistics.median(
                    cpu / own_cpu for (_, cpu), (_, own_cpu) in zip(pairs, seconds[OURS], strict=True)
                ),
            }
            for name, pairs in seconds.items()
        },
    }


def print_row(name: str, length: str, row: dict[str, Any]) -> None:
    """A small table."""
    print(
        f"\n{name}, {length} words: {row['texts']} texts, {row['tokens']} tokens; machine "
        f"{row['matrix_rate_flops'] / 1e9:.0f} GFLOP/s, {row['copy_bytes_per_second'] / 1e9:.1f} GB/s copied; "
        f"{OURS} reaches {row['share_of_matrix_rate']:.0%} of the first"
    )
    print(f"{'':20}{'tokens/s':>10}{'a CPU second':>14}{'time, ours = 1':>16}{'CPU time':>10}")
    for way, facts in row["ways"].items():
        print(
            f"{way:20}{facts['tokens_per_second']:10.0f}{facts['tokens_per_cpu_second']:14.0f}"
            f"{facts['times_ours']:16.2f}{facts['times_ours_cpu']:10.2f}",
            flush=True,
        )


def time_commands(rounds: int) -> dict[str, Any]:
    """Wall and processor seconds of each command, in turn; the first round fills caches and is not counted."""
    import os

    from detector.models.loading import local_place, resolve_device, resolve_dtype

    words = " ".join(path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt"))).split() * 3
    import torch

    dtype = resolve_dtype("auto", torch.device(resolve_device("cpu")))
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        essay = Path(folder) / "essay.txt"
        essay.write_text(" ".join(words[:500]), encoding="utf-8")
        cli = [sys.executable, str(ROOT / "cli.py")]
        commands = {
            "detect --help": [*cli, "--help"],
            "detect essay.txt": [*cli, str(essay), "--model", "smollm2", "--device", "cpu"],
            "bare script": [sys.executable, "-c", BARE_SCRIPT, str(local_place("smollm2")), dtype, str(essay)],
        }
        for number in range(rounds + 1):
            for name, command in commands.items():
                start, before = time.perf_counter(), os.times()
                subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - these very programs
                after = os.times()
                cpu = sum(after[2:4]) - sum(before[2:4])
                if number:
                    found.setdefault(name, []).append((time.perf_counter() - start, cpu))
    rows = {
        name: {
            "seconds": statistics.median(wall for wall, _ in pairs),
            "cpu_seconds": statistics.median(cpu for _, cpu in pairs),
        }
        for name, pairs in found.items()
    }
    for name, row in rows.items():
        print(f"{name:20}{row['seconds']:8.2f} s{row['cpu_seconds']:8.2f} s of processor time")
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["smollm2", "small", "gpt2"])
    parser.add_argument("--lengths", nargs="+", default=["50", "300", "2000", "mix"])
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--words", type=int, default=2400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--commands", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    import torch

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    facts: dict[str, Any] = {
        "processor": platform.processor() or platform.machine(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "rows": [],
    }
    print(f"{facts['threads']} threads, {facts['instructions']}, torch {facts['torch']}")
    if arguments.commands:
        facts["commands"] = time_commands(arguments.rounds)
    for name in [] if arguments.commands else arguments.models:
        language_model, probe = load(name, arguments.device, arguments.dtype)
        for length in arguments.lengths:
            row = measure(language_model, probe, make_texts(length, arguments.words), arguments.rounds)
            about = {"model": language_model.name, "dtype": language_model.dtype, "words": length}
            facts["rows"].append(about | {"device": str(language_model.device)} | row)
            print_row(f"{language_model.name} in {language_model.dtype}", length, row)
    if arguments.json:
        arguments.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
