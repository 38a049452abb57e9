"""How good the verdict and every published statistic are on the dev sets; prints the tables of docs/results.

    python benchmarks/quality.py [--model small] [--quick] [--table FILE] [--calibration FILE] [--all] [--json FILE]

Reads the feature table (numbers, no text) that comes with the source. AUROC and true-positive rate with
95 % bootstrap intervals; false alarms with exact ones. `word pairs` is the trivial detector that
everything must beat. `detect evaluate --shipped` shows the verdict by domain, generator, attack and length.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from detector.evaluation.every_method import in_direction
from detector.evaluation.feature_table import FeatureTable, shipped_dev_rows, shipped_table
from detector.evaluation.quality import Quality, score_quality, verdict_quality
from detector.verdict.classifier import Classifier
from detector.verdict.detector import DEFAULT_TARGET_FPR
from detector.verdict.shipped import calibration_for, calibration_path

BEFORE_CHAT = ("flan-t5-xxl", "text-davinci-003")
"""Generators of the dev sets that are older than, or no, chat models."""
PARAPHRASED = ("paraphrase", "adversarial_paraphrase", "SICO", "humanize")


def rows(classifier: Classifier, dev: FeatureTable, every: bool) -> Iterator[Quality]:
    """The verdict, the trivial detector, and each statistic; the last on each data set as well if ``every``."""
    dev = dev.rows(np.isin(dev.dataset, np.unique(dev.dataset[~dev.is_machine])))
    groupings = ("dataset", "all")
    yield from verdict_quality(classifier, dev, DEFAULT_TARGET_FPR, groupings)
    if np.isfinite(dev.yardstick).any():
        yield from score_quality("word pairs", dev.yardstick, dev, groupings)
    for i, name in enumerate(dev.method_names):
        if not np.isfinite(dev.methods[:, i]).any():  # a quick table holds none
            continue
        yield from score_quality(
            name, in_direction(name, dev.methods[:, i].tolist()), dev, groupings if every else ("all",)
        )


def goals(classifier: Classifier, dev: FeatureTable) -> Iterator[str]:
    """Chat models, attacks and false alarms on the larger human sets, in a line each."""
    found = list(
        verdict_quality(classifier, dev, DEFAULT_TARGET_FPR, ("generator", "attack", "dataset", "length", "all"))
    )
    n, auroc, tpr = chat_model_means(found)
    yield f"chat models ({n} generators, mean): AUROC {auroc:.3f}, TPR at 1 % FPR {tpr:.3f}"
    for row in found:
        if row.grouping == "attack" and any(part in row.group for part in PARAPHRASED):
            yield f"attack {row.group}: AUROC {row.auroc}, TPR at 1 % FPR {row.tpr_at_1} ({row.n_machine} texts)"
    for row in found:
        if row.grouping in ("dataset", "length", "all"):
            yield f"false alarms at {DEFAULT_TARGET_FPR:g}, {row.group}: {row.false_alarms}"


def chat_model_means(found: Iterable[Quality]) -> tuple[int, float, float]:
    """How many chat models are among the generators, and the means of their AUROC and TPR at 1 % FPR."""
    chat = [
        row
        for row in found
        if row.grouping == "generator" and row.group not in BEFORE_CHAT and "paraphrased" not in row.group
    ]
    auroc, tpr = (float(np.mean([getattr(row, name).value for row in chat])) for name in ("auroc", "tpr_at_1"))
    return len(chat), auroc, tpr


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default", help="whose shipped calibration and table")
    parser.add_argument("--quick", action="store_true", help="the quick calibration of the model and its table")
    parser.add_argument("--table", type=Path)
    parser.add_argument("--calibration", type=Path)
    parser.add_argument("--all", action="store_true", help="each statistic on each data set, not only in all")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    shipped = calibration_path(arguments.model, quick=True) if arguments.quick else calibration_for(arguments.model)
    classifier = Classifier.load(arguments.calibration or shipped)
    table = shipped_table(f"{classifier.model_name}_quick") if arguments.quick else None
    dev = shipped_dev_rows(classifier, arguments.table or table)
    found = list(rows(classifier, dev, arguments.all))
    print(f"{'detector':26} {'data set':24} human machine  {'AUROC':20} {'TPR at 1 % FPR':20} TPR at 5 % FPR")
    for row in found:
        print(
            f"{row.detector:26} {row.group:24} {row.n_human:5} {row.n_machine:7}  {row.auroc!s:20} "
            f"{row.tpr_at_1!s:20} {row.tpr_at_5}"
        )
    print("\nverdicts on human texts: machine or mixed, human; on machine texts: machine or mixed, human")
    for row in found:
        if row.detector == "verdict":
            shares = (row.false_alarms, row.recognised, row.detected, row.passing)
            print(f"{row.group:24} " + "  ".join(f"{rate.share:.3f}" for rate in shares if rate))
    print()
    for line in goals(classifier, dev):
        print(line)
    if arguments.json:
        arguments.json.write_text(json.dumps([row.to_dict() for row in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
