"""Which tricks help a small budget: short runs of a small model that differ in one setting each.

    python benchmarks/training_runs.py WORK --runs FOLDER [--tokens 1500000]

WORK is what `python -m detector.training prepare` filled. Prints a Markdown table of the loss on
held-out text at the end of each run, and writes the figures to FOLDER/training_runs.json. Runs
share data, order and seed; a run that was broken off goes on, a finished one is only read.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from detector.training.rows import CorpusRows
from detector.training.token_store import TokenStore
from detector.training.trainer import Trainer, TrainingConfig, build_model

BASE = TrainingConfig(
    width=192, layers=4, heads=3, mlp_width=512, tokens_per_step=4096, long_rows_from=1.0, warmup_steps=20
)
VARIANTS = {
    "Muon for matrices, linear decay over the last 45 %": {},
    "AdamW for everything": {"optimizer": "adamw"},
    "decay over the last 20 %": {"decay_share": 0.2},
    "decay over the last 70 %": {"decay_share": 0.7},
    "z-loss 1e-4": {"z_loss": 1e-4},
    "attention masked at document ends": {"mask_documents": True},
}


def main() -> None:
    """Train every variant and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=1_500_000)
    arguments = parser.parse_args()
    store = TokenStore.open(arguments.work)
    results = {}
    for number, (name, changes) in enumerate(VARIANTS.items()):
        config = replace(BASE, tokens=arguments.tokens, **changes)
        folder = arguments.runs / f"{number}"
        trainer = Trainer(config, build_model(config), CorpusRows(store, config), folder)
        trainer.run(report=lambda line: None)
        last = json.loads((folder / "log.jsonl").read_text().splitlines()[-1])
        results[name] = {"validation_loss_nats": last["validation_loss_nats"], "tokens": last["tokens"]}
        print(f"{name}: {last}", flush=True)
    reference = next(iter(results.values()))["validation_loss_nats"]
    print("\n| run | held-out loss (nats a token) | against the first |\n|---|---|---|")
    for name, result in results.items():
        loss = result["validation_loss_nats"]
        print(f"| {name} | {loss:.3f} | {loss - reference:+.3f} |")
    (arguments.runs / "training_runs.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
