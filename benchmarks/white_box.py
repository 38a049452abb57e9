"""How well each statistic tells a model's own samples from human text, and how decoding degenerates.

    python benchmarks/white_box.py CORPUS [--texts 300] [--tokens 200] [--perturbed 60] [--json FILE]

CORPUS is the folder the base model was trained from; prompts are the first 32 tokens of documents that are
reserved as human reference and were never trained on. For every prompt the model draws a continuation,
and the document's own continuation of the same length is the human text. Both are scored as texts of their
own, without the prompt. Prints Markdown tables: AUROC of every method for three ways of drawing, and the
share of repeated 4-grams for several decoding settings.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np

from detector import LanguageModel
from detector.documents.hashing import unit_hash
from detector.evaluation.every_method import every_method, in_direction
from detector.evaluation.metrics import auroc
from detector.generation import SamplingSettings, generate
from detector.methods import METHODS
from detector.training.corpus import read_documents

PROMPT_TOKENS = 32
DRAWN = {
    "T = 1": SamplingSettings(),
    "top-p 0.9": SamplingSettings(top_p=0.9),
    "top-k 40": SamplingSettings(top_k=40),
}
DECODING = {
    "greedy": SamplingSettings(greedy=True),
    "greedy, frequency 0.1 and presence 0.2": SamplingSettings(
        greedy=True, frequency_penalty=0.1, presence_penalty=0.2
    ),
    "T = 0.5": SamplingSettings(temperature=0.5),
    "top-k 40": SamplingSettings(top_k=40),
    "top-p 0.9": SamplingSettings(top_p=0.9),
    "top-p 0.9, frequency 0.05 and presence 0.1": SamplingSettings(
        top_p=0.9, frequency_penalty=0.05, presence_penalty=0.1
    ),
    "T = 1": SamplingSettings(),
}
_BATCH = 50


def prompts_and_endings(language_model: LanguageModel, corpus: Path, n: int, tokens: int) -> list[tuple[str, str]]:
    """Beginnings of reserved documents with their own continuations, spread over the genres by hash."""
    found: dict[str, list[tuple[float, str, str]]] = {}
    for document in read_documents(corpus):
        if document.split != "reference":
            continue
        text = " ".join(document.text[: 8 * (PROMPT_TOKENS + tokens)].split())
        ids, starts, _ = language_model.encoder.encode(text)
        if len(ids) > PROMPT_TOKENS + tokens:
            at, end = int(starts[PROMPT_TOKENS]), int(starts[PROMPT_TOKENS + tokens])
            key = unit_hash("white box:" + document.source + text[:50])
            found.setdefault(document.genre, []).append((key, text[:at].rstrip(), text[at:end].strip()))
    rounds = [sorted(texts) for texts in found.values()]
    picked = [texts[i] for i in range(max(map(len, rounds))) for texts in rounds if i < len(texts)]
    return [(prompt, ending) for _, prompt, ending in picked[:n]]


def drawn(language_model: LanguageModel, prompts: list[str], settings: SamplingSettings, tokens: int) -> list[str]:
    """Continuations of the prompts, whitespace collapsed; an early end of text is forbidden."""
    end = language_model.tokenizer.eos_token_id

    def endless(logits, _):  # type: ignore[no-untyped-def]
        if end is not None:
            logits[:, end] = -1e9
        return logits

    texts = []
    for i in range(0, len(prompts), _BATCH):
        some = generate(
            language_model, prompts[i : i + _BATCH], max_tokens=tokens, settings=settings, seed=i, adjust_logits=endless
        )
        texts += [" ".join(one.text.split()) for one in some]
    return texts


def method_auroc(name: str, human: list[float], machine: list[float]) -> float:
    """AUROC in the direction the literature expects; undefined values are left out."""
    left, right = (side[np.isfinite(side)] for side in (in_direction(name, human), in_direction(name, machine)))
    return auroc(left, right) if len(left) and len(right) else float("nan")


def level(values: dict[str, list[float]]) -> tuple[float, ...]:
    """Mean surprisal, entropy and Fast-DetectGPT: whether a text is as surprising as the model expects."""
    return tuple(
        sign * float(np.nanmean(values[name]))
        for name, sign in (("log_likelihood", -1), ("entropy", 1), ("fast_detect_gpt", 1))
    )


def repeated_4_grams(text: str) -> float:
    """Share of the word 4-grams that stand in the text more than once."""
    words = text.split()
    grams = Counter(tuple(words[i : i + 4]) for i in range(len(words) - 3))
    return sum(n for n in grams.values() if n > 1) / max(1, grams.total())


def main() -> None:
    """Draw, score, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--model", default="small")
    parser.add_argument("--texts", type=int, default=300)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--perturbed", type=int, default=60, help="texts for the perturbation methods")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    language_model = LanguageModel.load(arguments.model)
    pairs = prompts_and_endings(language_model, arguments.corpus, arguments.texts, arguments.tokens)
    prompts = [prompt for prompt, _ in pairs]
    human_texts = [ending for _, ending in pairs]
    varied = [i < arguments.perturbed for i in range(len(human_texts))]
    human = every_method(language_model, human_texts, varied)
    table: dict[str, dict[str, float]] = {name: {} for name in METHODS}
    levels = {"human text": level(human)}
    for title, settings in DRAWN.items():
        texts = drawn(language_model, prompts, settings, arguments.tokens)
        machine = every_method(language_model, texts, varied)
        levels[title] = level(machine)
        for name in METHODS:
            table[name][title] = method_auroc(name, human[name], machine[name])
    print(f"{len(pairs)} human and {len(pairs)} drawn texts of {arguments.tokens} tokens\n")
    print(f"| method | {' | '.join(DRAWN)} |\n|---|{'---|' * len(DRAWN)}")
    for name, row in sorted(table.items(), key=lambda item: -np.nan_to_num(item[1]["T = 1"])):
        print(f"| {name} | {' | '.join(f'{value:.3f}' for value in row.values())} |")
    print("\n| texts | surprisal (nats a token) | entropy (nats a token) | Fast-DetectGPT |\n|---|---|---|---|")
    for title, (surprisal, entropy, curvature) in levels.items():
        print(f"| {title} | {surprisal:.2f} | {entropy:.2f} | {curvature:+.2f} |")
    print("\n| decoding | repeated 4-grams |\n|---|---|")
    repeats = {"human text": float(np.mean([repeated_4_grams(text) for text in human_texts]))}
    for title, settings in DECODING.items():
        texts = drawn(language_model, prompts[:_BATCH], settings, arguments.tokens)
        repeats[title] = float(np.mean([repeated_4_grams(text) for text in texts]))
    for title, share in repeats.items():
        print(f"| {title} | {share:.1%} |")
    if arguments.json:
        arguments.json.write_text(json.dumps({"auroc": table, "repeated_4_grams": repeats}, indent=1) + "\n")


if __name__ == "__main__":
    main()
