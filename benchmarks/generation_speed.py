"""What the cache of keys and values saves: tokens drawn a second with and without it.

python benchmarks/generation_speed.py [--model FOLDER] [--tokens 128] [--batch 8]
"""

import argparse
import time

from detector import LanguageModel
from detector.generation import generate

PROMPT = "The old man walked slowly to the harbour, and the boats were gone."


def main() -> None:
    """Draw the same texts both ways and print the speeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="small")
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--batch", type=int, default=8)
    arguments = parser.parse_args()
    language_model = LanguageModel.load(arguments.model)
    generate(language_model, [PROMPT], max_tokens=4)  # the first call is slow
    print(f"{arguments.batch} texts of {arguments.tokens} tokens")
    drawn, seconds = [], []
    for use_cache in (True, False):
        started = time.perf_counter()
        texts = generate(language_model, [PROMPT] * arguments.batch, max_tokens=arguments.tokens, use_cache=use_cache)
        drawn.append(texts)
        seconds.append(time.perf_counter() - started)
        n = sum(len(text.token_ids) for text in texts)
        print(f"{'with' if use_cache else 'without'} cache: {n / seconds[-1]:.0f} tokens/s")
    same = sum(a.token_ids == b.token_ids for a, b in zip(*drawn, strict=True))
    print(f"{seconds[1] / seconds[0]:.1f} times as fast; {same} of {arguments.batch} texts the same token by token")


if __name__ == "__main__":
    main()
