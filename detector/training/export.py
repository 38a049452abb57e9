"""A finished run → the folder that is shipped: weights, tokenizer, token counts, model card."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from detector.errors import ModelError
from detector.models.language_model import DTYPES, LanguageModel
from detector.training.bits_per_byte import model_bits_per_byte, ngram_bits_per_byte, validation_texts
from detector.training.corpus import GENRE_SHARES, shard_paths
from detector.training.token_store import TokenStore, TrainingStream
from detector.training.trainer import TrainingConfig, build_model


def export_model(
    corpus: Path, work: Path, run: Path, out: Path, dtype: str, hardware: str, note: str, report: Callable[[str], None]
) -> None:
    """Write the model folder; raises ``ModelError`` when the run has no checkpoint."""
    checkpoint = run / "checkpoint"
    if not (checkpoint / "model.safetensors").is_file():
        raise ModelError(f"{run} holds no checkpoint; train first: python -m detector.training train --run {run}")
    config = TrainingConfig(**json.loads((run / "config.json").read_text()))
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
    ngram = ngram_bits_per_byte(corpus, texts)
    language_model = LanguageModel.load(out)
    stored = model_bits_per_byte(language_model, texts)
    exact = model_bits_per_byte(LanguageModel(_trained_model(config, checkpoint), language_model.tokenizer), texts)
    facts = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "tokens_seen": step * config.tokens_per_step,
        "steps": step,
        "dtype": dtype,
        "hardware": hardware,
        "note": note,
        "sha256": hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest(),
        "fingerprint_float32": language_model.fingerprint,
        "bits_per_byte": stored,
        "bits_per_byte_before_rounding": exact,
        "bits_per_byte_ngram": ngram,
        "validation_documents": {genre: len(found) for genre, found in texts.items()},
        "tokens_never_seen": int((counts == 0).sum()),
        "training": vars(config) | {"torch": torch.__version__},
    }
    (out / "training_facts.json").write_text(json.dumps(facts, indent=1) + "\n")
    (out / "README.md").write_text(model_card(facts, corpus))
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


def mean_bits_per_byte(by_genre: dict[str, float]) -> float:
    """Mean over the genres, weighted by their share of the training mixture."""
    shares = {genre: GENRE_SHARES.get(genre, 0.02) for genre in by_genre}
    return sum(by_genre[genre] * share for genre, share in shares.items()) / sum(shares.values())


def model_card(facts: dict, corpus: Path) -> str:
    """The card as Markdown, every figure taken from ``facts`` or counted from the corpus."""
    training = facts["training"]
    rows = [
        f"| {genre} | {facts['bits_per_byte'][genre]:.3f} | {facts['bits_per_byte_ngram'][genre]:.3f} "
        f"| {facts['validation_documents'][genre]} |"
        for genre in facts["bits_per_byte"]
    ]
    stored, exact, ngram = (
        mean_bits_per_byte(facts[name])
        for name in ("bits_per_byte", "bits_per_byte_before_rounding", "bits_per_byte_ngram")
    )
    mixture = ", ".join(f"{genre} {share:.0%}" for genre, share in GENRE_SHARES.items())
    return f"""# The embedded base model

A small causal language model of human English, trained by this project to judge texts with, not to
write them. It is a first model; see *Known weaknesses*.

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

## Held-out bits per byte

Beginnings (3,000 characters) of documents that no model of this project was trained on, whitespace
collapsed. The n-gram is a byte 5-gram with Witten-Bell smoothing, trained on 12 MB of the same mixture.

| genre | this model | byte 5-gram | documents |
|---|---|---|---|
{chr(10).join(rows)}
| mean by share of the mixture | {stored:.3f} | {ngram:.3f} | |

Storing the weights as {facts["dtype"]} costs {stored - exact:+.4f} bits per byte.

## Data

Human English written or published before December 2022, but for a few reference works, from
{len(shard_paths(corpus))} public collections; the list with licences is in `datasets/corpus_sources.md`. The texts are
not part of this project. Share of the training tokens: {mixture}.
Held out by hash of the work: 2 % for validation, 2 % as human reference for calibration.
In a quarter of the documents paragraph breaks are kept as single newlines; all other runs of
whitespace are single spaces.

## Recipe

Muon for matrices (learning rate {training["matrix_learning_rate"]}), AdamW for the rest ({training["other_learning_rate"]}), warm-up
{training["warmup_steps"]} steps, constant, linear decay to zero over the last {training["decay_share"]:.0%}; bfloat16 products, float32 weights;
rows of {training["short_row"]} tokens, of {training["context"]} for the last {1 - training["long_rows_from"]:.0%}; seed {training["seed"]}. The commands:

    python -m detector.training prepare CORPUS --work WORK
    python -m detector.training train --work WORK --run RUN --tokens {training["tokens"]}
    python -m detector.training export CORPUS --work WORK --run RUN --out detector/models/default

{facts["note"]}

`token_counts.json` is a list: how often the token of each id stood in the rows of training;
{facts["tokens_never_seen"]} of the {training["vocabulary"]:,} tokens were never seen.

## Known weaknesses

- It has seen little text: names, facts and rare words surprise it more than they would a large model.
- English only; no code, tables or formulae; fiction mostly before 1930, little modern news.
- Some sources are dialogues and transcripts with speakers' names, statutes, or templated answers.
"""
