"""A finished run → the folder that is shipped: weights, tokenizer, token counts, model card."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from detector.errors import ModelError, UsageError
from detector.models.language_model import LanguageModel
from detector.models.number_formats import DTYPES
from detector.training.bits_per_byte import (
    BYTE_ORDER,
    TOKEN_ORDER,
    byte_ngram_bits_per_byte,
    model_bits_per_byte,
    token_ngram_bits_per_byte,
    validation_texts,
)
from detector.training.corpus import GENRE_SHARES
from detector.training.loss_curve import draw_loss_curve
from detector.training.token_store import TokenStore, TrainingStream
from detector.training.trainer import TrainingConfig, build_model


def export_model(
    corpus: Path,
    work: Path,
    run: Path,
    out: Path,
    dtype: str,
    hardware: str,
    about: str,
    report: Callable[[str], None],
) -> None:
    """Write the model folder; ``about`` is Markdown for the card: data, weaknesses, what else is to know.

    Raises ``ModelError`` when the run has no checkpoint.
    """
    checkpoint = run / "checkpoint"
    if not (checkpoint / "model.safetensors").is_file():
        raise ModelError(f"{run} holds no checkpoint; train first: python -m detector.training train --run {run}")
    if dtype not in DTYPES:
        raise UsageError(f"Unknown dtype {dtype!r}. Allowed: {', '.join(DTYPES)}.")
    try:
        config = TrainingConfig(**json.loads((run / "config.json").read_text()))
    except (TypeError, ValueError) as error:
        raise ModelError(f"{run} is not the run of a base model: {error}.") from error
    step = json.loads((checkpoint / "step.json").read_text())["step"]
    model = _trained_model(config, checkpoint)
    out.mkdir(parents=True, exist_ok=True)
    model.to(DTYPES[dtype]).save_pretrained(out)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(work / "tokenizer" / name, out / name)
    store = TokenStore.open(work)
    counts = seen_tokens(store, config, step)
    (out / "token_counts.json").write_text(json.dumps(counts.tolist()) + "\n")
    report("measuring bits per byte")
    texts = validation_texts(corpus)
    language_model = LanguageModel.load(out, dtype="float32")
    by_bytes = byte_ngram_bits_per_byte(corpus, texts)
    by_tokens = token_ngram_bits_per_byte(corpus, language_model, texts)
    stored = model_bits_per_byte(language_model, texts)
    exact = model_bits_per_byte(LanguageModel(_trained_model(config, checkpoint), language_model.tokenizer), texts)
    facts = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "tokens_seen": step * config.tokens_per_step,
        "steps": step,
        "dtype": dtype,
        "hardware": hardware,
        "sha256": hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest(),
        "fingerprint_float32": language_model.fingerprint,
        "bits_per_byte": stored,
        "bits_per_byte_before_rounding": exact,
        "bits_per_byte_byte_ngram": by_bytes,
        "bits_per_byte_token_ngram": by_tokens,
        "validation_documents": {genre: len(found) for genre, found in texts.items()},
        "tokens_by_count": count_histogram(counts),
        "training": vars(config) | {"torch": torch.__version__},
    }
    (out / "training_facts.json").write_text(json.dumps(facts, indent=1) + "\n")
    draw_loss_curve(run / "log.jsonl", step, out / "loss_curve.png")
    (out / "README.md").write_text(model_card(facts, about))
    report((out / "README.md").read_text())


def _trained_model(config: TrainingConfig, checkpoint: Path) -> LlamaForCausalLM:
    model = build_model(config)
    missing, unexpected = model.load_state_dict(load_file(checkpoint / "model.safetensors"), strict=False)
    if unexpected or set(missing) - {"lm_head.weight"}:  # tied to the embeddings, so stored once
        raise ModelError(f"The checkpoint {checkpoint} is not of this configuration: {[*missing, *unexpected]}.")
    model.tie_weights()
    model.config.use_cache = True
    return model


def seen_tokens(store: TokenStore, config: TrainingConfig, steps: int) -> np.ndarray:
    """How often each token stood in the rows of the first ``steps`` steps, int64 (vocabulary,)."""
    stream = TrainingStream(store, config.stream_tokens, config.context, config.seed)
    counts = np.zeros(config.vocabulary, dtype=np.int64)
    for index in range(steps * (config.tokens_per_step // config.context)):
        counts += np.bincount(stream.row(index)[1:], minlength=config.vocabulary)
    return counts


def count_histogram(counts: np.ndarray) -> dict[str, int]:
    """How many tokens were seen how often, by powers of ten."""
    limits = [0, 1, 10, 100, 1_000, 10_000, 100_000, np.inf]
    names = ["never", "1 to 9", "10 to 99", "100 to 999", "1,000 to 9,999", "10,000 to 99,999", "100,000 and more"]
    return {
        name: int(((counts >= low) & (counts < high)).sum())
        for name, low, high in zip(names, limits[:-1], limits[1:], strict=True)
    }


def mean_bits_per_byte(by_genre: dict[str, float]) -> float:
    """Mean over the genres, weighted by their share of the training mixture."""
    shares = {genre: GENRE_SHARES.get(genre, 0.02) for genre in by_genre}
    return sum(by_genre[genre] * share for genre, share in shares.items()) / sum(shares.values())


def model_card(facts: dict[str, Any], about: str) -> str:
    """The card as Markdown, every figure taken from ``facts``."""
    training = facts["training"]
    columns = ("bits_per_byte", "bits_per_byte_token_ngram", "bits_per_byte_byte_ngram")
    rows = [
        f"| {genre} | {' | '.join(f'{facts[name][genre]:.3f}' for name in columns)} "
        f"| {facts['validation_documents'][genre]} |"
        for genre in facts["bits_per_byte"]
    ]
    means = " | ".join(f"{mean_bits_per_byte(facts[name]):.3f}" for name in columns)
    cost = mean_bits_per_byte(facts["bits_per_byte"]) - mean_bits_per_byte(facts["bits_per_byte_before_rounding"])
    shares = {genre: GENRE_SHARES.get(genre, 0.02) for genre in facts["bits_per_byte"]}
    mixture = ", ".join(f"{genre} {share / sum(shares.values()):.0%}" for genre, share in shares.items())
    histogram = [f"| {name} | {number:,} |" for name, number in facts["tokens_by_count"].items()]
    optimiser = (
        f"Muon for matrices (learning rate {training['matrix_learning_rate']}), AdamW for the rest "
        f"({training['other_learning_rate']})"
        if training["optimizer"] == "muon"
        else f"AdamW (learning rate {training['other_learning_rate']})"
    )
    return f"""# A base language model

