"""The card that lies beside a pair of voices."""

import json
from pathlib import Path

from detector.models.voices import VOICE_NAMES


def voices_card(folder: Path) -> str:
    """Markdown, every figure from the ``.json`` files in ``folder``; there must be at least one."""
    facts = {
        name: json.loads((folder / f"{name}.json").read_text())
        for name in VOICE_NAMES
        if (folder / f"{name}.json").is_file()
    }
    first = next(iter(facts.values()))
    tuning = first["tuning"]
    change = f"a change of rank {tuning['rank']} of every matrix and of the head" if tuning["rank"] else "all weights"
    rows = []
    for name, known in facts.items():
        megabytes = (folder / f"{name}.safetensors").stat().st_size / 1e6
        losses = f"{known['validation_loss_nats_base']:.3f} | {known['validation_loss_nats']:.3f}"
        rows.append(f"| {name} | {known['tokens_seen']:,} | {losses} | {megabytes:.1f} | `{known['sha256']}` |")
    domains = [
        f"| {domain} | " + " | ".join(f"{known['texts'][domain]:,}" for known in facts.values()) + " |"
        for domain in first["texts"]
    ]
    return f"""# The voices

The base model (fingerprint `{tuning["base_fingerprint"]}`) tuned further on texts that people wrote
and on texts that machines wrote, in the same domains and with the same number of tokens of each:
{change} and the norms, stored as bfloat16 and added to the base
when loaded. The ratio of their likelihoods asks who wrote a text, not what it is about.

| voice | tokens seen | loss of the base | loss of the voice | MB | sha256 |
|---|---|---|---|---|---|
{chr(10).join(rows)}

Losses are nats a token on texts of the same domains that the voice was not tuned on.

| domain | {" texts | ".join(facts)} texts |
|---|{"---|" * len(facts)}
{chr(10).join(domains)}

Which data sets a domain holds is in `datasets/detection_splits.json`, where they come from in
`datasets/detection_sources.md`; none of their texts is part of this project. The pairs of human and
machine text used here (half of all, by hash) neither fit, calibrate nor judge the verdict.

AdamW, learning rate {tuning["other_learning_rate"]}, rows of {tuning["row_length"]} tokens,
{tuning["tokens_per_step"]:,} tokens a step, linear decay over the last {tuning["decay_share"]:.0%}; every setting
is in the `.json` files. The command, once for each voice:

    python -m detector.training voice VOICE DETECTION --model MODEL \\
        --run RUN --out MODEL/voices --tokens {tuning["tokens"]}
"""
