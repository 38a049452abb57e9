"""Whom the verdict accuses wrongly: human texts by every group there is, and sources that it has never seen.

    python benchmarks/false_alarms.py [--model smollm2] [--target-fpr 0.01]

Reads the feature table (numbers, no text) that comes with the source. First the human references behind the promise,
by where they come from and length. Then the dev sets, which took no part in fitting or calibrating: false alarms with
exact 95 % intervals by data set, length, kind of text, learner or native writer of English, and quartile of formality
(how machine-like human texts of the kind are). Last, each source of references left out whole: the calibration is made
without it and asked about it, as for a register that nobody thought of.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from detector.evaluation.metrics import Rate
from detector.evaluation.quality import verdicts_of
from detector.training.classifier_fit import calibrate
from detector.training.feature_table import FeatureTable, shipped_table
from detector.verdict.classifier import LENGTH_LIMITS, Classifier
from detector.verdict.shipped import calibration_for

LEARNERS = ("rexshijaku.essays",)
"""Dev sets whose human writers learn English."""
FEWEST = 20
Mask = np.ndarray


def sources(table: FeatureTable) -> np.ndarray:
    """Where each row comes from: a data set, or a genre of the corpus."""
    return np.where(table.dataset == "corpus", np.char.add("corpus: ", table.domain), table.dataset)


def lengths(table: FeatureTable) -> np.ndarray:
    """Index of each row's length bucket."""
    return np.searchsorted(LENGTH_LIMITS, table.n_tokens, side="right") - 1


def accused(classifier: Classifier, table: FeatureTable, target_fpr: float) -> Mask:
    """Whether each row is called machine or mixed."""
    return np.isin(verdicts_of(classifier, table, target_fpr), ("machine", "mixed"))


def groups(classifier: Classifier, dev: FeatureTable) -> Iterator[tuple[str, Mask]]:
    """Named groups of human dev texts; whole texts, but for the grouping by length."""
    whole = dev.is_whole
    yield "all", whole
    for name in np.unique(dev.dataset):
        yield f"set {name}", whole & (dev.dataset == name)
    for i, least in enumerate(LENGTH_LIMITS):
        yield f"from {least} tokens", lengths(dev) == i
    learner = np.isin(dev.dataset, LEARNERS)
    yield "learners of English", whole & learner
    yield "others", whole & ~learner
    if classifier.register is not None:
        kinds = classifier.register.kinds(dev.features)
        for kind in np.unique(kinds):
            yield f"kind {kind + 1}", whole & (kinds == kind)
        formality = classifier.register.expected(dev.features)
        quartile = np.searchsorted(np.quantile(formality[whole], [0.25, 0.5, 0.75]), formality)
        for i, name in enumerate(("least", "less", "more", "most")):
            yield f"{name} formal quarter", whole & (quartile == i)


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default")
    parser.add_argument("--target-fpr", type=float, default=0.01)
    arguments = parser.parse_args()
    classifier = Classifier.load(calibration_for(arguments.model))
    table = FeatureTable.load(shipped_table(classifier.model_name))
    references = table.rows(table.role == "calibrate")
    human = references.rows(~references.is_machine)
    names = [f"{least}+" for least in LENGTH_LIMITS]
    print("| human references | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for source in np.unique(sources(human)):
        inside = sources(human) == source
        counts = [int((inside & (lengths(human) == i)).sum()) for i in range(len(names))]
        print(f"| {source} | " + " | ".join(map(str, counts)) + " |")
    totals = np.bincount(lengths(human), minlength=len(names))
    print("| all | " + " | ".join(map(str, totals.tolist())) + " |")

    dev = table.rows((table.role == "dev") & ~table.is_machine)
    flags = accused(classifier, dev, arguments.target_fpr)
    print(f"\n| human texts that only judge | false alarms at {arguments.target_fpr:g} |\n|---|---|")
    for name, rows in groups(classifier, dev):
        if rows.sum() >= FEWEST:
            print(f"| {name} | {Rate(int(flags[rows].sum()), int(rows.sum()))} |")

    print(f"\n| source left out of the calibration | false alarms at {arguments.target_fpr:g} |\n|---|---|")
    bare = replace(classifier, register=None, raw_models=None, kinds=[])
    shares = []
    for source in np.unique(sources(human)):
        asked = human.rows((sources(human) == source) & human.is_whole)
        if len(asked.n_tokens) < FEWEST:
            continue
        without = calibrate(bare, references.rows((sources(references) != source) | references.is_machine))
        alarms = accused(without, asked, arguments.target_fpr)
        shares.append(alarms.mean())
        print(f"| {source} | {Rate(int(alarms.sum()), len(alarms))} |")
    print(f"\nmedian {np.median(shares):.3f}, worst {max(shares):.3f} of {len(shares)} sources")


if __name__ == "__main__":
    main()