| | |
|---|---|
| architecture | Llama, {training["layers"]} layers, width {training["width"]}, {training["heads"]} heads, tied embeddings |
| parameters | {facts["parameters"]:,} |
| context | {training["context"]} tokens |
| tokenizer | byte-level BPE, {training["vocabulary"]:,} entries, single digits, no normalisation |
| tokens seen | {facts["tokens_seen"]:,} in {facts["steps"]:,} steps of {training["tokens_per_step"]:,} |
| hardware | {facts["hardware"]} |
| stored as | {facts["dtype"]}; loaded as float32 unless asked otherwise |
| sha256 of model.safetensors | `{facts["sha256"]}` |
| fingerprint as loaded in float32 | `{facts["fingerprint_float32"]}` |

{about.strip()}

## Held-out bits per byte

Beginnings (3,000 characters) of documents that no model of this project was trained on, whitespace
collapsed. The n-grams, of {TOKEN_ORDER} of this model's tokens and of {BYTE_ORDER} bytes, have Witten-Bell smoothing and
were trained on 30 and 12 MB of the same mixture.

| genre | this model | token {TOKEN_ORDER}-gram | byte {BYTE_ORDER}-gram | documents |
|---|---|---|---|---|
{chr(10).join(rows)}
| mean by share of the mixture | {means} | |

Storing the weights as {facts["dtype"]} costs {cost:+.4f} bits per byte.

![loss during training](loss_curve.png)

## Recipe

Share of the training tokens: {mixture}. Held out by hash of the work: 2 % for validation,
2 % as human reference for calibration. In a quarter of the documents paragraph breaks are kept as
single newlines; all other runs of whitespace are single spaces.

{optimiser}, warm-up {training["warmup_steps"]} steps,
constant, linear decay to zero over the last {training["decay_share"]:.0%}; bfloat16 products, float32 weights; rows of
{training["short_row"]} tokens, of {training["context"]} for the last {1 - training["long_rows_from"]:.0%}; every setting is in `training_facts.json`. The commands:

    python -m detector.training prepare CORPUS --work WORK
    python -m detector.training train --work WORK --run RUN --tokens {training["tokens"]}
    python -m detector.training export CORPUS --work WORK --run RUN --out MODEL

## What it has seen of its tokens

`token_counts.json` is a list: how often the token of each id stood in the rows of training.

| seen | tokens |
|---|---|
{chr(10).join(histogram)}
"""
